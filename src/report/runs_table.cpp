#include <algorithm>
#include <set>

#include "report/tables.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

struct RunMethod {
  std::string run;
  std::string method;
  int num_trials = 0;
};

}  // namespace

DataTable runs_table(const Results& results, const ReportRequest& request) {
  DataTable table("Runs");
  table.add_column("run", Align::kLeft);
  table.add_column("method", Align::kLeft);
  table.add_column("trials", Align::kRight);
  const auto& runs = request.run_of_trial;
  if (std::set<std::string>(runs.begin(), runs.end()).size() < 2) return table;
  const TrialVariants variants(results);
  std::vector<RunMethod> rows;
  for (std::size_t i = 0; i < std::min(runs.size(), results.trials.size()); ++i) {
    const std::string method = variants.label(results.trials[i]);
    const auto is_row = [&](const RunMethod& row) {
      return row.run == runs[i] && row.method == method;
    };
    auto row = std::find_if(rows.begin(), rows.end(), is_row);
    if (row == rows.end()) row = rows.insert(row, {runs[i], method, 0});
    ++row->num_trials;
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const RunMethod& left, const RunMethod& right) {
    return std::find(runs.begin(), runs.end(), left.run) <
           std::find(runs.begin(), runs.end(), right.run);
  });
  for (const RunMethod& row : rows)
    table.add_row({{row.run}, {row.method}, {std::to_string(row.num_trials)}});
  return table;
}

}  // namespace bbprompt
