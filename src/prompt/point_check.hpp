#pragma once

#include <Eigen/Core>
#include <cmath>
#include <span>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

// Throws Error unless the point has `dimension` finite values.
inline void check_point(std::span<const double> point, Eigen::Index dimension) {
  if (static_cast<Eigen::Index>(point.size()) != dimension) {
    throw Error("expected a point of " + std::to_string(dimension) + " values, found " +
                std::to_string(point.size()));
  }
  for (const double value : point) {
    if (!std::isfinite(value)) throw Error("a value of a point is not finite");
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
