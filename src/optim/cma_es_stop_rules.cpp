#include "optim/cma_es_stop_rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace bbprompt {
namespace {

constexpr std::int64_t kSparseEvery = 5;
constexpr std::int64_t kMaxSparse = 20000;

// The upper one of two middle values.
double median(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  const auto middle = copy.begin() + static_cast<std::ptrdiff_t>(copy.size() / 2);
  std::nth_element(copy.begin(), middle, copy.end());
  return *middle;
}

void push(std::vector<double>& values, double value, std::int64_t max_size) {
  values.push_back(value);
  if (std::ssize(values) > max_size) values.erase(values.begin());
}

double range(const std::vector<double>& values) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  return *max - *min;
}

bool is_last_window_no_better(const std::vector<double>& values, std::size_t window) {
  const std::span<const double> all(values);
  const auto last = all.last(window);
  const auto before = all.last(2 * window).first(window);
  return median(last) >= median(before);
}

std::optional<StopReason> check_effect(const CmaEsSnapshot& now) {
  if (now.main_axis.size() > 0) {
    const double length = now.axis_lengths[now.generation % now.mean.size()];
    const Eigen::VectorXd moved = now.mean + 0.1 * now.sigma * length * now.main_axis;
    if (moved == now.mean) return StopReason::kNoEffectAxis;
  }
  const Eigen::VectorXd moved = now.mean + 0.2 * now.sigma * now.variances.cwiseSqrt();
  if ((moved.array() == now.mean.array()).any()) return StopReason::kNoEffectCoord;
  return std::nullopt;
}

}  // namespace

GenerationFitness summarize_fitness(std::vector<double> fitness) {
  std::sort(fitness.begin(), fitness.end());
  GenerationFitness summary;
  summary.best = fitness.front();
  summary.median = fitness[fitness.size() / 2];
  summary.is_flat = fitness.front() == fitness.back();
  std::erase_if(fitness, [](double value) { return !std::isfinite(value); });
  summary.range = fitness.size() < 2 ? std::numeric_limits<double>::infinity()
                                     : fitness.back() - fitness.front();
  return summary;
}

std::int64_t FitnessHistory::max_recent(const CmaEsParameters& parameters) {
  return 10 +
         (30 * parameters.dimension + parameters.population_size - 1) / parameters.population_size;
}

std::int64_t FitnessHistory::num_sparse(std::int64_t generation) {
  return std::min(generation / kSparseEvery, kMaxSparse);
}

void FitnessHistory::record(const GenerationFitness& fitness, std::int64_t generation,
                            std::int64_t max_recent) {
  push(recent_best, fitness.best, max_recent);
  if (generation % kSparseEvery == 0) {
    push(sparse_best, fitness.best, kMaxSparse);
    push(sparse_median, fitness.median, kMaxSparse);
  }
  num_flat = fitness.is_flat ? num_flat + 1 : 0;
}

CmaEsStopRules::CmaEsStopRules(const CmaEsOptions& options, const CmaEsParameters& parameters)
    : options_(options),
      dimension_(static_cast<double>(parameters.dimension)),
      population_size_(static_cast<double>(parameters.population_size)),
      max_recent_(FitnessHistory::max_recent(parameters)),
      max_iterations_(options.max_iterations) {
  if (max_iterations_ == 0) {
    max_iterations_ = static_cast<std::int64_t>(100.0 + 150.0 * std::pow(dimension_ + 3.0, 2) /
                                                            std::sqrt(population_size_));
  }
}

std::optional<StopReason> CmaEsStopRules::check(const CmaEsSnapshot& now,
                                                const GenerationFitness& fitness,
                                                const FitnessHistory& history) const {
  if (options_.has_target && fitness.best <= options_.target) return StopReason::kTarget;
  if (const auto reason = check_fitness(fitness, history)) return reason;
  if (const auto reason = check_distribution(now)) return reason;
  if (options_.tol_flat_fitness > 0 && history.num_flat >= options_.tol_flat_fitness) {
    return StopReason::kTolFlatFitness;
  }
  if (is_stagnating(now.generation, history)) return StopReason::kTolStagnation;
  if (const auto reason = check_effect(now)) return reason;
  if (now.generation >= max_iterations_) return StopReason::kMaxIterations;
  return std::nullopt;
}

std::optional<StopReason> CmaEsStopRules::check_fitness(const GenerationFitness& fitness,
                                                        const FitnessHistory& history) const {
  if (std::ssize(history.recent_best) < max_recent_) return std::nullopt;
  const double recent = range(history.recent_best);
  if (recent < options_.tol_fun && fitness.range < options_.tol_fun) return StopReason::kTolFun;
  if (recent < options_.tol_fun_hist) return StopReason::kTolFunHist;
  return std::nullopt;
}

std::optional<StopReason> CmaEsStopRules::check_distribution(const CmaEsSnapshot& now) const {
  const double max_deviation = now.sigma * std::sqrt(now.variances.maxCoeff());
  const double max_path = now.sigma * now.p_c.cwiseAbs().maxCoeff();
  if (max_deviation < options_.tol_x && max_path < options_.tol_x) return StopReason::kTolX;
  if (options_.tol_fac_up_x > 0.0 && max_deviation > options_.tol_fac_up_x * options_.sigma) {
    return StopReason::kTolFacUpX;
  }
  const double longest = now.axis_lengths.maxCoeff();
  const double ratio = longest / now.axis_lengths.minCoeff();
  if (options_.tol_up_sigma > 0.0 && now.sigma / options_.sigma > options_.tol_up_sigma * longest) {
    return StopReason::kTolUpSigma;
  }
  if (options_.tol_condition_cov > 0.0 && ratio * ratio > options_.tol_condition_cov) {
    return StopReason::kTolConditionCov;
  }
  return std::nullopt;
}

bool CmaEsStopRules::is_stagnating(std::int64_t generation, const FitnessHistory& history) const {
  if (!options_.is_stagnation_stop || generation % kSparseEvery != 0) return false;
  if (static_cast<double>(generation) <= dimension_ * (5.0 + 100.0 / population_size_)) {
    return false;
  }
  const double tolerance = 100.0 + 100.0 * std::pow(dimension_, 1.5) / population_size_;
  const auto size = history.sparse_best.size();
  const auto window = std::max(
      static_cast<std::size_t>(tolerance / (2.0 * static_cast<double>(kSparseEvery))), size / 10);
  return 2 * window <= size && is_last_window_no_better(history.sparse_best, window) &&
         is_last_window_no_better(history.sparse_median, window);
}

}  // namespace bbprompt
