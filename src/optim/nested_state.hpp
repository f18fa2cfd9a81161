#pragma once

#include <string>

#include "bbprompt/optim/optimizer.hpp"

namespace bbprompt {

// Puts the entries of a part's state into the state of the whole, `prefix` before their names.
void add_part(OptimizerState& whole, const std::string& prefix, const OptimizerState& part);

// The part again, as a state of kind `kind`.
[[nodiscard]] OptimizerState part_state(const OptimizerState& whole, const std::string& prefix,
                                        const std::string& kind);

}  // namespace bbprompt
