#include "optim/random_search.hpp"

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/base/wording.hpp"
#include "optim/categories.hpp"
#include "optim/fitness_order.hpp"
#include "optim/search_domain.hpp"
#include "optim/state_reader.hpp"
#include "optim/stream_place.hpp"

namespace bbprompt {

RandomSearch::RandomSearch(const RandomSearchOptions& options, const SearchDomain& domain,
                           const OptimizerSeed& seed)
    : options_(options), domain_(domain) {
  if (options.population_size < 2) {
    throw Error("random search: expected a population of at least 2, found " +
                std::to_string(options.population_size));
  }
  if (!std::isnormal(options.sigma) || options.sigma < 0.0) {
    throw Error("random search: expected a positive finite sigma, found " +
                short_number(options.sigma));
  }
  check_domain(domain, "random search");
  state_.seed = seed;
  state_.best = domain.start;
  for (Eigen::Index i = 0; i < dimension(); ++i) {
    if (num_categories_at(domain, i) > 0) state_.best[i] = std::floor(domain.start[i] + 0.5);
  }
}

Eigen::MatrixXd RandomSearch::points(Eigen::Index count, const std::string& purpose) const {
  RandomStream random({.seed = state_.seed.seed,
                       .trial = state_.seed.trial,
                       .generation = static_cast<std::uint64_t>(state_.generation),
                       .purpose = purpose});
  Eigen::MatrixXd points(dimension(), count);
  for (auto point : points.colwise()) {
    for (Eigen::Index i = 0; i < point.size(); ++i) {
      const int num_categories = num_categories_at(domain_, i);
      point[i] = num_categories > 0
                     ? static_cast<double>(random.below(static_cast<std::uint64_t>(num_categories)))
                     : domain_.start[i] + options_.sigma * random.normal();
    }
  }
  return points;
}

Population RandomSearch::ask() {
  Population population{.points = points(population_size(), "random_search"),
                        .generation = state_.generation};
  state_.is_asked = true;
  return population;
}

void RandomSearch::tell(const Eigen::VectorXd& fitness) {
  if (!state_.is_asked) throw Error("tell: no population is open; call ask first");
  const auto values = checked_fitness(fitness, population_size());
  const auto first = fitness_order(values).front();
  const double best = values[static_cast<std::size_t>(first)];
  if (best < state_.best_fitness) {
    state_.best = points(population_size(), "random_search").col(first);
    state_.best_fitness = best;
  }
  ++state_.generation;
  state_.is_asked = false;
}

OptimizerStatistics RandomSearch::statistics() const {
  return {.sigma = options_.sigma,
          .axis_ratio = 1.0,
          .min_deviation = options_.sigma,
          .max_deviation = options_.sigma};
}

OptimizerState RandomSearch::save() const {
  OptimizerState saved;
  saved.kind = kind();
  saved.arrays = {{"best", state_.best},
                  {"best_fitness", Eigen::MatrixXd::Constant(1, 1, state_.best_fitness)}};
  save_place({.seed = state_.seed, .generation = state_.generation, .is_asked = state_.is_asked},
             population_size(), saved);
  return saved;
}

void RandomSearch::restore(const OptimizerState& state) {
  const StateReader reader(state, kind());
  State read;
  const StreamPlace place = read_place(reader, population_size());
  read.seed = place.seed;
  read.generation = place.generation;
  read.is_asked = place.is_asked;
  read.best = reader.array("best", dimension(), 1);
  for (Eigen::Index i = 0; i < dimension(); ++i) {
    const int count = num_categories_at(domain_, i);
    if (count > 0 && !is_category(read.best[i], count)) {
      reader.fail("best", "coordinate " + std::to_string(i) + ": expected a category from 0 to " +
                              std::to_string(count - 1) + ", found " +
                              std::to_string(read.best[i]));
    }
  }
  read.best_fitness = reader.fitness("best_fitness", 1).front();
  state_ = std::move(read);
}

}  // namespace bbprompt
