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

// Indices of the trials in the order they start, from the queries each will take: as they stand.
[[nodiscard]] inline std::vector<std::size_t> start_order(
    const std::vector<std::int64_t>& num_queries) {
  std::vector<std::size_t> order(num_queries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

}  // namespace bbprompt
