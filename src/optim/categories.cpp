#include "optim/categories.hpp"

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "optim/search_domain.hpp"

namespace bbprompt {

int num_categories_at(const SearchDomain& domain, Eigen::Index i) {
  return domain.num_categories.empty() ? 0 : domain.num_categories[static_cast<std::size_t>(i)];
}

bool is_category(double value, int count) {
  return value >= 0.0 && value < static_cast<double>(count) && value == std::floor(value);
}

CategoricalDistribution uniform_over(const SearchDomain& domain, const std::string& who) {
  check_domain(domain, who);
  for (Eigen::Index i = 0; i < domain.start.size(); ++i) {
    const int count = num_categories_at(domain, i);
    if (count >= 2) continue;
    std::string text = who + ": searches categories, but coordinate " + std::to_string(i);
    text += count == 0 ? " is real" : " has a single category";
    throw Error(
        text.append("; use cma_es or random_search, or a prompt whose coordinates are categories"));
  }
  return CategoricalDistribution(domain.num_categories);
}

void read_probabilities(const StateReader& reader, const Eigen::VectorXd& floors, SumRule sums,
                        CategoricalDistribution& distribution) {
  constexpr double kRounding = 1e-9;
  constexpr auto kName = "probabilities";
  distribution.probabilities = reader.array(kName, distribution.probabilities.size(), 1);
  for (Eigen::Index i = 0; i < distribution.size(); ++i) {
    const auto row = distribution.row(i);
    const double sum = row.sum();
    const bool is_sum = sums == SumRule::kOne ? std::abs(sum - 1.0) <= kRounding : sum > 0.0;
    if (is_sum && row.minCoeff() >= floors[i] && row.maxCoeff() <= 1.0 + kRounding) continue;
    reader.fail(kName, "coordinate " + std::to_string(i) + ": expected probabilities from " +
                           short_number(floors[i]) + " that sum to 1, found " +
                           short_number(row.minCoeff()) + " to " + short_number(row.maxCoeff()) +
                           " with sum " + short_number(sum));
  }
}

}  // namespace bbprompt
