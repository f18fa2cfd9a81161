#pragma once

#include <string>

#include "bbprompt/config/sweep_spec.hpp"
#include "config/sweep_claims.hpp"

namespace bbprompt {

// The section "sweep.random" or "sweep.quasi_random"; no points where it is absent. Claims the keys
// of its space.
[[nodiscard]] SweepSampling parse_sampling(const ConfigNode& root, const std::string& section,
                                           SweepClaims& claims);

// "log_uniform".
[[nodiscard]] std::string_view distribution_name(SweepDistribution::Kind kind);

}  // namespace bbprompt
