#include "bbprompt/base/utf8.hpp"

#include <algorithm>
#include <cstdint>

#include "bbprompt/base/safe_text.hpp"

namespace bbprompt {
namespace {

// Length of the well-formed sequence at the front of `text`, or 0.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool is_overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool is_surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool is_too_high = lead == 0xF4 && byte(1) > 0x8F;
  return is_overlong || is_surrogate || is_too_high ? 0 : length;
}

// Of a well-formed sequence.
char32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0);
  char32_t code = byte(0) & (0xFFU >> (sequence.size() + 1));
  for (std::size_t i = 1; i < sequence.size(); ++i) code = code << 6U | (byte(i) & 0x3FU);
  return code;
}

// What a terminal obeys, or what turns the order of the characters around it (Unicode's marks,
// embeddings, overrides and isolates of direction).
bool is_unsafe(char32_t code) {
  const bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool is_direction = code == 0x061C || code == 0x200E || code == 0x200F ||
                            (code >= 0x202A && code <= 0x202E) ||
                            (code >= 0x2066 && code <= 0x2069);
  const bool is_line_end = code == 0x2028 || code == 0x2029;
  return is_control || is_direction || is_line_end || code == 0xFEFF;
}

std::string escaped(char32_t code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const bool is_byte = code < 0x80;
  std::string text = is_byte ? "\\x" : "\\u";
  for (int shift = is_byte ? 4 : 12; shift >= 0; shift -= 4) text += kDigits[code >> shift & 15U];
  return text;
}

std::string escaped_byte(char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  return {'\\', 'x', kDigits[value >> 4], kDigits[value & 15]};
}

}  // namespace

std::string safe_text(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) {
      shown += escaped_byte(text[at++]);
      continue;
    }
    const std::string_view sequence = text.substr(at, length);
    const char32_t code = code_point(sequence);
    const bool is_line_end = code == U'\n' || text.substr(at, 2) == "\r\n";
    if (is_unsafe(code) && !is_line_end && code != U'\t') {
      shown += escaped(code);
    } else {
      shown += sequence;
    }
    at += length;
  }
  return shown;
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text.substr(at));
    if (shown.size() + 4 > max_bytes) return shown + "...";
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead == '\n' || lead == '\t') {
      shown += lead == '\n' ? "\\n" : "\\t";
      ++at;
    } else {
      const std::size_t taken = std::max<std::size_t>(length, 1);
      shown += safe_text(text.substr(at, taken));
      at += taken;
    }
  }
  return shown;
}

}  // namespace bbprompt
