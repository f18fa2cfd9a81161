#pragma once

#include <Eigen/Core>

namespace bbprompt {

// The nearest point, in Euclidean distance, of {q : q_j >= floor, sum q_j = 1}, by sorting (Held,
// Wolfe and Crowder, Mathematical Programming 6, 1974): with z = y - floor and mass
// s = 1 - K floor the solution is floor + max(z - theta, 0), where theta = (sum of the r largest
// z - s) / r for the largest r whose r-th largest z exceeds it. Every q_j >= floor holds exactly,
// the sum to rounding. Requires 0 <= floor <= 1/K and finite y.
[[nodiscard]] Eigen::VectorXd project_to_simplex(const Eigen::VectorXd& y, double floor);

// What the released code of black-box discrete prompt learning does instead: search
// v in [0, max p] by bisection until sum clamp(p - v, 0, 1) is within 1e-3 of 1 or more than 20
// halvings were made, then p <- clamp(p - v, 0, 1). As v is never negative, a row whose sum fell
// under 1 is not repaired, and entries become exactly 0.
[[nodiscard]] Eigen::VectorXd project_by_bisection(const Eigen::VectorXd& p);

}  // namespace bbprompt
