#include "text/byte_alphabet.hpp"

#include <array>
#include <cstdint>

#include "text/code_points.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kNumCodePoints = 0x100 + 68;

struct Alphabet {
  std::array<std::string, 256> symbols;
  std::array<std::int16_t, kNumCodePoints> bytes{};  // -1: no symbol
};

bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.bytes.fill(-1);
  char32_t next_stand_in = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t code_point = stands_for_itself(byte) ? byte : next_stand_in++;
    append_utf8(alphabet.symbols[byte], code_point);
    alphabet.bytes[code_point] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}

const Alphabet& alphabet() {
  static const Alphabet kAlphabet = make_alphabet();
  return kAlphabet;
}

}  // namespace

const std::string& byte_symbol(unsigned char byte) { return alphabet().symbols[byte]; }

std::optional<std::string> bytes_of_symbols(std::string_view token) {
  std::string bytes;
  for (std::size_t at = 0; at < token.size();) {
    const CodePoint symbol = code_point_at(token, at);
    if (symbol.value >= kNumCodePoints || alphabet().bytes[symbol.value] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(alphabet().bytes[symbol.value]));
    at += symbol.num_bytes;
  }
  return bytes;
}

}  // namespace bbprompt
