#include "bbprompt/prompt/candidate_vocabulary.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

bool is_whole_word(std::string_view token_text) {
  const auto size = static_cast<std::int32_t>(token_text.size());
  int num_letters = 0;
  for (std::int32_t at = 0; at < size;) {
    UChar32 character = 0;
    U8_NEXT(token_text.data(), at, size, character);
    if (character < 0 || u_isalpha(character) == 0) return false;
    ++num_letters;
  }
  return num_letters >= 2;
}

// The letters of a token that starts a word in running text; empty for any other token.
std::string word_of(const Tokenizer& tokenizer, TokenId id) {
  const std::string& spelled = tokenizer.token(id);
  if (spelled.starts_with("##")) return {};
  std::string text = tokenizer.decode(std::span(&id, 1));
  const bool marks_word_start = tokenizer.find_token("\xc4\xa0the").has_value();  // "Ġthe"
  if (marks_word_start) {
    if (!text.starts_with(' ')) return {};
    text.erase(0, 1);
  }
  return is_whole_word(text) ? text : std::string{};
}

std::vector<TokenId> listed_words(const std::vector<std::string>& words,
                                  const Tokenizer& tokenizer) {
  std::vector<TokenId> ids;
  for (const auto& word : words) {
    const auto encoding = tokenizer.encode(" " + word);
    if (encoding.ids.size() != 1 || encoding.ids[0] == tokenizer.special_tokens().unknown) {
      throw Error("candidate word \"" + printable(word) + "\" is " +
                  std::to_string(encoding.ids.size()) +
                  " tokens of this model; expected words of one known token");
    }
    if (std::find(ids.begin(), ids.end(), encoding.ids[0]) == ids.end())
      ids.push_back(encoding.ids[0]);
  }
  return ids;
}

std::vector<TokenId> frequent_words(std::size_t num_candidates, const Tokenizer& tokenizer,
                                    std::span<const std::string_view> texts) {
  std::vector<std::int64_t> counts(tokenizer.vocabulary_size(), 0);
  for (const auto text : texts) {
    for (const TokenId id : tokenizer.encode(text).ids) ++counts[static_cast<std::size_t>(id)];
  }
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (counts[i] > 0 && !word_of(tokenizer, id).empty()) ids.push_back(id);
  }
  std::stable_sort(ids.begin(), ids.end(), [&](TokenId a, TokenId b) {
    return counts[static_cast<std::size_t>(a)] > counts[static_cast<std::size_t>(b)];
  });
  ids.resize(std::min(ids.size(), num_candidates));
  return ids;
}

}  // namespace

CandidateVocabulary make_candidate_vocabulary(const DiscretePromptOptions& options,
                                              const Tokenizer& tokenizer,
                                              std::span<const std::string_view> texts) {
  CandidateVocabulary vocabulary;
  if (!options.words.empty()) {
    vocabulary.ids = listed_words(options.words, tokenizer);
  } else {
    const auto asked = static_cast<std::size_t>(options.num_candidates);
    vocabulary.ids = frequent_words(asked, tokenizer, texts);
    if (vocabulary.ids.size() < asked) {
      vocabulary.notes.push_back("candidate vocabulary: " + std::to_string(asked) +
                                 " words asked, the training text has " +
                                 std::to_string(vocabulary.ids.size()));
    }
  }
  if (vocabulary.ids.size() < 2) {
    throw Error("expected at least 2 candidate words for a discrete prompt, found " +
                std::to_string(vocabulary.ids.size()) + "; give prompt.discrete.words");
  }
  return vocabulary;
}

}  // namespace bbprompt
