#include "report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bbprompt/config/experiment_yaml.hpp"
#include "report/calibration_factor.hpp"
#include "report/number_text.hpp"

namespace bbprompt {
namespace {

std::vector<TableCell> reach_cells(const ReachFigures& figures) {
  return {{number_text("%.0f", figures.median_queries)},
          {number_text("%.2f", figures.median_ratio)},
          {number_text("%.0f %%", 100.0 * figures.share)}};
}

// Totals of one method.
struct Paid {
  std::string method;
  int num_trials = 0;
  std::map<std::string, UsageRecord> usage;
};

std::vector<Paid> paid_by_method(const Results& results) {
  std::vector<Paid> methods;
  for (const TrialRecord& trial : results.trials) {
    if (trial.state == TrialState::kRunning) continue;
    auto paid = std::find_if(methods.begin(), methods.end(), [&](const Paid& candidate) {
      return candidate.method == trial.method;
    });
    if (paid == methods.end()) paid = methods.insert(paid, {trial.method, 0, {}});
    ++paid->num_trials;
    for (const auto& [purpose, usage] : trial.usage) paid->usage[purpose] += usage;
  }
  return methods;
}

}  // namespace

std::string column_title(const ScoreMatrix& matrix, std::size_t column) {
  const MatrixColumn& found = matrix.columns[column];
  const auto num_same =
      std::count_if(matrix.columns.begin(), matrix.columns.end(),
                    [&](const MatrixColumn& other) { return other.task == found.task; });
  return num_same > 1 ? found.task + " (" + found.metric + ")" : found.task;
}

Comparisons compare(const Results& results, const ReportRequest& request) {
  ScoreMatrix all = score_matrix(results);
  MatrixParts parts = split_variations(all, request.baseline);
  Comparisons comparisons{.matrix = std::move(parts.methods),
                          .variations = std::move(parts.variations),
                          .tests = {},
                          .efficiency = std::nullopt};
  comparisons.tests = paired_tests(
      comparisons.matrix,
      {.baseline = request.baseline, .methods = request.compared, .margin = request.margin});
  measure_rows(comparisons.tests, comparisons.matrix, results);
  comparisons.calibration = calibration_factor(all, results, request.margin);
  comparisons.all = std::move(all);
  if (!request.efficiency.empty()) {
    comparisons.efficiency = search_efficiency(results, request.efficiency);
  }
  return comparisons;
}

DataTable efficiency_table(const Efficiency& efficiency) {
  DataTable table("Search queries until the training loss of " + efficiency.reference +
                  " is reached");
  table.add_column("method", Align::kLeft);
  table.add_column("pairs", Align::kRight);
  for (const std::string target : {"final", "returned", "typical"}) {
    for (const auto* figure : {": queries", ": ratio", ": reached"}) {
      table.add_column(target + figure, Align::kRight);
    }
  }
  for (const EfficiencyRow& row : efficiency.rows) {
    std::vector<TableCell> cells{{row.method}, {std::to_string(row.incumbent.num_pairs)}};
    for (const ReachFigures* figures : {&row.incumbent, &row.returned, &row.typical}) {
      for (TableCell& cell : reach_cells(*figures)) cells.push_back(std::move(cell));
    }
    table.add_row(std::move(cells));
  }
  table.add_note(
      "final: the best training loss that " + efficiency.reference +
      " had found at its end, same task and seed; returned: the training loss of the prompt that "
      "it returned; typical: the median training loss of its last generation, reached by the "
      "median "
      "of a generation; queries: median search queries until then, a trial that never gets there "
      "counting "
      "as \xE2\x88\x9E; ratio: median of the pair's queries over those of " +
      efficiency.reference + " itself; reached: share of pairs that get there");
  return table;
}

namespace {

// Charges of a server are shown where there are any.
std::vector<UsageCounter> shown_counters(const std::vector<Paid>& all) {
  std::vector<UsageCounter> shown;
  for (const UsageCounter& counter : kUsageCounters) {
    const bool is_counted = std::any_of(all.begin(), all.end(), [&](const Paid& paid) {
      return std::any_of(paid.usage.begin(), paid.usage.end(),
                         [&](const auto& usage) { return usage.second.usage.*counter.value != 0; });
    });
    if (!counter.is_charge || is_counted) shown.push_back(counter);
  }
  return shown;
}

}  // namespace

DataTable usage_table(const Results& results) {
  const std::vector<Paid> all = paid_by_method(results);
  const TokenPrices prices = server_of_document(results.run.config_asked).prices;
  double prompt_tokens = 0.0;
  double completion_tokens = 0.0;
  const std::vector<UsageCounter> counters = shown_counters(all);
  DataTable table("What was paid, totals over finished trials");
  table.add_column("method", Align::kLeft);
  table.add_column("trials", Align::kRight);
  table.add_column("purpose", Align::kLeft);
  table.add_column("evaluations", Align::kRight);
  for (const UsageCounter& counter : counters)
    table.add_column(std::string(counter.name), Align::kRight);
  for (const auto* title : {"cached", "failed"}) table.add_column(title, Align::kRight);
  for (const Paid& paid : all) {
    for (const auto* purpose : {"search", "dev", "test"}) {
      const auto found = paid.usage.find(purpose);
      if (found == paid.usage.end()) continue;
      const UsageRecord& usage = found->second;
      std::vector<TableCell> cells{{paid.method}, {std::to_string(paid.num_trials)}, {purpose}};
      const auto add = [&](std::int64_t count) { cells.push_back({std::to_string(count)}); };
      add(usage.num_evaluations);
      prompt_tokens += static_cast<double>(usage.usage.num_prompt_tokens);
      completion_tokens += static_cast<double>(usage.usage.num_completion_tokens);
      for (const UsageCounter& counter : counters) add(usage.usage.*counter.value);
      add(usage.num_cached);
      add(usage.num_failed);
      table.add_row(std::move(cells));
    }
  }
  if (prices.is_known()) {
    table.add_note(
        fmt::format("price of all at model.prices: {:.4f}, without the probe and cut answers",
                    prices.money(prompt_tokens, completion_tokens)));
  }
  return table;
}

}  // namespace bbprompt
