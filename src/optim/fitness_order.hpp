#pragma once

#include <Eigen/Core>
#include <vector>

namespace bbprompt {

// A copy with NaN replaced by +infinity. Throws Error unless there are `expected_size` values.
[[nodiscard]] std::vector<double> checked_fitness(const Eigen::VectorXd& fitness,
                                                  Eigen::Index expected_size);

// Indices from best (smallest) to worst; equal values keep their order of index. No NaN.
[[nodiscard]] std::vector<Eigen::Index> fitness_order(const std::vector<double>& fitness);

}  // namespace bbprompt
