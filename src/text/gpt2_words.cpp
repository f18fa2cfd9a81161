#include "text/gpt2_words.hpp"

#include <array>

#include "text/code_points.hpp"

namespace bbprompt {
namespace {

constexpr std::array<std::string_view, 7> kContractions = {"'s", "'t",  "'re", "'ve",
                                                           "'m", "'ll", "'d"};

// End of the run of characters of one class that begins at `begin`.
std::size_t run_end(std::string_view text, std::size_t begin, CharacterClass wanted) {
  while (begin < text.size()) {
    const CodePoint next = code_point_at(text, begin);
    if (character_class(next.value) != wanted) break;
    begin += next.num_bytes;
  }
  return begin;
}

// A run of white space leaves its last character to the word after it, if there is one and the
// run is longer than that character.
std::size_t white_space_word_end(std::string_view text, std::size_t begin) {
  const std::size_t end = run_end(text, begin, CharacterClass::kSpace);
  if (end == text.size()) return end;
  const std::size_t last = end - code_point_before(text, end).num_bytes;
  return last > begin ? last : end;
}

}  // namespace

std::size_t gpt2_word_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'') {
    for (const std::string_view contraction : kContractions) {
      if (text.substr(begin, contraction.size()) == contraction) return begin + contraction.size();
    }
  }
  const std::size_t start = text[begin] == ' ' ? begin + 1 : begin;
  if (start < text.size()) {
    const CharacterClass first = character_class(code_point_at(text, start).value);
    if (first != CharacterClass::kSpace) return run_end(text, start, first);
  }
  return white_space_word_end(text, begin);
}

}  // namespace bbprompt
