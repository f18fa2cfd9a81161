#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bbprompt {

enum class TabRule { kAllow, kRefuse };

struct ForbiddenCharacter {
  std::size_t offset = 0;
  std::string name;    // "tab", "control character U+0007"
  std::string advice;  // what to write instead, with its separator, or empty
};

// The first character that a configuration may not hold: controls other than line feed (with or
// without carriage return before it) and tab, Unicode line separators, byte order marks.
[[nodiscard]] std::optional<ForbiddenCharacter> find_forbidden_character(std::string_view utf8,
                                                                         TabRule tabs);

// 1 to 64 of [A-Za-z0-9._-], the first a letter or a digit: fit for file names.
[[nodiscard]] bool is_name(std::string_view text);

// 1 to 200 bytes on one line, no blank at either end.
[[nodiscard]] bool is_trimmed_line(std::string_view text);

}  // namespace bbprompt
