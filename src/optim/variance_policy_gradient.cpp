#include "optim/variance_policy_gradient.hpp"

#include <cmath>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "optim/categories.hpp"
#include "optim/fitness_order.hpp"
#include "optim/simplex_projection.hpp"
#include "optim/state_reader.hpp"
#include "optim/stream_place.hpp"

namespace bbprompt {
namespace {

void expect_not_negative(double value, const std::string& name) {
  if (std::isfinite(value) && value >= 0.0) return;
  throw Error("policy gradient: expected a " + name + " that is not negative and finite, found " +
              short_number(value));
}

void check(const PolicyGradientOptions& options) {
  if (options.population_size < 2) {
    throw Error("policy gradient: expected a population of at least 2, found " +
                std::to_string(options.population_size));
  }
  expect_not_negative(options.learning_rate, "learning rate");
  expect_not_negative(options.weight_decay, "weight decay");
  expect_not_negative(options.clip, "clip");
  const bool is_floor = options.min_probability > 0.0 && options.min_probability <= 1.0;
  if (options.variant == PolicyGradientVariant::kCorrected && !is_floor) {
    throw Error(
        "policy gradient: expected a min_probability above 0, at most 1, in units of 1/K, "
        "found " +
        short_number(options.min_probability));
  }
}

double default_rate(const PolicyGradientOptions& options) {
  if (options.variant == PolicyGradientVariant::kReleased) return 1e-4;
  return options.rule == GradientRule::kAdamW ? 1e-2 : 3e-3;
}

bool can_be_drawn_from(const CategoricalDistribution& distribution) {
  if (!distribution.probabilities.allFinite()) return false;
  for (Eigen::Index i = 0; i < distribution.size(); ++i) {
    if (!(distribution.row(i).maxCoeff() > 0.0)) return false;
  }
  return true;
}

}  // namespace

VariancePolicyGradient::VariancePolicyGradient(const PolicyGradientOptions& options,
                                               const SearchDomain& domain,
                                               const OptimizerSeed& seed)
    : options_(options),
      state_{.seed = seed,
             .generation = 0,
             .distribution = uniform_over(domain, "policy_gradient"),
             .moments = {},
             .is_asked = false,
             .is_stopped = false} {
  check(options);
  rule_ = {.rate = options.learning_rate > 0.0 ? options.learning_rate : default_rate(options),
           .decay = options.weight_decay,
           .is_adam = options.rule == GradientRule::kAdamW};
  const Eigen::Index count = state_.distribution.probabilities.size();
  state_.moments = {.first = Eigen::VectorXd::Zero(count),
                    .second = Eigen::VectorXd::Zero(count),
                    .num_steps = 0};
  floors_ = Eigen::VectorXd::Zero(dimension());
  for (Eigen::Index i = 0; i < dimension() && !is_released(); ++i) {
    floors_[i] =
        options.min_probability / static_cast<double>(state_.distribution.num_categories(i));
  }
}

std::string VariancePolicyGradient::kind() const {
  return is_released() ? "released_policy_gradient" : "policy_gradient";
}

std::optional<StopReason> VariancePolicyGradient::stop_reason() const {
  return state_.is_stopped ? std::optional(StopReason::kZeroProbability) : std::nullopt;
}

Eigen::MatrixXd VariancePolicyGradient::points(Eigen::Index count,
                                               const std::string& purpose) const {
  return state_.distribution.draw(count,
                                  {.seed = state_.seed.seed,
                                   .trial = state_.seed.trial,
                                   .generation = static_cast<std::uint64_t>(state_.generation),
                                   .purpose = purpose});
}

Population VariancePolicyGradient::ask() {
  state_.is_asked = true;
  return {.points = points(population_size(), "policy_gradient"), .generation = state_.generation};
}

void VariancePolicyGradient::tell(const Eigen::VectorXd& fitness) {
  if (!state_.is_asked) throw Error("tell: no population is open; call ask first");
  (void)checked_fitness(fitness, population_size());
  const auto losses = usable_losses(fitness);
  if (losses && !state_.is_stopped) {
    State next = state_;
    learn(next, {.points = points(population_size(), "policy_gradient"), .losses = *losses});
    if (can_be_drawn_from(next.distribution)) {
      state_ = std::move(next);
    } else {
      state_.is_stopped = true;
    }
  }
  ++state_.generation;
  state_.is_asked = false;
}

void VariancePolicyGradient::learn(State& state, const ScoredPoints& population) const {
  Eigen::VectorXd gradient = is_released() ? released_gradient(state.distribution, population)
                                           : score_gradient(state.distribution, population);
  clip_norm(gradient, options_.clip);
  descend(rule_, gradient, state.distribution.probabilities, state.moments);
  if (state.distribution.probabilities.allFinite()) project(state.distribution);
}

void VariancePolicyGradient::project(CategoricalDistribution& distribution) const {
  for (Eigen::Index i = 0; i < distribution.size(); ++i) {
    const Eigen::VectorXd row = distribution.row(i);
    distribution.row(i) =
        is_released() ? project_by_bisection(row) : project_to_simplex(row, floors_[i]);
  }
}

OptimizerState VariancePolicyGradient::save() const {
  OptimizerState saved;
  saved.kind = kind();
  saved.arrays = {{"probabilities", state_.distribution.probabilities},
                  {"first_moment", state_.moments.first},
                  {"second_moment", state_.moments.second}};
  save_place({.seed = state_.seed, .generation = state_.generation, .is_asked = state_.is_asked},
             population_size(), saved);
  saved.integers["num_steps"] = state_.moments.num_steps;
  saved.integers["is_stopped"] = state_.is_stopped ? 1 : 0;
  return saved;
}

void VariancePolicyGradient::restore(const OptimizerState& state) {
  const StateReader reader(state, kind());
  const auto count = state_.distribution.probabilities.size();
  State read = state_;
  const StreamPlace place = read_place(reader, population_size());
  read.seed = place.seed;
  read.generation = place.generation;
  read.is_asked = place.is_asked;
  read.is_stopped = reader.integer("is_stopped", 0, is_released() ? 1 : 0) == 1;
  read.moments = {.first = reader.array("first_moment", count, 1),
                  .second = reader.array("second_moment", count, 1),
                  .num_steps = reader.integer("num_steps", 0, read.generation)};
  if (read.moments.second.minCoeff() < 0.0) {
    reader.fail("second_moment", "holds a negative value");
  }
  read_probabilities(reader, floors_, is_released() ? SumRule::kPositive : SumRule::kOne,
                     read.distribution);
  state_ = std::move(read);
}

}  // namespace bbprompt
