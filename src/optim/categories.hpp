#pragma once

#include <Eigen/Core>
#include <string>

#include "bbprompt/optim/optimizer.hpp"
#include "optim/categorical_distribution.hpp"
#include "optim/state_reader.hpp"

namespace bbprompt {

// Number of categories of coordinate i; 0: real.
[[nodiscard]] int num_categories_at(const SearchDomain& domain, Eigen::Index i);

// Whether the value is a whole number from 0 to count - 1.
[[nodiscard]] bool is_category(double value, int count);

// Uniform over the domain. Throws Error, `who` in front, for a domain that cannot be or has a real
// coordinate or one of a single category.
[[nodiscard]] CategoricalDistribution uniform_over(const SearchDomain& domain,
                                                   const std::string& who);

// What the probabilities of a coordinate sum to.
enum class SumRule { kOne, kPositive };

// Puts the entry "probabilities" into the distribution. Throws Error unless each is from the floor
// of its coordinate to 1, with such sums.
void read_probabilities(const StateReader& reader, const Eigen::VectorXd& floors, SumRule sums,
                        CategoricalDistribution& distribution);

}  // namespace bbprompt
