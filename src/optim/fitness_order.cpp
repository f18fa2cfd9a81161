#include "optim/fitness_order.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

std::vector<double> checked_fitness(const Eigen::VectorXd& fitness, Eigen::Index expected_size) {
  if (fitness.size() != expected_size) {
    throw Error("tell: expected one fitness value for each of the " +
                std::to_string(expected_size) + " candidates of the population, found " +
                std::to_string(fitness.size()));
  }
  std::vector<double> values(fitness.begin(), fitness.end());
  for (double& value : values) {
    if (std::isnan(value)) value = std::numeric_limits<double>::infinity();
  }
  return values;
}

std::vector<Eigen::Index> fitness_order(const std::vector<double>& fitness) {
  std::vector<Eigen::Index> order(fitness.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return fitness[static_cast<std::size_t>(a)] < fitness[static_cast<std::size_t>(b)];
  });
  return order;
}

}  // namespace bbprompt
