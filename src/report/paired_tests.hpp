#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "report/score_matrix.hpp"

namespace bbprompt {

// Student's paired t-test on differences d_1 ... d_n:
//   t = mean(d) / (s / sqrt(n)),  s^2 = sum (d_i - mean(d))^2 / (n - 1),
//   p = P(|T| >= |t|) for T of Student's distribution with n - 1 degrees of freedom.
struct PairedTTest {
  MeanDeviation difference;
  std::optional<double> t;  // nothing for fewer than two pairs, or when all differences are equal
  std::optional<double> p;  // two-sided
};
[[nodiscard]] PairedTTest paired_t_test(std::span<const double> differences);

// Fisher's randomisation test on differences: under the null hypothesis each sign is as likely as
// the other, so
//   p = |{s in {-1, +1}^n : |sum s_i d_i| >= |sum d_i|}| / 2^n,
// two-sided, counted exactly for up to kMaxExactPairs differences that are not zero (zeros change
// nothing); beyond that p = (1 + hits) / (1 + draws) over kSignDraws random sign vectors of a fixed
// stream. Nothing for no differences.
inline constexpr std::size_t kMaxExactPairs = 40;
inline constexpr int kSignDraws = 200000;
[[nodiscard]] std::optional<double> sign_flip_test(std::span<const double> differences);

// Holm's step-down adjustment: with p sorted ascending, the i-th smallest of m becomes
// max over j <= i of min(1, (m - j + 1) p_(j)). Results in the order of the arguments.
[[nodiscard]] std::vector<double> holm_adjusted(std::span<const double> p);

inline constexpr double kSignificance = 0.05;

// A method against the baseline. With a task: paired t-test over the seeds that both have there.
// Without: sign-flip test over all pairs of task and seed.
struct Comparison {
  std::string method;
  std::optional<std::size_t> column;  // of the matrix; nothing: over all
  MeanDeviation difference;           // method minus baseline, fractions
  std::optional<double> t;            // t-tests only
  std::optional<double> p;
  std::optional<double> adjusted;  // Holm, over every p of the list
  [[nodiscard]] bool is_beyond_noise() const { return adjusted && *adjusted < kSignificance; }
};

struct PairedTests {
  std::string baseline;
  std::vector<Comparison> comparisons;  // method by method: each task, then all
};

// Every method against `baseline` (empty: the first that is not the written prompt, which itself is
// only compared where it is the baseline); against its own row of the written prompt where
// `baseline` is what the matrix calls that. Pairs that do not exist give no comparison. Throws
// UsageError for a baseline that is no row of the matrix.
[[nodiscard]] PairedTests paired_tests(const ScoreMatrix& matrix, const std::string& baseline = "");

}  // namespace bbprompt
