#include "report/chance.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

std::vector<std::int64_t> label_counts(std::span<const std::int32_t> gold, int num_labels) {
  if (gold.empty()) throw Error("expected gold labels to guess, found none");
  std::vector<std::int64_t> counts(static_cast<std::size_t>(num_labels));
  for (const std::int32_t label : gold) {
    if (label < 0 || label >= num_labels) throw Error("a gold label is out of range");
    ++counts[static_cast<std::size_t>(label)];
  }
  return counts;
}

// Mean and spread of weighted values.
class Moments {
 public:
  void add(double value, double weight = 1.0) {
    weight_ += weight;
    const double step = value - mean_;
    mean_ += step * weight / weight_;
    squares_ += weight * step * (value - mean_);
  }
  [[nodiscard]] ChanceLevel level() const {
    return {.mean = mean_, .deviation = std::sqrt(std::max(0.0, squares_ / weight_))};
  }

 private:
  double weight_ = 0.0;
  double mean_ = 0.0;
  double squares_ = 0.0;
};

// Chance of each number of heads in n throws of a fair coin.
std::vector<double> fair_binomial(std::int64_t n) {
  std::vector<double> chances;
  const auto count = static_cast<double>(n);
  for (std::int64_t k = 0; k <= n; ++k) {
    const auto heads = static_cast<double>(k);
    chances.push_back(std::exp(std::lgamma(count + 1.0) - std::lgamma(heads + 1.0) -
                               std::lgamma(count - heads + 1.0) - count * std::log(2.0)));
  }
  return chances;
}

ChanceLevel exact_guess_of_two(MetricKind metric, std::int64_t num_first, std::int64_t num_second) {
  constexpr double kNegligible = 1e-20;
  const std::vector<double> first = fair_binomial(num_first);
  const std::vector<double> second = fair_binomial(num_second);
  Moments moments;
  for (std::int64_t i = 0; i <= num_first; ++i) {
    for (std::int64_t j = 0; j <= num_second; ++j) {
      const double weight =
          first[static_cast<std::size_t>(i)] * second[static_cast<std::size_t>(j)];
      if (weight < kNegligible) continue;
      ConfusionMatrix confusion(2);
      confusion.add(0, 0, i);
      confusion.add(0, 1, num_first - i);
      confusion.add(1, 0, num_second - j);
      confusion.add(1, 1, j);
      moments.add(metric_value(metric, confusion), weight);
    }
  }
  return moments.level();
}

ChanceLevel drawn_guess(MetricKind metric, const std::vector<std::int64_t>& counts,
                        std::int64_t num_rows) {
  constexpr std::int64_t kMaxSingleGuesses = 40'000'000;
  const std::int64_t num_draws =
      std::clamp<std::int64_t>(kMaxSingleGuesses / num_rows, 1'000, kGuessDraws);
  const int num_labels = static_cast<int>(counts.size());
  RandomStream stream({.purpose = "uniform_guess"});
  Moments moments;
  std::vector<std::int64_t> guesses(counts.size());
  for (std::int64_t draw = 0; draw < num_draws; ++draw) {
    ConfusionMatrix confusion(num_labels);
    for (int gold = 0; gold < num_labels; ++gold) {
      std::fill(guesses.begin(), guesses.end(), 0);
      for (std::int64_t row = 0; row < counts[static_cast<std::size_t>(gold)]; ++row) {
        ++guesses[stream.below(counts.size())];
      }
      for (int label = 0; label < num_labels; ++label) {
        confusion.add(gold, label, guesses[static_cast<std::size_t>(label)]);
      }
    }
    moments.add(metric_value(metric, confusion));
  }
  return moments.level();
}

}  // namespace

ChanceLevel uniform_guess(MetricKind metric, std::span<const std::int32_t> gold, int num_labels) {
  const std::vector<std::int64_t> counts = label_counts(gold, num_labels);
  const auto num_rows = static_cast<std::int64_t>(gold.size());
  if (metric == MetricKind::kAccuracy) {
    const double share = 1.0 / num_labels;
    return {.mean = share,
            .deviation = std::sqrt(share * (1.0 - share) / static_cast<double>(num_rows))};
  }
  if (num_labels == 2 && (counts[0] + 1) * (counts[1] + 1) <= kMaxExactCounts) {
    return exact_guess_of_two(metric, counts[0], counts[1]);
  }
  return drawn_guess(metric, counts, num_rows);
}

double majority_score(MetricKind metric, std::span<const std::int32_t> gold, int num_labels) {
  const std::vector<std::int64_t> counts = label_counts(gold, num_labels);
  const auto most = std::max_element(counts.begin(), counts.end()) - counts.begin();
  ConfusionMatrix confusion(num_labels);
  for (int label = 0; label < num_labels; ++label) {
    confusion.add(label, static_cast<int>(most), counts[static_cast<std::size_t>(label)]);
  }
  return metric_value(metric, confusion);
}

}  // namespace bbprompt
