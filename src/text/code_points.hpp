#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

struct CodePoint {
  char32_t value = 0;
  std::size_t num_bytes = 0;
};

// The character that begins at byte `at` of valid UTF-8.
[[nodiscard]] CodePoint code_point_at(std::string_view text, std::size_t at);

// The character that ends before byte `end` (> 0) of valid UTF-8.
[[nodiscard]] CodePoint code_point_before(std::string_view text, std::size_t end);

[[nodiscard]] inline bool is_continuation_byte(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

void append_utf8(std::string& text, char32_t code_point);

// Unicode White_Space, which is also what \s means in Hugging Face's regular expressions.
[[nodiscard]] bool is_white_space(char32_t code_point);

// The classes of GPT-2's pattern: \p{L}, \p{N}, \s, and everything else.
enum class CharacterClass { kLetter, kNumber, kSpace, kOther };
[[nodiscard]] CharacterClass character_class(char32_t code_point);

// Text with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
class RepairedText {
 public:
  explicit RepairedText(std::string_view text);
  [[nodiscard]] const std::string& text() const { return text_; }

  // The range of the original text; `range` begins and ends at characters of text().
  [[nodiscard]] ByteRange original(ByteRange range) const;

 private:
  [[nodiscard]] std::size_t original(std::size_t offset) const;

  std::string text_;
  std::vector<std::size_t> replaced_;  // where the replacement characters begin in text_
};

// Bytes as text, every ill-formed sequence (maximal subpart, Unicode 15 section 3.9) as one U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string bytes);

}  // namespace bbprompt
