#include "optim/cma_es.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/base/wording.hpp"
#include "optim/fitness_order.hpp"
#include "optim/search_domain.hpp"

namespace bbprompt {
namespace {

Covariance identity_covariance(CovarianceKind kind, Eigen::Index dimension) {
  if (kind == CovarianceKind::kSeparable) return DiagonalCovariance(dimension);
  return FullCovariance(dimension);
}

const Eigen::VectorXd& axis_lengths_of(const Covariance& covariance) {
  return std::visit([](const auto& c) -> const Eigen::VectorXd& { return c.axis_lengths(); },
                    covariance);
}

Eigen::VectorXd variances_of(const Covariance& covariance) {
  return std::visit([](const auto& c) -> Eigen::VectorXd { return c.variances(); }, covariance);
}

}  // namespace

CmaEs::CmaEs(const CmaEsOptions& options, const Eigen::VectorXd& start, const OptimizerSeed& seed)
    : CmaEs(options, SearchDomain{.start = start}, seed) {}

CmaEs::CmaEs(const CmaEsOptions& options, const SearchDomain& domain, const OptimizerSeed& seed)
    : options_(options),
      parameters_(make_cma_es_parameters(domain.start.size(), options)),
      stop_rules_(options, parameters_),
      state_{.seed = seed,
             .generation = 0,
             .decomposed_at = 0,
             .mean = domain.start,
             .sigma = options.sigma,
             .p_sigma = Eigen::VectorXd::Zero(domain.start.size()),
             .p_c = Eigen::VectorXd::Zero(domain.start.size()),
             .stretch = {},
             .covariance = identity_covariance(options.covariance, domain.start.size()),
             .history = {},
             .stop = std::nullopt} {
  check_domain(domain, "CMA-ES");
  const auto& categories = domain.num_categories;
  if (std::all_of(categories.begin(), categories.end(), [](int k) { return k == 0; })) return;
  margin_.emplace(domain, parameters_.population_size);
  state_.mean = margin_->to_inside(domain.start);
  state_.stretch = Eigen::VectorXd::Ones(domain.start.size());
  correct_margin(state_);
}

std::string CmaEs::kind() const {
  const std::string prefix = margin_ ? "integer_" : "";
  return prefix + (is_separable() ? "separable_cma_es" : "cma_es");
}

Eigen::VectorXd CmaEs::favourite() const {
  return margin_ ? Eigen::VectorXd(margin_->to_domain(state_.mean)) : state_.mean;
}

CmaEs::Sample CmaEs::draw(const State& state, Eigen::Index count,
                          const std::string& purpose) const {
  RandomStream random({.seed = state.seed.seed,
                       .trial = state.seed.trial,
                       .generation = static_cast<std::uint64_t>(state.generation),
                       .purpose = purpose});
  Sample sample;
  sample.normals.resize(dimension(), count);
  for (auto normal : sample.normals.colwise()) {
    for (double& value : normal) value = random.normal();
  }
  sample.steps =
      std::visit([&](const auto& c) { return c.stretch(sample.normals); }, state.covariance);
  return sample;
}

Population CmaEs::ask() {
  if (!is_asked_) sample_ = draw(state_, population_size(), "cma_es");
  is_asked_ = true;
  return {.points = points(sample_.steps), .generation = state_.generation};
}

Eigen::MatrixXd CmaEs::sample(Eigen::Index count) const {
  return points(draw(state_, count, "cma_es_sample").steps);
}

Eigen::MatrixXd CmaEs::points(const Eigen::MatrixXd& steps) const {
  if (!margin_) return (state_.sigma * steps).colwise() + state_.mean;
  const Eigen::MatrixXd stretched = state_.stretch.asDiagonal() * steps;
  return margin_->to_domain((state_.sigma * stretched).colwise() + state_.mean);
}

void CmaEs::tell(const Eigen::VectorXd& fitness) {
  if (!is_asked_) throw Error("tell: no population is open; call ask first");
  auto values = checked_fitness(fitness, population_size());
  const auto order = fitness_order(values);
  Eigen::VectorXd weights(population_size());
  for (Eigen::Index rank = 0; rank < population_size(); ++rank) {
    weights[order[static_cast<std::size_t>(rank)]] = parameters_.weights[rank];
  }
  State next = state_;
  adapt(next, weights);
  const auto summary = summarize_fitness(std::move(values));
  next.history.record(summary, next.generation, FitnessHistory::max_recent(parameters_));
  if (!next.stop) next.stop = stop_rules_.check(snapshot(next), summary, next.history);
  state_ = std::move(next);
  sample_ = {};
  is_asked_ = false;
}

// Equation numbers are those of arXiv 1604.00772; weights are by candidate, not by rank.
void CmaEs::adapt(State& state, const Eigen::VectorXd& weights) const {
  const auto& p = parameters_;
  const Eigen::VectorXd parents = weights.cwiseMax(0.0);
  const Eigen::VectorXd y_w = sample_.steps * parents;  // 41
  const Eigen::VectorXd z_w = sample_.normals * parents;
  ++state.generation;
  state.mean += state.sigma * y_w;  // 42

  // C^(-1/2) y_w = B D^-1 B^T B D z_w = B z_w
  const Eigen::VectorXd white =
      std::visit([&](const auto& c) -> Eigen::VectorXd { return c.rotate(z_w); }, state.covariance);
  state.p_sigma = (1.0 - p.c_sigma) * state.p_sigma +
                  std::sqrt(p.c_sigma * (2.0 - p.c_sigma) * p.mu_eff) * white;  // 43
  const double length = state.p_sigma.norm();
  state.sigma *= std::exp(p.c_sigma / p.d_sigma * (length / p.chi_n - 1.0));  // 44

  const double decayed =
      1.0 - std::pow(1.0 - p.c_sigma, 2.0 * static_cast<double>(state.generation));
  const double bound = (1.4 + 2.0 / (static_cast<double>(p.dimension) + 1.0)) * p.chi_n;
  const bool is_path_frozen = length >= bound * std::sqrt(decayed);  // h_sigma = 0
  state.p_c *= 1.0 - p.c_c;                                          // 45
  if (!is_path_frozen) state.p_c += std::sqrt(p.c_c * (2.0 - p.c_c) * p.mu_eff) * y_w;

  const auto update = covariance_update(state, weights, is_path_frozen);
  const bool is_due =
      is_separable() || static_cast<double>(state.generation - state.decomposed_at) >= p.eigen_gap;
  std::visit(
      [&](auto& c) {
        c.update(update, sample_.steps);
        if (is_due) c.decompose();
      },
      state.covariance);
  if (is_due) state.decomposed_at = state.generation;
  if (margin_) correct_margin(state);
  const bool is_finite = std::visit([](const auto& c) { return c.is_finite(); }, state.covariance);
  if (!is_finite || !state.mean.allFinite() || !state.p_c.allFinite() ||
      !state.stretch.allFinite() || !std::isnormal(state.sigma)) {
    throw Error("CMA-ES: the distribution left the range of numbers in generation " +
                std::to_string(state.generation) + " (sigma " + short_number(state.sigma) +
                "); stop when a stop rule holds, or start with another sigma");
  }
}

CovarianceUpdate CmaEs::covariance_update(const State& state, const Eigen::VectorXd& weights,
                                          bool is_path_frozen) const {
  const auto& p = parameters_;
  CovarianceUpdate update;
  const double correction = is_path_frozen ? p.c_c * (2.0 - p.c_c) : 0.0;      // delta(h_sigma)
  update.decay = 1.0 + p.c_1 * correction - p.c_1 - p.c_mu * p.weights.sum();  // 47
  update.path_weight = p.c_1;
  update.path = state.p_c;
  update.step_weights = p.c_mu * weights;
  for (Eigen::Index i = 0; i < weights.size(); ++i) {  // 46: ||C^(-1/2) y_i|| = ||z_i||
    const double squared = sample_.normals.col(i).squaredNorm();
    if (weights[i] < 0.0) {
      update.step_weights[i] *= squared > 0.0 ? static_cast<double>(p.dimension) / squared : 0.0;
    }
  }
  return update;
}

void CmaEs::correct_margin(State& state) const {
  margin_->correct(state.mean, state.stretch,
                   state.sigma * variances_of(state.covariance).cwiseSqrt());
}

CmaEsSnapshot CmaEs::snapshot(const State& state) const {
  CmaEsSnapshot now{.generation = state.generation,
                    .sigma = state.sigma,
                    .mean = state.mean,
                    .p_c = state.p_c,
                    .variances = variances_of(state.covariance),
                    .axis_lengths = axis_lengths_of(state.covariance),
                    .main_axis = {}};
  if (const auto* full = std::get_if<FullCovariance>(&state.covariance)) {
    now.main_axis = full->axis(state.generation % dimension());
  }
  return now;
}

OptimizerStatistics CmaEs::statistics() const {
  const auto& lengths = axis_lengths_of(state_.covariance);
  const Eigen::VectorXd variances = variances_of(state_.covariance);
  return {.sigma = state_.sigma,
          .axis_ratio = lengths.maxCoeff() / lengths.minCoeff(),
          .min_deviation = state_.sigma * std::sqrt(variances.minCoeff()),
          .max_deviation = state_.sigma * std::sqrt(variances.maxCoeff())};
}

}  // namespace bbprompt
