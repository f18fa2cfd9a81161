#pragma once

#include <string>
#include <string_view>

namespace bbprompt {

// The text without anything that a terminal obeys or that shows it in another order than it has:
// control characters (C0 but line feed and tab, DEL, C1), marks of direction, and bytes that are
// not UTF-8 become \xNN or \uNNNN. Line ends (LF and CRLF), tabs and all other characters stay.
[[nodiscard]] std::string safe_text(std::string_view text);

}  // namespace bbprompt
