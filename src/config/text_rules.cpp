#include "config/text_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace bbprompt {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string control_name(unsigned code_point) {
  std::array<char, 32> name{};
  (void)std::snprintf(name.data(), name.size(), "control character U+%04X", code_point);
  return name.data();
}

// Code point of the two- or three-byte sequence at `at` if it is one of those refused, else 0.
unsigned forbidden_sequence(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.size() >= 2 && rest[0] == '\xc2' && static_cast<unsigned char>(rest[1]) < 0xA0) {
    return static_cast<unsigned char>(rest[1]);
  }
  if (rest.substr(0, 3) == "\xe2\x80\xa8") return 0x2028;
  if (rest.substr(0, 3) == "\xe2\x80\xa9") return 0x2029;
  if (rest.substr(0, 3) == "\xef\xbb\xbf") return 0xFEFF;
  return 0;
}

}  // namespace

std::optional<ForbiddenCharacter> find_forbidden_character(std::string_view utf8, TabRule tabs) {
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const auto byte = static_cast<unsigned char>(utf8[at]);
    if (byte == '\t' && tabs == TabRule::kRefuse) {
      return ForbiddenCharacter{at, "tab", R"(; use blanks, or "\t" in quoted text)"};
    }
    if (byte == '\n' || byte == '\t') continue;
    if (byte == '\r' && utf8.substr(at + 1, 1) == "\n") continue;
    if (byte < 0x20 || byte == 0x7F) return ForbiddenCharacter{at, control_name(byte), ""};
    if (byte < 0x80) continue;
    if (const unsigned code_point = forbidden_sequence(utf8, at); code_point != 0) {
      return ForbiddenCharacter{at, control_name(code_point), ""};
    }
  }
  return std::nullopt;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && is_letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

bool is_trimmed_line(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text.front() != ' ' && text.back() != ' ' &&
         text.find_first_of("\n\r\t") == std::string_view::npos;
}

}  // namespace bbprompt
