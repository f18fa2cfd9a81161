#pragma once

#include <Eigen/Core>
#include <cmath>
#include <span>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

// Throws Error unless the candidate has `dimension` finite values.
inline void check_candidate(std::span<const double> candidate, Eigen::Index dimension) {
  if (static_cast<Eigen::Index>(candidate.size()) != dimension) {
    throw Error("expected a candidate of " + std::to_string(dimension) + " values, found " +
                std::to_string(candidate.size()));
  }
  for (const double value : candidate) {
    if (!std::isfinite(value)) throw Error("a candidate value is not finite");
  }
}

}  // namespace bbprompt
