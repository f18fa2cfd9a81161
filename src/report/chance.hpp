#pragma once

#include <cstdint>
#include <span>

#include "bbprompt/task/metric.hpp"

namespace bbprompt {

// What a predictor that reads no text reaches on given rows.
struct ChanceLevel {
  double mean = 0.0;
  double deviation = 0.0;  // standard deviation of one such run, over its guesses
};

// Every label of the task equally likely, row by row. Accuracy: exact, 1/L and the binomial's
// spread. With two labels every metric is exact, summed over the counts of both labels' right
// guesses, for up to kMaxExactCounts of them. Otherwise over kGuessDraws guesses of a fixed stream
// (fewer beyond 4,000 rows: 40 million single guesses in all, at least 1,000 draws). Throws Error
// for no rows, or labels out of range.
inline constexpr std::int64_t kMaxExactCounts = 1'000'000;
inline constexpr std::int64_t kGuessDraws = 10'000;
[[nodiscard]] ChanceLevel uniform_guess(MetricKind metric, std::span<const std::int32_t> gold,
                                        int num_labels);

// Always the label that most of these rows have; the first of them on ties.
[[nodiscard]] double majority_score(MetricKind metric, std::span<const std::int32_t> gold,
                                    int num_labels);

}  // namespace bbprompt
