#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"

namespace bbprompt {

// Throws Error, `who` in front, unless the start is finite and not empty, categories and blocks
// match its size, and categories hold their part of the start (0 to number of categories - 1).
void check_domain(const SearchDomain& domain, std::string_view who);

// Sizes of the blocks; one block where the domain names none.
[[nodiscard]] std::vector<Eigen::Index> block_sizes(const SearchDomain& domain);

// `size` coordinates from `first` on, as a domain of one block.
[[nodiscard]] SearchDomain part_of(const SearchDomain& domain, Eigen::Index first,
                                   Eigen::Index size);

// What an initial step size of 1 means in each coordinate: 1 where it is real; a quarter of the
// categories, about the deviation of the uniform distribution, where it is an integer.
[[nodiscard]] Eigen::VectorXd unit_steps(const SearchDomain& domain);

// Seeds of the parts of an optimizer that consists of several; part 0 has the seed itself.
[[nodiscard]] OptimizerSeed part_seed(const OptimizerSeed& seed, std::uint64_t part,
                                      std::string_view purpose);

}  // namespace bbprompt
