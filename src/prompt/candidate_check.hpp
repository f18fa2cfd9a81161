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

// The category that a coordinate is. Throws Error unless it is a whole number below the count.
inline int category_of(double value, int num_categories) {
  if (!(value >= 0.0 && value < num_categories) || value != std::floor(value)) {
    throw Error("expected a whole number from 0 to " + std::to_string(num_categories - 1) +
                " for a category, found " + std::to_string(value));
  }
  return static_cast<int>(value);
}

}  // namespace bbprompt
