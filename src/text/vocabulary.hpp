#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bbprompt/base/types.hpp"

namespace bbprompt {

struct VocabularyEntry {
  std::string token;
  TokenId id = 0;
};

// The token for an error message.
[[nodiscard]] std::string in_quotes(std::string_view token);

// Tokens by id and ids by token; the ids are 0 to size() - 1.
class Vocabulary {
 public:
  // Throws ModelError naming `file` unless the n entries hold n different tokens with the ids
  // 0 to n-1, all below `model_vocabulary_size` (0: not checked).
  Vocabulary(std::vector<VocabularyEntry> entries, const std::string& file,
             std::size_t model_vocabulary_size);
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  Vocabulary(const Vocabulary&) = delete;  // the map views the strings
  Vocabulary& operator=(const Vocabulary&) = delete;
  ~Vocabulary() = default;

  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] const std::vector<std::string>& tokens() const { return tokens_; }
  [[nodiscard]] std::optional<TokenId> find(std::string_view token) const;

  // Throws Error for an id outside the vocabulary.
  [[nodiscard]] const std::string& token(TokenId id) const;

 private:
  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, TokenId> ids_;
};

}  // namespace bbprompt
