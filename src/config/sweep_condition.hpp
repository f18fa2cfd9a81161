#pragma once

#include <string>
#include <vector>

#include "bbprompt/config/sweep_spec.hpp"
#include "config/sweep_claims.hpp"

namespace bbprompt {

// One condition; `owner` names it in errors.
[[nodiscard]] SweepCondition parse_condition(const ConfigNode& node, const std::string& owner);

// The list of conditions at "sweep.exclude" or "sweep.include"; empty where it is absent.
[[nodiscard]] std::vector<SweepCondition> parse_conditions(const ConfigNode& root,
                                                           const std::string& path);

// The list at "sweep.overrides". `claims` are the keys that no override may set.
[[nodiscard]] std::vector<SweepOverride> parse_overrides(const ConfigNode& root,
                                                         const SweepClaims& claims);

}  // namespace bbprompt
