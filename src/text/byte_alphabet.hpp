#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bbprompt {

// The printable stand-ins of GPT-2's byte-level vocabularies: the 188 printable Latin-1 bytes stand
// for themselves, the other 68 are U+0100 + n in byte order (space is U+0120, "Ġ").
[[nodiscard]] const std::string& byte_symbol(unsigned char byte);

// The bytes that a token of such symbols stands for; nothing if a character is no symbol.
[[nodiscard]] std::optional<std::string> bytes_of_symbols(std::string_view token);

}  // namespace bbprompt
