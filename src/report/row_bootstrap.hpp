#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "bbprompt/task/metric.hpp"

namespace bbprompt {

// Test metrics on rows drawn again, of predictions on one task. Predictions on equal rows (equal
// gold labels) meet the same draws, so that differences keep what the rows have in common. The
// draws are of a fixed stream.
class RowBootstrap {
 public:
  // One metric per draw.
  using Metrics = std::vector<double>;

  // `max_rows`: of the largest test split. 2,000 draws, and fewer where that would be over 20
  // million rows in all, but at least 200.
  RowBootstrap(MetricKind metric, int num_labels, std::size_t max_rows);

  // The spans name the predictions: what they refer to must stay as it is. Throws Error where the
  // sizes differ.
  const Metrics& of(std::span<const std::int32_t> gold, std::span<const std::int32_t> predicted);
  // Of the label that most of the rows have.
  const Metrics& of_majority(std::span<const std::int32_t> gold);
  // Of a uniform guess: the metric of the expected counts, as the gold labels change.
  const Metrics& of_guess(std::span<const std::int32_t> gold);

  [[nodiscard]] int num_draws() const { return num_draws_; }

 private:
  using Gold = std::vector<std::int32_t>;
  using Times = std::vector<std::uint16_t>;  // how often each row is drawn, draw by draw

  const Times& times(std::span<const std::int32_t> gold);
  [[nodiscard]] Metrics measured(const Times& times, std::span<const std::int32_t> gold,
                                 std::span<const std::int32_t> predicted) const;
  [[nodiscard]] Metrics guessed(const Times& times, std::span<const std::int32_t> gold) const;

  MetricKind metric_;
  int num_labels_;
  int num_draws_;
  std::map<Gold, Times> times_;
  std::map<const std::int32_t*, Metrics> known_;  // by where the predictions are
  std::map<Gold, Metrics> majority_;
  std::map<Gold, Metrics> guess_;
};

// The metrics of one seed: of the trials of a method, and of what it is compared with.
struct SeedMetrics {
  std::vector<const RowBootstrap::Metrics*> method;
  std::vector<const RowBootstrap::Metrics*> baseline;
};

// Standard errors of a mean difference over seeds.
struct TwoWayError {
  double row_error = 0.0;       // over the test rows alone, the seeds as they are
  std::optional<double> error;  // over both; nothing for fewer than two seeds
  double degrees = 0.0;         // of freedom, of `error`
};

// `differences`: of the seeds, on the rows as they are. row_error is the deviation over draws of
// rows; error is that over draws of rows and of seeds together, S - 1 seeds of S with replacement
// each time (Rao and Wu 1988), which makes the seeds' part s^2 / S without bias. Degrees of freedom
// after Satterthwaite (1946) from the parts s^2 / S with S - 1 and row_error^2 with num_rows - 1.
[[nodiscard]] TwoWayError two_way_error(std::span<const SeedMetrics> seeds,
                                        std::span<const double> differences, std::size_t num_rows);

}  // namespace bbprompt
