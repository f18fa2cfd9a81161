#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bbprompt {

// Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF), or nothing if all is well.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// The text for a terminal or an error message: \n, \t, and \xNN for other control characters and
// invalid bytes; cut to `max_bytes` (at a character border) with "..." after it.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 60);

}  // namespace bbprompt
