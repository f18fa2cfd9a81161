#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace bbprompt {

// The policy of which trials run at one time. A run and the simulation of its plan both ask here.

// Two trials a worker: while one waits for its slowest item, the other keeps the worker busy.
[[nodiscard]] inline std::size_t max_active_trials(std::size_t num_workers) {
  return 2 * std::max<std::size_t>(num_workers, 1);
}

// Work that is left of a trial: queries, each as heavy as its model (bytes, or 0 for all alike).
[[nodiscard]] inline double work_of(std::int64_t num_queries, double query_weight) {
  return static_cast<double>(std::max<std::int64_t>(num_queries, 1)) * std::max(query_weight, 1.0);
}

// Indices of the trials in the order they start, from the work each will take: the longest first,
// equal ones as they stand.
[[nodiscard]] inline std::vector<std::size_t> start_order(const std::vector<double>& work) {
  std::vector<std::size_t> order(work.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return work[a] > work[b]; });
  return order;
}

}  // namespace bbprompt
