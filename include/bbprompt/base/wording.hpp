#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bbprompt {

// "1 trial", "2 trials", "0 trials"; "1 query", "2 queries"; "1 class", "2 classes".
[[nodiscard]] std::string plural(std::int64_t count, std::string_view noun);

// The noun alone in the form that goes with the count.
[[nodiscard]] std::string plural_noun(std::int64_t count, std::string_view noun);

// A number as people write it: "0.2", "60", "1e-05"; at most six significant digits.
[[nodiscard]] std::string short_number(double value);

// `"a", "b", "c"` for an error message: at most ten, then "and N more".
[[nodiscard]] std::string quoted_list(std::span<const std::string> names);

// Insertions, deletions, replacements and swaps of neighbours from one text to the other, in bytes.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// ` (did you mean "x"?)` with the known name nearest to `name`, or nothing when none is near: at
// most a third of the longer one to change (but one character always), capitals ignored.
[[nodiscard]] std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace bbprompt
