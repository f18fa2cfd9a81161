#pragma once

#include <cstddef>
#include <string_view>

namespace bbprompt {

// End of the word that begins at byte `begin` (< size) of valid UTF-8, by the pattern of GPT-2:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// Words follow one another without gaps.
[[nodiscard]] std::size_t gpt2_word_end(std::string_view text, std::size_t begin);

}  // namespace bbprompt
