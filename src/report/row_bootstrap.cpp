#include "report/row_bootstrap.hpp"

#include <algorithm>
#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/report/summary.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxDraws = 2'000;
constexpr std::size_t kMinDraws = 200;
constexpr std::size_t kMaxDrawnRows = 20'000'000;

// Mean over trials of one draw.
double mean_of(const std::vector<const RowBootstrap::Metrics*>& trials, std::size_t draw) {
  double sum = 0.0;
  for (const auto* trial : trials) sum += (*trial)[draw];
  return sum / static_cast<double>(trials.size());
}

// Difference of each seed (inner) in each draw of rows (outer).
std::vector<std::vector<double>> drawn_differences(std::span<const SeedMetrics> seeds) {
  const std::size_t num_draws = seeds.front().method.front()->size();
  std::vector<std::vector<double>> draws(num_draws);
  for (std::size_t draw = 0; draw < num_draws; ++draw) {
    for (const SeedMetrics& seed : seeds) {
      draws[draw].push_back(mean_of(seed.method, draw) - mean_of(seed.baseline, draw));
    }
  }
  return draws;
}

double row_error_of(const std::vector<std::vector<double>>& draws) {
  std::vector<double> means;
  for (const std::vector<double>& seeds : draws) means.push_back(mean_deviation(seeds).mean);
  return mean_deviation(means).deviation.value_or(0.0);
}

double both_error_of(const std::vector<std::vector<double>>& draws, std::size_t num_seeds) {
  RandomStream stream({.seed = num_seeds, .purpose = "bootstrap_seeds"});
  std::vector<double> means;
  for (const std::vector<double>& seeds : draws) {
    double sum = 0.0;
    for (std::size_t i = 1; i < num_seeds; ++i) sum += seeds[stream.below(num_seeds)];
    means.push_back(sum / static_cast<double>(num_seeds - 1));
  }
  return mean_deviation(means).deviation.value_or(0.0);
}

}  // namespace

RowBootstrap::RowBootstrap(MetricKind metric, int num_labels, std::size_t max_rows)
    : metric_(metric),
      num_labels_(num_labels),
      num_draws_(static_cast<int>(
          std::clamp(kMaxDrawnRows / std::max<std::size_t>(max_rows, 1), kMinDraws, kMaxDraws))) {}

const RowBootstrap::Times& RowBootstrap::times(std::span<const std::int32_t> gold) {
  const Gold key(gold.begin(), gold.end());
  const auto known = times_.find(key);
  if (known != times_.end()) return known->second;
  // Other rows, other draws.
  RandomStream stream({.seed = gold.size(), .trial = times_.size(), .purpose = "bootstrap_rows"});
  Times times(gold.size() * static_cast<std::size_t>(num_draws_));
  for (std::size_t begin = 0; begin < times.size(); begin += gold.size()) {
    for (std::size_t i = 0; i < gold.size(); ++i) ++times[begin + stream.below(gold.size())];
  }
  return times_.emplace(key, std::move(times)).first->second;
}

RowBootstrap::Metrics RowBootstrap::measured(const Times& times, std::span<const std::int32_t> gold,
                                             std::span<const std::int32_t> predicted) const {
  const auto num_labels = static_cast<std::size_t>(num_labels_);
  std::vector<std::size_t> cells;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    cells.push_back(static_cast<std::size_t>(gold[i]) * num_labels +
                    static_cast<std::size_t>(predicted[i]));
  }
  Metrics metrics;
  std::vector<std::int64_t> counts(num_labels * num_labels);
  for (std::size_t begin = 0; begin < times.size(); begin += cells.size()) {
    std::fill(counts.begin(), counts.end(), 0);
    for (std::size_t i = 0; i < cells.size(); ++i) counts[cells[i]] += times[begin + i];
    ConfusionMatrix confusion(num_labels_);
    for (std::size_t cell = 0; cell < counts.size(); ++cell) {
      confusion.add(static_cast<int>(cell / num_labels), static_cast<int>(cell % num_labels),
                    counts[cell]);
    }
    metrics.push_back(metric_value(metric_, confusion));
  }
  return metrics;
}

RowBootstrap::Metrics RowBootstrap::guessed(const Times& times,
                                            std::span<const std::int32_t> gold) const {
  Metrics metrics;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(num_labels_));
  for (std::size_t begin = 0; begin < times.size(); begin += gold.size()) {
    std::fill(counts.begin(), counts.end(), 0);
    for (std::size_t i = 0; i < gold.size(); ++i) {
      counts[static_cast<std::size_t>(gold[i])] += times[begin + i];
    }
    // Each answer as often as the others; metrics do not change when all counts are multiplied.
    ConfusionMatrix confusion(num_labels_);
    for (int label = 0; label < num_labels_; ++label) {
      for (int answer = 0; answer < num_labels_; ++answer) {
        confusion.add(label, answer, counts[static_cast<std::size_t>(label)]);
      }
    }
    metrics.push_back(metric_value(metric_, confusion));
  }
  return metrics;
}

const RowBootstrap::Metrics& RowBootstrap::of(std::span<const std::int32_t> gold,
                                              std::span<const std::int32_t> predicted) {
  if (gold.size() != predicted.size() || gold.empty()) {
    throw Error("expected a prediction for every gold label");
  }
  const auto known = known_.find(predicted.data());
  if (known != known_.end()) return known->second;
  return known_.emplace(predicted.data(), measured(times(gold), gold, predicted)).first->second;
}

const RowBootstrap::Metrics& RowBootstrap::of_majority(std::span<const std::int32_t> gold) {
  const Gold key(gold.begin(), gold.end());
  const auto known = majority_.find(key);
  if (known != majority_.end()) return known->second;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(num_labels_));
  for (const std::int32_t label : gold) ++counts[static_cast<std::size_t>(label)];
  const auto most = std::max_element(counts.begin(), counts.end()) - counts.begin();
  const Gold predicted(gold.size(), static_cast<std::int32_t>(most));
  return majority_.emplace(key, measured(times(gold), gold, predicted)).first->second;
}

const RowBootstrap::Metrics& RowBootstrap::of_guess(std::span<const std::int32_t> gold) {
  const Gold key(gold.begin(), gold.end());
  const auto known = guess_.find(key);
  if (known != guess_.end()) return known->second;
  return guess_.emplace(key, guessed(times(gold), gold)).first->second;
}

TwoWayError two_way_error(std::span<const SeedMetrics> seeds, std::span<const double> differences,
                          std::size_t num_rows) {
  const auto draws = drawn_differences(seeds);
  TwoWayError error{.row_error = row_error_of(draws), .error = std::nullopt, .degrees = 0.0};
  if (seeds.size() < 2) return error;
  error.error = both_error_of(draws, seeds.size());
  const auto num_seeds = static_cast<double>(seeds.size());
  const double deviation = mean_deviation(differences).deviation.value_or(0.0);
  const double of_seeds = deviation * deviation / num_seeds;
  const double of_rows = error.row_error * error.row_error;
  const double parts = of_seeds * of_seeds / (num_seeds - 1.0) +
                       of_rows * of_rows / std::max(1.0, static_cast<double>(num_rows) - 1.0);
  if (parts > 0.0) error.degrees = (of_seeds + of_rows) * (of_seeds + of_rows) / parts;
  return error;
}

}  // namespace bbprompt
