#include "report/data_rows.hpp"

#include <cmath>

namespace bbprompt {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void add_test(Json& row, const std::optional<StudentTest>& test) {
  const auto add = [&](const char* name, double StudentTest::*value) {
    row[name] = test ? Json((*test).*value) : Json(nullptr);
  };
  add("t", &StudentTest::t);
  add("p", &StudentTest::p);
  add("low", &StudentTest::low);
  add("high", &StudentTest::high);
  add("p_level", &StudentTest::p_level);
}

// Absent where it is NaN.
Json or_absent(double value) { return std::isnan(value) ? Json(nullptr) : Json(value); }

void add_reach(Json& row, const std::string& target, const ReachFigures& figures) {
  row[target + "_median_queries"] = figures.median_queries;
  row[target + "_median_ratio"] = figures.median_ratio;
  row[target + "_share"] = figures.share;
}

}  // namespace

DataRows matrix_rows(const ScoreMatrix& matrix, const std::string& part) {
  DataRows rows;
  for (const MatrixRow& method : matrix.rows) {
    for (std::size_t column = 0; column < matrix.columns.size(); ++column) {
      const MatrixCell& cell = method.cells[column];
      Json row;
      row["part"] = part;
      row["method"] = method.method;
      row["task"] = matrix.columns[column].task;
      row["metric"] = matrix.columns[column].metric;
      row["seeds"] = cell.figure.num_values;
      row["mean"] = cell.figure.mean;
      row["deviation"] = or_null(cell.figure.deviation);
      row["best"] = cell.is_best;
      row["average"] = method.average;
      row["best_average"] = method.is_best_average;
      row["panel"] = method.is_calibrated ? "calibrated" : "plain";
      row["guess"] = or_absent(matrix.columns[column].guess);
      row["above_guess"] = or_absent(method.above_guess);
      row["rank"] = or_absent(method.rank);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

DataRows test_rows(const ScoreMatrix& matrix, const PairedTests& tests) {
  DataRows rows;
  for (const Comparison& comparison : tests.comparisons) {
    Json row;
    row["method"] = comparison.method;
    row["baseline"] = tests.baseline.empty() ? comparison.baseline : tests.baseline;
    row["task"] = comparison.column ? Json(matrix.columns[*comparison.column].task) : Json(nullptr);
    row["metric"] =
        comparison.column ? Json(matrix.columns[*comparison.column].metric) : Json(nullptr);
    row["test"] = !comparison.column ? "tasks" : comparison.row_error ? "seeds_rows" : "seeds";
    row["pairs"] = comparison.difference.num_values;
    row["difference"] = comparison.difference.mean;
    row["deviation"] = or_null(comparison.difference.deviation);
    row["seed_error"] = or_null(comparison.seed_error());
    row["row_error"] = or_null(comparison.row_error);
    row["error"] = or_null(comparison.error);
    add_test(row, comparison.test);
    row["p_holm"] = or_null(comparison.adjusted);
    row["beyond_noise"] = comparison.is_beyond_noise();
    row["margin"] = tests.margin;
    row["p_level_holm"] = or_null(comparison.level);
    row["level"] = comparison.is_level();
    row["p_sign_flip"] = or_null(comparison.p_sign_flip);
    rows.push_back(std::move(row));
  }
  return rows;
}

DataRows efficiency_rows(const Efficiency& efficiency) {
  DataRows rows;
  for (const EfficiencyRow& method : efficiency.rows) {
    Json row;
    row["method"] = method.method;
    row["reference"] = efficiency.reference;
    row["pairs"] = method.incumbent.num_pairs;
    add_reach(row, "final", method.incumbent);
    add_reach(row, "returned", method.returned);
    add_reach(row, "typical", method.typical);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace bbprompt
