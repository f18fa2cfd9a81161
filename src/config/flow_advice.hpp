#pragma once

#include <string>
#include <string_view>

#include "bbprompt/config/config_node.hpp"

namespace bbprompt {

// For YAML that cannot be read: "; the list is not closed, a ] is missing" or that text beginning
// with a bracket goes in quotes; empty where neither is likely. `at` is where the parser stopped,
// `first_line` as in parse_yaml(): 0 for a text that is one value.
[[nodiscard]] std::string flow_advice(std::string_view text, const ConfigPosition& at,
                                      int first_line);

}  // namespace bbprompt
