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

// Two methods are level where their difference is shown to be less than this; a fraction.
inline constexpr double kDefaultMargin = 0.01;

// A difference against its standard error, by Student's distribution.
struct StudentTest {
  double t = 0.0;
  double p = 0.0;                // two-sided, that the true difference is 0
  double low = 0.0, high = 0.0;  // 95 % interval
  // That the true difference is at least the margin, on either side: the larger of the two
  // one-sided p values (TOST; Schuirmann 1987).
  double p_level = 0.0;
};
struct ErrorOfDifference {
  double error = 0.0;    // standard error, above 0
  double degrees = 0.0;  // of freedom, above 0
  double margin = kDefaultMargin;
};
[[nodiscard]] StudentTest student_test(double difference, const ErrorOfDifference& scale);

// A method against the baseline. With a task: over the seeds that both have there, and over the
// test rows once measure_rows() has added them; before, t and p are the paired t-test's over seeds
// alone. Without a task: over the tasks' mean differences, each task one unit.
struct Comparison {
  std::string method;
  std::string baseline;               // the row it is compared with
  std::optional<std::size_t> column;  // of the matrix; nothing: over all
  MeanDeviation difference;           // method minus baseline, fractions; over seeds, or over tasks
  std::optional<double> row_error;    // standard error over the test rows alone
  std::optional<double> error;        // over seeds and rows, or over tasks
  std::optional<StudentTest> test;    // nothing without an error
  std::optional<double> p_sign_flip;  // over tasks
  std::optional<double> adjusted;     // test->p by Holm, over the comparisons of the list
  std::optional<double> level;        // test->p_level by Holm, over the same

  // Over the seeds alone; nothing for fewer than two.
  [[nodiscard]] std::optional<double> seed_error() const;
  // A difference on a task counts only where its test rows do.
  [[nodiscard]] bool is_beyond_noise() const {
    return (!column || row_error) && adjusted && *adjusted < kSignificance;
  }
  [[nodiscard]] bool is_level() const {
    return (!column || row_error) && level && *level < kSignificance;
  }
};

struct PairedTests {
  std::string baseline;  // that was asked for; empty: each comparison has its own
  double margin = kDefaultMargin;
  std::vector<Comparison> comparisons;  // method by method: each task, then all
};

// What is compared with what: declared before the figures are seen, as Holm's correction takes it.
struct TestedSet {
  std::string baseline;
  std::vector<std::string> methods;  // empty: every method
  double margin = kDefaultMargin;
};

// Every method of the set against the baseline (empty: the first that is no control; a control is
// compared only where it is the baseline); against its own row of the written prompt where the
// baseline is what the matrix calls that. Pairs that do not exist give no comparison. Throws
// UsageError for a name that is no row of the matrix.
[[nodiscard]] PairedTests paired_tests(const ScoreMatrix& matrix, const TestedSet& set = {});

// Holm over the p values of the list, in place.
void adjust_for_all(PairedTests& tests);

// Adds the comparisons of one row with another, before Holm.
void compare_rows(PairedTests& tests, const MatrixRow& row, const MatrixRow& baseline);

// Adds the test rows: a bootstrap over rows and seeds (row_bootstrap.hpp) for every comparison on a
// task whose predictions and gold labels `results` has, of which the matrix was made; then Holm.
void measure_rows(PairedTests& tests, const ScoreMatrix& matrix, const Results& results);

}  // namespace bbprompt
