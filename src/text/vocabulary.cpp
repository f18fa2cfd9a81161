#include "text/vocabulary.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {

std::string in_quotes(std::string_view token) { return '"' + printable(token) + '"'; }
Vocabulary::Vocabulary(std::vector<VocabularyEntry> entries, const std::string& file,
                       std::size_t model_vocabulary_size) {
  const std::size_t num_entries = entries.size();
  if (num_entries == 0) throw ModelError(file, "expected a vocabulary, found no tokens");
  if (model_vocabulary_size > 0 && num_entries > model_vocabulary_size) {
    throw ModelError(file, "expected at most " + std::to_string(model_vocabulary_size) +
                               " tokens, the rows of the model's embedding (vocab_size), found " +
                               std::to_string(num_entries) +
                               "; take the vocabulary that belongs to this model");
  }
  tokens_.resize(num_entries);
  std::vector<bool> is_taken(num_entries);
  for (VocabularyEntry& entry : entries) {
    const auto index = static_cast<std::size_t>(entry.id);
    if (entry.id < 0 || index >= num_entries) {
      throw ModelError(file, "expected the ids 0 to " + std::to_string(num_entries - 1) +
                                 ", each once, found id " + std::to_string(entry.id) + " for " +
                                 in_quotes(entry.token));
    }
    if (is_taken[index]) {
      throw ModelError(file, "expected one token for each id, found id " +
                                 std::to_string(entry.id) + " for both " +
                                 in_quotes(tokens_[index]) + " and " + in_quotes(entry.token));
    }
    is_taken[index] = true;
    tokens_[index] = std::move(entry.token);
  }
  ids_.reserve(num_entries);
  for (std::size_t i = 0; i < num_entries; ++i) {
    const auto [place, is_new] = ids_.emplace(tokens_[i], static_cast<TokenId>(i));
    if (!is_new) {
      throw ModelError(file, "expected each token once, found " + in_quotes(tokens_[i]) +
                                 " with the ids " + std::to_string(place->second) + " and " +
                                 std::to_string(i));
    }
  }
}

std::optional<TokenId> Vocabulary::find(std::string_view token) const {
  const auto place = ids_.find(token);
  if (place == ids_.end()) return std::nullopt;
  return place->second;
}

const std::string& Vocabulary::token(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= tokens_.size()) {
    throw Error("expected a token id of the vocabulary, 0 to " +
                std::to_string(tokens_.size() - 1) + ", found " + std::to_string(id));
  }
  return tokens_[static_cast<std::size_t>(id)];
}

}  // namespace bbprompt
