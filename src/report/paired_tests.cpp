#include "report/paired_tests.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <optional>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

const MatrixRow& named_row(const ScoreMatrix& matrix, const std::string& name,
                           const std::string& option) {
  std::string known;
  for (const MatrixRow& row : matrix.rows) {
    if (name.empty() ? !row.is_control() : row.method == name) return row;
    known += (known.empty() ? "\"" : ", \"") + printable(row.method) + "\"";
  }
  throw UsageError(option + ": expected one of " + known + ", found \"" + printable(name) + "\"");
}

const MatrixRow& baseline_row(const ScoreMatrix& matrix, const std::string& name) {
  return named_row(matrix, name, "--baseline");
}

// Method minus baseline on the seeds that both have.
std::vector<double> differences(const MatrixCell& method, const MatrixCell& baseline) {
  std::vector<double> values;
  for (const auto& [seed, value] : method.by_seed) {
    const auto pair = baseline.by_seed.find(seed);
    if (pair != baseline.by_seed.end()) values.push_back(value - pair->second);
  }
  return values;
}

// With tasks, or seeds, as units.
Comparison compared(std::optional<std::size_t> column, std::span<const double> units,
                    double margin) {
  Comparison comparison;
  comparison.column = column;
  const PairedTTest test = paired_t_test(units);
  comparison.difference = test.difference;
  if (!test.t) return comparison;
  const auto count = static_cast<double>(units.size());
  const double error = *test.difference.deviation / std::sqrt(count);
  if (!column) comparison.error = error;
  comparison.test = student_test(test.difference.mean,
                                 {.error = error, .degrees = count - 1.0, .margin = margin});
  return comparison;
}

// Holm over one of the p values of the tests there are.
void adjust(std::vector<Comparison>& comparisons, double StudentTest::*p,
            std::optional<double> Comparison::*adjusted) {
  std::vector<double> values;
  for (const Comparison& comparison : comparisons) {
    if (comparison.test) values.push_back((*comparison.test).*p);
  }
  const std::vector<double> all = holm_adjusted(values);
  auto next = all.begin();
  for (Comparison& comparison : comparisons) {
    comparison.*adjusted = comparison.test ? std::optional<double>(*next++) : std::nullopt;
  }
}

}  // namespace

PairedTTest paired_t_test(std::span<const double> differences) {
  PairedTTest test;
  test.difference = mean_deviation(differences);
  if (!test.difference.deviation) return test;
  double largest = 0.0;
  for (const double value : differences) largest = std::max(largest, std::abs(value));
  // Differences that are equal but for rounding have no spread to measure the mean by.
  const double s = *test.difference.deviation;
  if (s <= 1e-12 * largest) return test;
  const auto n = static_cast<double>(differences.size());
  test.t = test.difference.mean / (s / std::sqrt(n));
  const boost::math::students_t_distribution<double> student(n - 1.0);
  test.p = 2.0 * boost::math::cdf(boost::math::complement(student, std::abs(*test.t)));
  return test;
}

std::vector<double> holm_adjusted(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t left, std::size_t right) { return p[left] < p[right]; });
  std::vector<double> adjusted(p.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double scaled = static_cast<double>(p.size() - i) * p[order[i]];
    largest = std::max(largest, std::min(1.0, scaled));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

StudentTest student_test(double difference, const ErrorOfDifference& scale) {
  const boost::math::students_t_distribution<double> student(scale.degrees);
  const auto above = [&](double t) {
    return boost::math::cdf(boost::math::complement(student, t));
  };
  const double reach = boost::math::quantile(student, 1.0 - kSignificance / 2.0) * scale.error;
  return {.t = difference / scale.error,
          .p = 2.0 * above(std::abs(difference / scale.error)),
          .low = difference - reach,
          .high = difference + reach,
          .p_level = above((scale.margin - std::abs(difference)) / scale.error)};
}

std::optional<double> Comparison::seed_error() const {
  if (!column || !difference.deviation) return std::nullopt;
  return *difference.deviation / std::sqrt(static_cast<double>(difference.num_values));
}

void adjust_for_all(PairedTests& tests) {
  adjust(tests.comparisons, &StudentTest::p, &Comparison::adjusted);
  adjust(tests.comparisons, &StudentTest::p_level, &Comparison::level);
}

void compare_rows(PairedTests& tests, const MatrixRow& row, const MatrixRow& baseline) {
  std::vector<double> tasks;
  const auto add = [&](std::optional<std::size_t> column, std::span<const double> units) {
    tests.comparisons.push_back(compared(column, units, tests.margin));
    tests.comparisons.back().method = row.method;
    tests.comparisons.back().baseline = baseline.method;
  };
  for (std::size_t column = 0; column < row.cells.size(); ++column) {
    const std::vector<double> values = differences(row.cells[column], baseline.cells[column]);
    if (values.empty()) continue;
    add(column, values);
    tasks.push_back(tests.comparisons.back().difference.mean);
  }
  if (tasks.empty()) return;
  add(std::nullopt, tasks);
  tests.comparisons.back().p_sign_flip = sign_flip_test(tasks);
}

PairedTests paired_tests(const ScoreMatrix& matrix, const TestedSet& set) {
  PairedTests tests{.baseline = {}, .margin = set.margin, .comparisons = {}};
  if (matrix.rows.empty()) return tests;
  const bool is_own = !set.baseline.empty() && set.baseline == matrix.written_prompt;
  tests.baseline = is_own ? set.baseline : baseline_row(matrix, set.baseline).method;
  for (const std::string& name : set.methods) (void)named_row(matrix, name, "--compare");
  const auto is_declared = [&](const MatrixRow& row) {
    return set.methods.empty() ||
           std::find(set.methods.begin(), set.methods.end(), row.method) != set.methods.end();
  };
  for (const MatrixRow& row : matrix.rows) {
    const std::string& name = is_own ? row.written_prompt : tests.baseline;
    if (row.is_control() || name.empty() || row.method == name || !is_declared(row)) continue;
    compare_rows(tests, row, baseline_row(matrix, name));
  }
  adjust_for_all(tests);
  return tests;
}

}  // namespace bbprompt
