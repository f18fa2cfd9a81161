#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace bbprompt {

// The policy of which trials run at one time. A run and the simulation of its plan both ask here.

// Two trials a worker: while one waits for its slowest item, the other keeps the worker busy.
[[nodiscard]] inline std::size_t max_active_trials(std::size_t num_workers) {
  return 2 * std::max<std::size_t>(num_workers, 1);
}

// Indices of the trials in the order they start, from the work each will take: the longest first,
// so that none of them is left alone at the end; equal ones as they stand.
[[nodiscard]] inline std::vector<std::size_t> start_order(const std::vector<double>& costs) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  return order;
}

}  // namespace bbprompt
