#include "optim/search_domain.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {

void check_domain(const SearchDomain& domain, std::string_view who) {
  const auto require = [&](bool condition, const std::string& message) {
    if (!condition) throw Error(std::string(who) + ": " + message);
  };
  const Eigen::Index n = domain.start.size();
  require(n > 0 && domain.start.allFinite(),
          "expected a start of at least one coordinate, all finite");
  const auto& categories = domain.num_categories;
  require(categories.empty() || std::ssize(categories) == n,
          "expected a number of categories for each of the " + std::to_string(n) +
              " coordinates, found " + std::to_string(categories.size()));
  for (std::size_t i = 0; i < categories.size(); ++i) {
    const double start = domain.start[static_cast<Eigen::Index>(i)];
    require(categories[i] >= 0, "coordinate " + std::to_string(i) + " has " +
                                    std::to_string(categories[i]) + " categories");
    require(categories[i] == 0 || (start >= 0.0 && start <= categories[i] - 1.0),
            "expected a start from 0 to " + std::to_string(categories[i] - 1) + " in coordinate " +
                std::to_string(i) + ", found " + std::to_string(start));
  }
  const auto& sizes = domain.block_sizes;
  require(sizes.empty() ||
              (std::all_of(sizes.begin(), sizes.end(), [](auto size) { return size > 0; }) &&
               std::accumulate(sizes.begin(), sizes.end(), Eigen::Index{0}) == n),
          "expected blocks of at least one coordinate that add up to " + std::to_string(n));
}

std::vector<Eigen::Index> block_sizes(const SearchDomain& domain) {
  if (domain.block_sizes.empty()) return {domain.start.size()};
  return domain.block_sizes;
}

SearchDomain part_of(const SearchDomain& domain, Eigen::Index first, Eigen::Index size) {
  SearchDomain part{.start = domain.start.segment(first, size)};
  if (!domain.num_categories.empty()) {
    const auto begin = domain.num_categories.begin() + first;
    part.num_categories.assign(begin, begin + size);
  }
  return part;
}

Eigen::VectorXd unit_steps(const SearchDomain& domain) {
  Eigen::VectorXd steps = Eigen::VectorXd::Ones(domain.start.size());
  for (std::size_t i = 0; i < domain.num_categories.size(); ++i) {
    const int categories = domain.num_categories[i];
    if (categories > 0) steps[static_cast<Eigen::Index>(i)] = categories / 4.0;
  }
  return steps;
}

OptimizerSeed part_seed(const OptimizerSeed& seed, std::uint64_t part, std::string_view purpose) {
  if (part == 0) return seed;
  RandomStream random(
      {.seed = seed.seed, .trial = seed.trial, .generation = part, .purpose = purpose});
  OptimizerSeed derived;
  derived.seed = random.next();
  derived.trial = random.next();
  return derived;
}

}  // namespace bbprompt
