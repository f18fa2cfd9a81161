#pragma once

#include <span>

#include "bbprompt/lm/query.hpp"

namespace bbprompt {

// Standard deviation (over n) of all entries of `states` after 5 rounds of clipping them to mean
// +/- 3 standard deviations, as BBTv2's published code takes it.
[[nodiscard]] double clipped_deviation(std::span<const RowMatrixXf> states);

}  // namespace bbprompt
