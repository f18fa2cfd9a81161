#include "text/tokenizer_agreement.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {

void expect_same_vocabulary(const TokenizerSpec& spec, const std::vector<VocabularyEntry>& found,
                            const std::string& file) {
  std::unordered_map<std::string_view, TokenId> expected;
  expected.reserve(spec.vocabulary.size());
  std::unordered_set<std::string_view> added;
  for (const AddedTokenEntry& entry : spec.added_tokens) {
    added.insert(entry.token.content);
    expected.emplace(entry.token.content, entry.id.value());
  }
  for (const VocabularyEntry& entry : spec.vocabulary) expected.emplace(entry.token, entry.id);
  std::size_t num_missing = expected.size() - added.size();
  for (const VocabularyEntry& entry : found) {
    const auto place = expected.find(entry.token);
    if (place == expected.end() || place->second != entry.id) {
      throw ModelError(
          file, "expected the vocabulary of " + spec.file + ", found " + in_quotes(entry.token) +
                    " with id " + std::to_string(entry.id) + ", which has " +
                    (place == expected.end() ? "none" : "id " + std::to_string(place->second)) +
                    " there; remove the one that does not belong to the model");
    }
    if (added.count(entry.token) == 0) --num_missing;
  }
  if (num_missing > 0) {
    throw ModelError(file, "expected the vocabulary of " + spec.file + ", found " +
                               std::to_string(num_missing) +
                               " tokens missing; remove the one that does not belong to the model");
  }
}

void expect_same_merges(const MergeList& expected, const MergeList& found) {
  const std::size_t num_common = std::min(expected.rules.size(), found.rules.size());
  for (std::size_t i = 0; i < num_common; ++i) {
    const MergeRule& a = expected.rules[i];
    const MergeRule& b = found.rules[i];
    if (a.left == b.left && a.right == b.right) continue;
    throw ModelError(found.file, found.place + " " + std::to_string(found.first + i) +
                                     ": expected \"" + printable(a.left + " " + a.right) +
                                     "\" as in " + expected.file + ", found \"" +
                                     printable(b.left + " " + b.right) + '"');
  }
  if (expected.rules.size() != found.rules.size()) {
    throw ModelError(found.file, "expected " + std::to_string(expected.rules.size()) +
                                     " merges as in " + expected.file + ", found " +
                                     std::to_string(found.rules.size()));
  }
}

}  // namespace bbprompt
