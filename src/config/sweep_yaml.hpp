#pragma once

#include <string>
#include <string_view>

#include "bbprompt/config/config_node.hpp"

namespace bbprompt {

// A value of a known key or section in canonical form. Throws ConfigError as reading it does.
[[nodiscard]] ConfigNode canonical_value(const std::string& key, const ConfigNode& value);

// Whether a condition's key asks what a trial is called by: variant, task, seed.
[[nodiscard]] bool is_trial_name(std::string_view key);

// The text that a trial has at a condition's key when it has this value.
[[nodiscard]] std::string test_text(const std::string& key, const ConfigNode& value);

// The section `sweep` of a checked document in canonical form; parts that are empty are left out,
// but axes and variants.
[[nodiscard]] ConfigNode canonical_sweep(const ConfigNode& root);

}  // namespace bbprompt
