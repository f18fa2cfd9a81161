#include "report/data_rows.hpp"

namespace bbprompt {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

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
    row["baseline"] = tests.baseline;
    row["task"] = comparison.column ? Json(matrix.columns[*comparison.column].task) : Json(nullptr);
    row["metric"] =
        comparison.column ? Json(matrix.columns[*comparison.column].metric) : Json(nullptr);
    row["test"] = comparison.column ? "paired_t" : "sign_flip";
    row["pairs"] = comparison.difference.num_values;
    row["difference"] = comparison.difference.mean;
    row["deviation"] = or_null(comparison.difference.deviation);
    row["t"] = or_null(comparison.t);
    row["p"] = or_null(comparison.p);
    row["p_holm"] = or_null(comparison.adjusted);
    row["beyond_noise"] = comparison.is_beyond_noise();
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
