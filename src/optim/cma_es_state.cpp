#include <Eigen/Core>
#include <algorithm>
#include <utility>

#include "optim/cma_es.hpp"
#include "optim/state_reader.hpp"
#include "optim/stream_place.hpp"

namespace bbprompt {
namespace {

constexpr std::int64_t kNoStop = -1;

Eigen::MatrixXd column(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), std::ssize(values));
}

Eigen::VectorXd read_stretch(const StateReader& reader, Eigen::Index n) {
  Eigen::VectorXd stretch = reader.array("stretch", n, 1);
  if (stretch.minCoeff() <= 0.0) reader.fail("stretch", "holds a value that is not positive");
  return stretch;
}

Covariance read_covariance(const StateReader& reader, CovarianceKind kind, Eigen::Index n) {
  if (kind == CovarianceKind::kSeparable) {
    const Eigen::VectorXd variances = reader.array("covariance", n, 1);
    return DiagonalCovariance(variances);
  }
  return FullCovariance(reader.array("covariance", n, n), reader.array("eigenvectors", n, n),
                        reader.array("axis_lengths", n, 1));
}

}  // namespace

OptimizerState CmaEs::save() const {
  OptimizerState saved;
  saved.kind = kind();
  saved.arrays = {{"mean", state_.mean},
                  {"p_sigma", state_.p_sigma},
                  {"p_c", state_.p_c},
                  {"sigma", Eigen::MatrixXd::Constant(1, 1, state_.sigma)},
                  {"recent_best", column(state_.history.recent_best)},
                  {"sparse_best", column(state_.history.sparse_best)},
                  {"sparse_median", column(state_.history.sparse_median)}};
  if (const auto* full = std::get_if<FullCovariance>(&state_.covariance)) {
    saved.arrays["covariance"] = full->matrix();
    saved.arrays["eigenvectors"] = full->basis();
    saved.arrays["axis_lengths"] = full->axis_lengths();
  } else {
    saved.arrays["covariance"] = std::get<DiagonalCovariance>(state_.covariance).variances();
  }
  if (margin_) saved.arrays["stretch"] = state_.stretch;
  save_place({.seed = state_.seed, .generation = state_.generation, .is_asked = is_asked_},
             population_size(), saved);
  saved.integers["decomposed_at"] = state_.decomposed_at;
  saved.integers["num_flat"] = state_.history.num_flat;
  saved.integers["stop_reason"] = state_.stop ? static_cast<std::int64_t>(*state_.stop) : kNoStop;
  return saved;
}

CmaEs::State CmaEs::read_state(const OptimizerState& saved) const {
  const StateReader reader(saved, kind());
  const auto n = dimension();
  const auto last_reason = static_cast<std::int64_t>(StopReason::kTarget);
  const StreamPlace place = read_place(reader, population_size());
  const auto generation = place.generation;
  const auto reason = reader.integer("stop_reason", kNoStop, last_reason);
  const auto num_recent = std::min(generation, FitnessHistory::max_recent(parameters_));
  const auto num_sparse = FitnessHistory::num_sparse(generation);
  return {
      .seed = place.seed,
      .generation = generation,
      .decomposed_at = reader.integer("decomposed_at", 0, generation),
      .mean = reader.array("mean", n, 1),
      .sigma = reader.positive("sigma"),
      .p_sigma = reader.array("p_sigma", n, 1),
      .p_c = reader.array("p_c", n, 1),
      .stretch = margin_ ? read_stretch(reader, n) : Eigen::VectorXd(),
      .covariance = read_covariance(reader, options_.covariance, n),
      .history = {.recent_best = reader.fitness("recent_best", num_recent),
                  .sparse_best = reader.fitness("sparse_best", num_sparse),
                  .sparse_median = reader.fitness("sparse_median", num_sparse),
                  .num_flat = reader.integer("num_flat", 0, generation)},
      .stop = reason == kNoStop ? std::nullopt : std::optional(static_cast<StopReason>(reason))};
}

void CmaEs::restore(const OptimizerState& state) {
  const StateReader reader(state, kind());
  const bool is_asked = read_place(reader, population_size()).is_asked;
  State read = read_state(state);
  Sample sample;
  if (is_asked) sample = draw(read, population_size(), "cma_es");
  state_ = std::move(read);
  sample_ = std::move(sample);
  is_asked_ = is_asked;
}

}  // namespace bbprompt
