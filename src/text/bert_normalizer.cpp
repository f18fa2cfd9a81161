#include "text/bert_normalizer.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

#include "bbprompt/base/error.hpp"
#include "text/code_points.hpp"

namespace bbprompt {
namespace {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// The blocks that BERT calls Chinese: CJK Unified Ideographs, Extensions A to E, and both blocks of
// Compatibility Ideographs.
constexpr std::array<CodePointRange, 8> kCjk = {{{0x4E00, 0x9FFF},
                                                 {0x3400, 0x4DBF},
                                                 {0x20000, 0x2A6DF},
                                                 {0x2A700, 0x2B73F},
                                                 {0x2B740, 0x2B81F},
                                                 {0x2B820, 0x2CEAF},
                                                 {0xF900, 0xFAFF},
                                                 {0x2F800, 0x2FA1F}}};

bool is_cjk(char32_t c) {
  return c >= 0x3400 && std::any_of(kCjk.begin(), kCjk.end(), [c](const CodePointRange& range) {
           return c >= range.first && c <= range.last;
         });
}

bool is_ordinary_space(char32_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Control, format and private-use characters, and what stands for unreadable ones. Unassigned code
// points stay.
bool is_dropped(char32_t c) {
  if (is_ordinary_space(c)) return false;
  constexpr std::uint32_t kControl = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK;
  return c == 0xFFFD || (U_GET_GC_MASK(static_cast<UChar32>(c)) & kControl) != 0;
}

const icu::Normalizer2& canonical_decomposition() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) {
    throw Error(std::string("cannot load ICU's normalisation data: ") + u_errorName(status));
  }
  return *nfd;
}

class Writer {
 public:
  explicit Writer(const BertNormalizerOptions& options)
      : options_(options), decomposition_(canonical_decomposition()) {}

  void put(char32_t c, ByteRange source) {
    if (options_.is_cleaning_text) {
      if (is_dropped(c)) return;
      if (is_white_space(c)) c = ' ';
    }
    if (options_.is_splitting_cjk && is_cjk(c)) {
      append(' ', source);
      put_decomposed(c, source);
      append(' ', source);
    } else {
      put_decomposed(c, source);
    }
  }

  NormalizedText take() { return std::move(normalized_); }
  void reserve(std::size_t num_bytes) {
    normalized_.text.reserve(num_bytes);
    normalized_.sources.reserve(num_bytes);
  }

 private:
  void put_decomposed(char32_t c, ByteRange source) {
    if (!options_.is_stripping_accents || c < 0x80) return put_lowered(c, source);
    icu::UnicodeString decomposed;
    if (decomposition_.getDecomposition(static_cast<UChar32>(c), decomposed) == 0) {
      decomposed = static_cast<UChar32>(c);
    }
    for (std::int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
      const UChar32 part = decomposed.char32At(i);
      if (u_charType(part) != U_NON_SPACING_MARK) put_lowered(static_cast<char32_t>(part), source);
    }
  }

  // Letter by letter, without regard to its neighbours: a final sigma becomes the common one.
  void put_lowered(char32_t c, ByteRange source) {
    if (!options_.is_lowercasing) return append(c, source);
    append(static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))), source);
    // The one letter whose lower case is two characters (SpecialCasing.txt): i and a dot above.
    if (c == 0x130) append(0x307, source);
  }

  void append(char32_t c, ByteRange source) {
    append_utf8(normalized_.text, c);
    normalized_.sources.resize(normalized_.text.size(), source);
  }

  const BertNormalizerOptions& options_;
  const icu::Normalizer2& decomposition_;
  NormalizedText normalized_;
};

}  // namespace

NormalizedText normalize(std::string_view text, const BertNormalizerOptions& options) {
  Writer writer(options);
  writer.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = code_point_at(text, at);
    writer.put(next.value, {at, at + next.num_bytes});
    at += next.num_bytes;
  }
  return writer.take();
}

bool is_bert_punctuation(char32_t code_point) {
  if (code_point < 0x80) {
    return code_point > 0x20 && code_point < 0x7F &&
           u_isalnum(static_cast<UChar32>(code_point)) == 0;
  }
  return (U_GET_GC_MASK(static_cast<UChar32>(code_point)) & U_GC_P_MASK) != 0;
}

}  // namespace bbprompt
