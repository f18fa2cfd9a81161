#include <cmath>
#include <string>
#include <vector>

#include "bbprompt/report/report_table.hpp"
#include "bbprompt/report/summary.hpp"
#include "bbprompt/store/digest.hpp"
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

}  // namespace

std::string to_csv(const Results& results) {
  std::vector<std::string> cells;
  const Json columns = trial_row({});
  for (const auto& column : columns.items()) cells.push_back(column.key());
  std::string csv = csv_line(cells);
  for (const TrialRecord& trial : results.trials) {
    cells.clear();
    for (const Json& value : trial_row(trial)) cells.push_back(csv_cell(value));
    csv += csv_line(cells);
  }
  return csv;
}

std::string to_json(const Results& results) {
  Json document;
  document["run"] = to_object(results.run);
  document["digest"] = digest(results);
  document["summary"] = Json::array();
  for (const SummaryRow& row : summarize(results).rows) {
    document["summary"].push_back(to_object(row, results));
  }
  document["trials"] = Json::array();
  for (const TrialRecord& trial : results.trials) document["trials"].push_back(trial_row(trial));
  return dump(document, kIndent) + "\n";
}

}  // namespace bbprompt
