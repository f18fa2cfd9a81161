#include "optim/cat_cma.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "optim/categories.hpp"
#include "optim/fitness_order.hpp"
#include "optim/state_reader.hpp"
#include "optim/stream_place.hpp"

namespace bbprompt {
namespace {

constexpr double kAlpha = 1.5;

Eigen::VectorXd rank_weights(Eigen::Index lambda) {
  Eigen::VectorXd weights(lambda);
  for (Eigen::Index k = 0; k < lambda; ++k) {
    const double raw = std::log((static_cast<double>(lambda) + 1.0) / 2.0) -
                       std::log(static_cast<double>(k) + 1.0);
    weights[k] = std::max(0.0, raw);
  }
  return weights / weights.sum();
}

// The weight of each candidate; equal fitness, equal weight.
Eigen::VectorXd shared_weights(const std::vector<double>& fitness, const Eigen::VectorXd& by_rank) {
  const auto order = fitness_order(fitness);
  const auto value = [&](Eigen::Index rank) {
    return fitness[static_cast<std::size_t>(order[static_cast<std::size_t>(rank)])];
  };
  Eigen::VectorXd weights(by_rank.size());
  for (Eigen::Index rank = 0; rank < by_rank.size();) {
    Eigen::Index end = rank + 1;
    while (end < by_rank.size() && value(end) == value(rank)) ++end;
    const double share = by_rank.segment(rank, end - rank).sum() / static_cast<double>(end - rank);
    for (; rank < end; ++rank) weights[order[static_cast<std::size_t>(rank)]] = share;
  }
  return weights;
}

}  // namespace

Eigen::VectorXd root_fisher(const CategoricalDistribution& q, const Eigen::VectorXd& direction) {
  Eigen::VectorXd root(direction.size() - q.size());
  Eigen::Index at = 0;
  for (Eigen::Index i = 0; i < q.size(); ++i) {
    const Eigen::Index num_free = q.num_categories(i) - 1;
    const auto part = direction.segment(q.first(i), num_free);
    const Eigen::ArrayXd root_q = q.row(i).head(num_free).array().sqrt();
    const double last = q.row(i)[num_free];
    root.segment(at, num_free) =
        part.array() / root_q + root_q * (part.sum() / (last + std::sqrt(last)));
    at += num_free;
  }
  return root;
}

CatCma::CatCma(const CatCmaOptions& options, const SearchDomain& domain, const OptimizerSeed& seed)
    : state_{.seed = seed,
             .generation = 0,
             .distribution = uniform_over(domain, "cat_cma"),
             .path = {},
             .delta = 1.0,
             .gamma = 0.0,
             .is_asked = false} {
  if (options.population_size < 0 || options.population_size == 1) {
    throw Error("cat_cma: expected a population of at least 2, or 0 for the default, found " +
                std::to_string(options.population_size));
  }
  const auto n = static_cast<double>(dimension());
  population_size_ = options.population_size > 0
                         ? options.population_size
                         : 4 + static_cast<Eigen::Index>(std::floor(3.0 * std::log(n)));
  weights_ = rank_weights(population_size_);
  margins_.resize(dimension());
  for (Eigen::Index i = 0; i < dimension(); ++i) {
    margins_[i] = (1.0 - std::pow(0.73, 1.0 / n)) /
                  static_cast<double>(state_.distribution.num_categories(i) - 1);
  }
  state_.path = Eigen::VectorXd::Zero(state_.distribution.probabilities.size() - dimension());
}

Eigen::MatrixXd CatCma::points(Eigen::Index count, const std::string& purpose) const {
  return state_.distribution.draw(count,
                                  {.seed = state_.seed.seed,
                                   .trial = state_.seed.trial,
                                   .generation = static_cast<std::uint64_t>(state_.generation),
                                   .purpose = purpose});
}

Population CatCma::ask() {
  state_.is_asked = true;
  return {.points = points(population_size(), "cat_cma"), .generation = state_.generation};
}

void CatCma::tell(const Eigen::VectorXd& fitness) {
  if (!state_.is_asked) throw Error("tell: no population is open; call ask first");
  const auto values = checked_fitness(fitness, population_size());
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  if (*least < *greatest) {
    learn(points(population_size(), "cat_cma"), shared_weights(values, weights_));
  }
  ++state_.generation;
  state_.is_asked = false;
}

void CatCma::learn(const Eigen::MatrixXd& points, const Eigen::VectorXd& weights) {
  auto& q = state_.distribution;
  Eigen::VectorXd gradient = -q.probabilities;
  for (Eigen::Index k = 0; k < points.cols(); ++k) {
    for (Eigen::Index i = 0; i < q.size(); ++i) gradient[q.place(i, points(i, k))] += weights[k];
  }
  const Eigen::VectorXd root = root_fisher(q, gradient);
  const double length = root.norm();
  q.probabilities += (state_.delta / length) * gradient;
  apply_margin();
  adapt_step(root / length);
}

void CatCma::adapt_step(const Eigen::VectorXd& direction) {
  auto& [seed, generation, q, path, delta, gamma, is_asked] = state_;
  const double beta = std::min(1.0, delta / std::sqrt(static_cast<double>(path.size())));
  const double gain = beta * (2.0 - beta);
  path = (1.0 - beta) * path + std::sqrt(gain) * direction;
  gamma = (1.0 - beta) * (1.0 - beta) * gamma + gain;
  delta *= std::exp(beta * (path.squaredNorm() / kAlpha - gamma));
}

void CatCma::apply_margin() {
  auto& q = state_.distribution;
  for (Eigen::Index i = 0; i < dimension(); ++i) {
    auto row = q.row(i);
    const double margin = margins_[i];
    const double spare = 1.0 - margin * static_cast<double>(row.size());
    const Eigen::ArrayXd excess = (row.array() - margin).max(0.0);
    row = (margin + excess * (spare / excess.sum())).matrix();
  }
}

OptimizerState CatCma::save() const {
  OptimizerState saved;
  saved.kind = kind();
  saved.arrays = {{"probabilities", state_.distribution.probabilities},
                  {"path", state_.path},
                  {"delta", Eigen::MatrixXd::Constant(1, 1, state_.delta)},
                  {"gamma", Eigen::MatrixXd::Constant(1, 1, state_.gamma)}};
  save_place({.seed = state_.seed, .generation = state_.generation, .is_asked = state_.is_asked},
             population_size(), saved);
  return saved;
}

void CatCma::restore(const OptimizerState& state) {
  const StateReader reader(state, kind());
  State read = state_;
  const StreamPlace place = read_place(reader, population_size());
  read.seed = place.seed;
  read.generation = place.generation;
  read.is_asked = place.is_asked;
  read.path = reader.array("path", state_.path.size(), 1);
  read.delta = reader.positive("delta");
  read.gamma = reader.array("gamma", 1, 1)(0, 0);
  if (read.gamma < 0.0 || read.gamma > 1.0 + 1e-9) reader.fail("gamma", "is not from 0 to 1");
  read_probabilities(reader, margins_, SumRule::kOne, read.distribution);
  state_ = std::move(read);
}

}  // namespace bbprompt
