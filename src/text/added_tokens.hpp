#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  // A beginning of a token: a state of the automaton of Aho and Corasick (Efficient string
  // matching, 1975), which reads each byte of a text once, however many tokens there are and
  // however long.
  struct State {
    char byte = 0;  // the last one
    std::int32_t depth = 0;
    std::int32_t first_child = -1;
    std::int32_t next_sibling = -1;
    std::int32_t token = -1;   // index; of the token that ends here
    std::int32_t shorter = 0;  // the longest end of this beginning that is a beginning itself
    std::int32_t inner = -1;   // token that ends here in the longest such end that is one
  };
  struct Match {
    std::size_t begin = 0;
    std::int32_t token = -1;
  };

  [[nodiscard]] std::int32_t child(std::int32_t state, char byte) const;
  [[nodiscard]] std::int32_t next(std::int32_t state, char byte) const;
  void add(std::int32_t token);
  void link();
  // The leftmost token from `at` on, and of several there the longest.
  [[nodiscard]] Match find(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<State> states_{1};
};

// The tokens of `tokens` that are looked for in the text as it stands (or in the normalised text).
enum class MatchStage { kVerbatim, kNormalized };
[[nodiscard]] std::vector<AddedToken> tokens_of_stage(const std::vector<AddedToken>& tokens,
                                                      MatchStage stage);

}  // namespace bbprompt
