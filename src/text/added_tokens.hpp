#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// A token that is cut out of the text before anything else is done to it.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool is_lstrip = false;      // swallows the white space before it
  bool is_rstrip = false;      // swallows the white space after it
  bool is_normalized = false;  // looked for in the normalised text, not in the text as it stands
};

// A stretch of text: an added token, or (no id) text between added tokens, never empty.
struct TextPiece {
  ByteRange range;
  std::optional<TokenId> id;
};

// Finds added tokens: the leftmost, and of several there the longest.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() = default;
  explicit AddedTokenMatcher(const std::vector<AddedToken>& tokens);

  // The pieces of `text` (valid UTF-8) in order; together they cover it.
  [[nodiscard]] std::vector<TextPiece> split(std::string_view text) const;

  [[nodiscard]] bool is_empty() const { return tokens_.empty(); }

 private:
  [[nodiscard]] const AddedToken* match_at(std::string_view text, std::size_t at) const;

  std::unordered_map<std::string, AddedToken> tokens_;
  std::map<char, std::vector<std::size_t>> lengths_;  // by first byte, longest first
  std::string first_bytes_;
};

// The tokens of `tokens` that are looked for in the text as it stands (or in the normalised text).
enum class MatchStage { kVerbatim, kNormalized };
[[nodiscard]] std::vector<AddedToken> tokens_of_stage(const std::vector<AddedToken>& tokens,
                                                      MatchStage stage);

}  // namespace bbprompt
