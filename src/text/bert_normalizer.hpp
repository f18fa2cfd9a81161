#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// The switches of BERT's text clean-up, in the order in which they act.
struct BertNormalizerOptions {
  bool is_cleaning_text = true;      // drops control characters, makes all white space spaces
  bool is_splitting_cjk = true;      // puts spaces around Chinese characters
  bool is_stripping_accents = true;  // canonical decomposition without nonspacing marks
  bool is_lowercasing = true;
};

// Normalised text, and for each of its bytes the source character that the byte comes from.
struct NormalizedText {
  std::string text;
  std::vector<ByteRange> sources;

  // The source of the non-empty range `range` of `text`.
  [[nodiscard]] ByteRange source(ByteRange range) const {
    return {sources[range.begin].begin, sources[range.end - 1].end};
  }
};

// Normalises valid UTF-8.
[[nodiscard]] NormalizedText normalize(std::string_view text, const BertNormalizerOptions& options);

// Whether BERT makes the character a word of its own: ASCII symbols and Unicode punctuation.
[[nodiscard]] bool is_bert_punctuation(char32_t code_point);

}  // namespace bbprompt
