#pragma once

#include <cstdint>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "optim/state_reader.hpp"

namespace bbprompt {

// Where an optimizer's random stream stands: with the distribution, all that its next generation
// is drawn from.
struct StreamPlace {
  OptimizerSeed seed;
  std::int64_t generation = 0;
  bool is_asked = false;  // the generation was asked and not told yet
};

// As the integers seed, trial, generation, population_size and is_asked.
void save_place(const StreamPlace& place, Eigen::Index population_size, OptimizerState& saved);

// Throws Error where one is missing, or the population is of another size.
[[nodiscard]] StreamPlace read_place(const StateReader& reader, Eigen::Index population_size);

}  // namespace bbprompt
