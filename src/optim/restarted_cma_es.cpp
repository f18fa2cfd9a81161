#include "optim/restarted_cma_es.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "optim/fitness_order.hpp"
#include "optim/nested_state.hpp"
#include "optim/search_domain.hpp"
#include "optim/state_reader.hpp"

namespace bbprompt {
namespace {

constexpr double kMaxPopulation = 1 << 20;
constexpr std::int64_t kMaxCount = std::int64_t{1} << 53;
constexpr const char* kPurpose = "cma_es_restart";

const CmaEsOptions& checked(const CmaEsOptions& options) {
  if (options.restarts == RestartKind::kNone || options.max_restarts < 0) {
    throw Error("CMA-ES with restarts: expected restarts ipop or bipop, and max_restarts >= 0");
  }
  return options;
}

}  // namespace

RestartedCmaEs::RestartedCmaEs(const CmaEsOptions& options, const SearchDomain& domain,
                               const OptimizerSeed& seed)
    : options_(checked(options)),
      domain_(domain),
      plan_{.seed = seed},
      run_(options, domain, seed),
      best_{.point = domain.start} {}

std::string RestartedCmaEs::kind() const {
  return (options_.restarts == RestartKind::kIpop ? "ipop_" : "bipop_") + run_.kind();
}

CmaEs RestartedCmaEs::make_run(const Plan& plan) const {
  const auto part = static_cast<std::uint64_t>(plan.run - 1);
  const OptimizerSeed seed = part_seed(plan.seed, part, kPurpose);
  if (part == 0) return {options_, domain_, seed};
  RandomStream random({.seed = seed.seed, .trial = seed.trial, .purpose = kPurpose});
  SearchDomain domain = domain_;
  const Eigen::VectorXd steps = options_.sigma * unit_steps(domain_);
  for (Eigen::Index i = 0; i < dimension(); ++i) {
    double& start = domain.start[i];
    start += steps[i] * random.normal();
    const auto at = static_cast<std::size_t>(i);
    const int categories = domain_.num_categories.empty() ? 0 : domain_.num_categories[at];
    if (categories > 0) start = std::clamp(start, 0.0, categories - 1.0);
  }
  CmaEsOptions options = options_;
  const auto first =
      static_cast<double>(make_cma_es_parameters(dimension(), options_).population_size);
  double size = std::min(kMaxPopulation, std::ldexp(first, static_cast<int>(plan.num_doublings)));
  if (plan.is_small) {
    const double u = random.uniform();
    size = std::max(2.0, std::floor(first * std::pow(0.5 * size / first, u * u)));
    options.sigma *= std::pow(10.0, -2.0 * random.uniform());
    const auto limit = static_cast<double>(plan.last_large_evaluations) / 2.0;
    const auto generations = std::max(std::int64_t{1}, static_cast<std::int64_t>(limit / size));
    options.max_iterations =
        options_.max_iterations > 0 ? std::min(options_.max_iterations, generations) : generations;
  }
  options.population_size = static_cast<int>(size);
  return {options, domain, seed};
}

RestartedCmaEs::Plan RestartedCmaEs::next_plan(std::int64_t num_evaluations) const {
  Plan next = plan_;
  ++next.run;
  if (plan_.is_small) {
    next.small_evaluations += num_evaluations;
  } else {
    next.large_evaluations += num_evaluations;
    next.last_large_evaluations = num_evaluations;
  }
  next.is_small =
      options_.restarts == RestartKind::kBipop && next.small_evaluations < next.large_evaluations;
  if (!next.is_small) ++next.num_doublings;
  return next;
}

Population RestartedCmaEs::ask() {
  asked_ = run_.ask().points;
  return {.points = *asked_, .generation = generation_};
}

void RestartedCmaEs::tell(const Eigen::VectorXd& fitness) {
  if (!asked_) throw Error("tell: no population is open; call ask first");
  const auto values = checked_fitness(fitness, population_size());
  run_.tell(fitness);
  const Eigen::Index first = fitness_order(values).front();
  const double best = values[static_cast<std::size_t>(first)];
  if (best < best_.fitness) {
    best_ = {.point = asked_->col(first), .fitness = best, .run = plan_.run};
  }
  asked_.reset();
  ++generation_;
  run_evaluations_ += std::ssize(values);
  const auto reason = run_.stop_reason();
  const bool is_last = !plan_.is_small && plan_.num_doublings >= options_.max_restarts;
  if (!reason || reason == StopReason::kTarget || is_last) return;
  plan_ = next_plan(run_evaluations_);
  run_ = make_run(plan_);
  run_evaluations_ = 0;
}

Eigen::VectorXd RestartedCmaEs::favourite() const {
  const bool is_of_earlier_run = best_.run > 0 && best_.run < plan_.run;
  return is_of_earlier_run ? best_.point : run_.favourite();
}

OptimizerState RestartedCmaEs::save() const {
  OptimizerState saved;
  saved.kind = kind();
  saved.arrays = {{"best", best_.point},
                  {"best_fitness", Eigen::MatrixXd::Constant(1, 1, best_.fitness)}};
  saved.integers = {{"seed", std::bit_cast<std::int64_t>(plan_.seed.seed)},
                    {"trial", std::bit_cast<std::int64_t>(plan_.seed.trial)},
                    {"generation", generation_},
                    {"run", plan_.run},
                    {"num_doublings", plan_.num_doublings},
                    {"is_small", plan_.is_small ? 1 : 0},
                    {"large_evaluations", plan_.large_evaluations},
                    {"small_evaluations", plan_.small_evaluations},
                    {"last_large_evaluations", plan_.last_large_evaluations},
                    {"best_run", best_.run},
                    {"is_asked", asked_ ? 1 : 0}};
  add_part(saved, "run_", run_.save());
  return saved;
}

RestartedCmaEs::Plan RestartedCmaEs::read_plan(const OptimizerState& state) const {
  const StateReader reader(state, kind());
  Plan plan;
  plan.seed = {.seed = reader.bits("seed"), .trial = reader.bits("trial")};
  plan.run = reader.integer("run", 1, kMaxCount);
  plan.num_doublings = reader.integer("num_doublings", 0,
                                      std::min<std::int64_t>(plan.run - 1, options_.max_restarts));
  plan.is_small = reader.integer("is_small", 0, plan.run > 1 ? 1 : 0) == 1;
  plan.large_evaluations = reader.integer("large_evaluations", 0, kMaxCount);
  plan.small_evaluations = reader.integer("small_evaluations", 0, kMaxCount);
  plan.last_large_evaluations = reader.integer("last_large_evaluations", 0, plan.large_evaluations);
  return plan;
}

void RestartedCmaEs::restore(const OptimizerState& state) {
  const StateReader reader(state, kind());
  const Plan plan = read_plan(state);
  CmaEs run = make_run(plan);
  const OptimizerState part = part_state(state, "run_", run.kind());
  run.restore(part);
  const auto run_generation = part.integers.at("generation");
  const auto generation = reader.integer("generation", run_generation, kMaxCount);
  Best best{.point = reader.array("best", dimension(), 1),
            .fitness = reader.fitness("best_fitness", 1).front(),
            .run = reader.integer("best_run", 0, plan.run)};
  std::optional<Eigen::MatrixXd> asked;
  if (reader.integer("is_asked", 0, 1) == 1) asked = run.ask().points;
  plan_ = plan;
  run_ = std::move(run);
  generation_ = generation;
  run_evaluations_ = run_generation * population_size();
  best_ = std::move(best);
  asked_ = std::move(asked);
}

}  // namespace bbprompt
