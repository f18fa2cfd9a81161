#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bbprompt {

// `"a", "b", "c"` for an error message: at most ten, then "and N more".
[[nodiscard]] std::string quoted_list(std::span<const std::string> names);

// ` (did you mean "x"?)` with the known name nearest to `name`, or nothing when none is near:
// at most a third of the longer one to change (but one character always), capitals ignored.
[[nodiscard]] std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace bbprompt
