#include "optim/stream_place.hpp"

#include <bit>

namespace bbprompt {
namespace {

constexpr std::int64_t kMaxGeneration = std::int64_t{1} << 53;

}  // namespace

void save_place(const StreamPlace& place, Eigen::Index population_size, OptimizerState& saved) {
  saved.integers["seed"] = std::bit_cast<std::int64_t>(place.seed.seed);
  saved.integers["trial"] = std::bit_cast<std::int64_t>(place.seed.trial);
  saved.integers["generation"] = place.generation;
  saved.integers["population_size"] = population_size;
  saved.integers["is_asked"] = place.is_asked ? 1 : 0;
}

StreamPlace read_place(const StateReader& reader, Eigen::Index population_size) {
  (void)reader.integer("population_size", population_size, population_size);
  return {.seed = {.seed = reader.bits("seed"), .trial = reader.bits("trial")},
          .generation = reader.integer("generation", 0, kMaxGeneration),
          .is_asked = reader.integer("is_asked", 0, 1) == 1};
}

}  // namespace bbprompt
