#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bbprompt {

// A trial's configuration as it is stored, line by line: dotted keys and the texts of their values,
// in their order. Items of a list are joined. Takes any text: what is not of that form gives keys
// and values of some kind, but no two texts that differ in a line give the same.
using FlatSettings = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] FlatSettings flat_settings(std::string_view yaml);

// The same text without the lines of the experiment's name and of the seed, in which trials that
// differ in nothing may differ.
[[nodiscard]] std::string text_without_seed(std::string_view yaml);

// A value as a person reads it: without the quotes around it; of a long one the beginning, with
// digits that tell it from others.
[[nodiscard]] std::string shown_value(std::string_view value);

// The first eight digits of the text's SHA-256.
[[nodiscard]] std::string short_hash(std::string_view text);

}  // namespace bbprompt
