#include "report/paired_tests.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

const MatrixRow& baseline_row(const ScoreMatrix& matrix, const std::string& name) {
  std::string known;
  for (const MatrixRow& row : matrix.rows) {
    if (name.empty() ? !row.is_written_prompt : row.method == name) return row;
    known += (known.empty() ? "\"" : ", \"") + printable(row.method) + "\"";
  }
  throw UsageError("--baseline: expected one of " + known + ", found \"" + printable(name) + "\"");
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

void compare_row(PairedTests& tests, const MatrixRow& row, const MatrixRow& baseline) {
  std::vector<double> all;
  for (std::size_t column = 0; column < row.cells.size(); ++column) {
    const std::vector<double> values = differences(row.cells[column], baseline.cells[column]);
    if (values.empty()) continue;
    all.insert(all.end(), values.begin(), values.end());
    const PairedTTest test = paired_t_test(values);
    tests.comparisons.push_back({.method = row.method,
                                 .column = column,
                                 .difference = test.difference,
                                 .t = test.t,
                                 .p = test.p,
                                 .adjusted = std::nullopt});
  }
  if (all.empty()) return;
  tests.comparisons.push_back({.method = row.method,
                               .column = std::nullopt,
                               .difference = mean_deviation(all),
                               .t = std::nullopt,
                               .p = sign_flip_test(all),
                               .adjusted = std::nullopt});
}

void adjust(std::vector<Comparison>& comparisons) {
  std::vector<double> p;
  for (const Comparison& comparison : comparisons) {
    if (comparison.p) p.push_back(*comparison.p);
  }
  const std::vector<double> adjusted = holm_adjusted(p);
  auto next = adjusted.begin();
  for (Comparison& comparison : comparisons) {
    if (comparison.p) comparison.adjusted = *next++;
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

PairedTests paired_tests(const ScoreMatrix& matrix, const std::string& baseline) {
  PairedTests tests;
  if (matrix.rows.empty()) return tests;
  const bool is_own = !baseline.empty() && baseline == matrix.written_prompt;
  tests.baseline = is_own ? baseline : baseline_row(matrix, baseline).method;
  for (const MatrixRow& row : matrix.rows) {
    const std::string& name = is_own ? row.written_prompt : tests.baseline;
    if (row.is_written_prompt || name.empty() || row.method == name) continue;
    compare_row(tests, row, baseline_row(matrix, name));
  }
  adjust(tests.comparisons);
  return tests;
}

}  // namespace bbprompt
