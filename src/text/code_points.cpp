#include "text/code_points.hpp"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

CharacterClass unicode_class(char32_t code_point) {
  const auto character = static_cast<UChar32>(code_point);
  if (u_isUWhiteSpace(character) != 0) return CharacterClass::kSpace;
  const auto category = U_GET_GC_MASK(character);
  if ((category & U_GC_L_MASK) != 0) return CharacterClass::kLetter;
  if ((category & U_GC_N_MASK) != 0) return CharacterClass::kNumber;
  return CharacterClass::kOther;
}

std::array<CharacterClass, 128> ascii_classes() {
  std::array<CharacterClass, 128> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes[i] = unicode_class(static_cast<char32_t>(i));
  }
  return classes;
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1FU) << 6 | (byte(1) & 0x3FU), 2};
  if (lead < 0xF0) {
    return {(lead & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU), 3};
  }
  return {
      (lead & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU),
      4};
}

CodePoint code_point_before(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 && is_continuation_byte(text[begin])) --begin;
  return code_point_at(text, begin);
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0U | code_point >> 6);
    put(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    put(0xE0U | code_point >> 12);
    put(0x80U | (code_point >> 6 & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  } else {
    put(0xF0U | code_point >> 18);
    put(0x80U | (code_point >> 12 & 0x3FU));
    put(0x80U | (code_point >> 6 & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  }
}

bool is_white_space(char32_t code_point) {
  return character_class(code_point) == CharacterClass::kSpace;
}

CharacterClass character_class(char32_t code_point) {
  static const std::array<CharacterClass, 128> kAscii = ascii_classes();
  return code_point < 128 ? kAscii[code_point] : unicode_class(code_point);
}

RepairedText::RepairedText(std::string_view text) {
  text_.reserve(text.size());
  while (const auto invalid = find_invalid_utf8(text)) {
    text_ += text.substr(0, *invalid);
    replaced_.push_back(text_.size());
    text_ += kReplacement;
    text.remove_prefix(*invalid + 1);
  }
  text_ += text;
}

ByteRange RepairedText::original(ByteRange range) const {
  return {original(range.begin), original(range.end)};
}

std::size_t RepairedText::original(std::size_t offset) const {
  const auto num_before = static_cast<std::size_t>(
      std::lower_bound(replaced_.begin(), replaced_.end(), offset) - replaced_.begin());
  return offset - num_before * (kReplacement.size() - 1);
}

std::string to_valid_utf8(std::string bytes) {
  if (!find_invalid_utf8(bytes)) return bytes;
  std::string text;
  icu::UnicodeString::fromUTF8(bytes).toUTF8String(text);
  return text;
}

}  // namespace bbprompt
