#include <cmath>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/report/summary.hpp"
#include "bbprompt/store/digest.hpp"
#include "report/data_rows.hpp"
#include "report/tables.hpp"
#include "report/trial_rows.hpp"

namespace bbprompt {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kIndent = 1;

std::string dump(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char character : text) {
    if (character == '"') cell += '"';
    cell += character;
  }
  return cell + '"';
}

std::string csv_cell(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return quoted(value.get<std::string>());
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    const auto number = value.get<double>();
    if (std::isnan(number)) return "nan";
    return number > 0 ? "inf" : "-inf";
  }
  return dump(value);
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    line += cells[i];
  }
  return line + "\r\n";
}

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json to_object(const MeanDeviation& value) {
  Json object;
  object["n"] = value.num_values;
  object["mean"] = finite(value.mean);
  object["deviation"] = value.deviation ? finite(*value.deviation) : Json(nullptr);
  return object;
}

Json to_object(const SummaryRow& row, const Results& results) {
  Json object;
  object["task"] = row.task;
  object["method"] = row.method;
  object["settings"] = row.settings;
  object["metric"] = row.metric;
  object["done"] = row.num_done;
  object["failed"] = row.num_failed;
  object["dev"] = to_object(row.dev);
  object["test"] = to_object(row.test);
  object["manual_test"] = to_object(row.manual_test);
  object["gain"] = to_object(row.gain);
  object["queries"] = to_object(row.queries);
  object["best_trial"] = row.best_trial ? Json(results.trials[*row.best_trial].id) : Json(nullptr);
  return object;
}

Json to_object(const RunInfo& run) {
  Json object;
  object["version"] = run.version;
  object["name"] = run.name;
  object["config_hash"] = run.config_hash;
  object["build"] = run.build;
  object["num_ranks"] = run.num_ranks;
  return object;
}

// Finite numbers only, as JSON has no others.
Json to_array(const DataRows& rows) {
  Json array = Json::array();
  for (Json row : rows) {
    for (Json& value : row) {
      if (value.is_number_float()) value = finite(value.get<double>());
    }
    array.push_back(std::move(row));
  }
  return array;
}

std::string csv_table(const Json& names, const DataRows& rows) {
  std::vector<std::string> cells;
  for (const auto& column : names.items()) cells.push_back(column.key());
  std::string csv = csv_line(cells);
  for (const Json& row : rows) {
    cells.clear();
    for (const Json& value : row) cells.push_back(csv_cell(value));
    csv += csv_line(cells);
  }
  return csv;
}

DataRows trial_rows(const Results& results) {
  DataRows rows;
  for (const TrialRecord& trial : results.trials) rows.push_back(trial_row(trial));
  return rows;
}

DataRows all_matrix_rows(const Comparisons& found) {
  DataRows rows = matrix_rows(found.matrix, "methods");
  for (auto& row : matrix_rows(found.variations, "variations")) rows.push_back(std::move(row));
  return rows;
}

// The names of a table's columns, taken from a row of any values.
Json names_of(const std::string& table) {
  ScoreMatrix matrix;
  matrix.columns.resize(1);
  matrix.rows.resize(1);
  matrix.rows[0].cells.resize(1);
  if (table == "matrix") return matrix_rows(matrix, "")[0];
  PairedTests tests;
  tests.comparisons.resize(1);
  if (table == "tests") return test_rows(matrix, tests)[0];
  Efficiency efficiency;
  efficiency.rows.resize(1);
  return efficiency_rows(efficiency)[0];
}

}  // namespace

std::string to_csv(const Results& results) { return csv_table(trial_row({}), trial_rows(results)); }

std::string to_csv(const Results& results, const std::string& table, const ReportRequest& request) {
  if (table == "trials") return to_csv(results);
  const Comparisons found = compare(results, request);
  if (table == "matrix") return csv_table(names_of(table), all_matrix_rows(found));
  if (table == "tests") return csv_table(names_of(table), test_rows(found.matrix, found.tests));
  if (table == "calibration") {
    return csv_table(names_of("tests"), test_rows(found.all, found.calibration));
  }
  if (table != "efficiency") {
    throw UsageError(
        "--table: expected trials, matrix, tests, calibration or efficiency, found \"" +
        printable(table) + "\"");
  }
  if (!found.efficiency) {
    throw UsageError(
        "--table efficiency: expected the method to compare with (--efficiency METHOD), found "
        "none");
  }
  return csv_table(names_of(table), efficiency_rows(*found.efficiency));
}

std::string to_json(const Results& results, const ReportRequest& request) {
  Json document;
  document["run"] = to_object(results.run);
  document["digest"] = digest(results);
  document["summary"] = Json::array();
  for (const SummaryRow& row : summarize(results).rows) {
    document["summary"].push_back(to_object(row, results));
  }
  const Comparisons found = compare(results, request);
  document["matrix"] = to_array(all_matrix_rows(found));
  document["tests"] = to_array(test_rows(found.matrix, found.tests));
  document["calibration"] = to_array(test_rows(found.all, found.calibration));
  document["efficiency"] =
      to_array(found.efficiency ? efficiency_rows(*found.efficiency) : DataRows{});
  document["trials"] = Json::array();
  DataRows rows = trial_rows(results);
  for (Json& row : rows) document["trials"].push_back(std::move(row));
  return dump(document, kIndent) + "\n";
}

}  // namespace bbprompt
