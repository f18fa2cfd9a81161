#include "report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "bbprompt/config/experiment_yaml.hpp"
#include "report/number_text.hpp"

namespace bbprompt {
namespace {

std::string seeds_text(const MatrixRow& row) {
  const std::string least = std::to_string(row.min_seeds());
  return row.min_seeds() == row.max_seeds() ? least : least + "-" + std::to_string(row.max_seeds());
}

// "accuracy", or which task has which.
std::string metrics_text(const ScoreMatrix& matrix) {
  std::set<std::string> metrics;
  std::string text;
  for (std::size_t column = 0; column < matrix.columns.size(); ++column) {
    metrics.insert(matrix.columns[column].metric);
    text += (column > 0 ? ", " : "") + column_title(matrix, column) + " " +
            matrix.columns[column].metric;
  }
  return metrics.size() == 1 ? *metrics.begin() : text;
}

std::string signed_hundredfold(double fraction) { return number_text("%+.2f", 100.0 * fraction); }

std::vector<TableCell> comparison_cells(const ScoreMatrix& matrix, const Comparison& comparison) {
  const auto& difference = comparison.difference;
  return {{comparison.method},
          {comparison.column ? column_title(matrix, *comparison.column) : "all"},
          {comparison.column ? "paired t" : "sign flip"},
          {std::to_string(difference.num_values)},
          {signed_hundredfold(difference.mean)},
          {difference.deviation ? formatted("%.2f", 100.0 * *difference.deviation) : "-"},
          {comparison.t ? formatted("%.3f", *comparison.t) : "-"},
          {p_text(comparison.p)},
          {p_text(comparison.adjusted)},
          {comparison.is_beyond_noise() ? "yes" : "no"}};
}

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
  MatrixParts parts = split_variations(score_matrix(results), request.baseline);
  Comparisons comparisons{.matrix = std::move(parts.methods),
                          .variations = std::move(parts.variations),
                          .tests = {},
                          .efficiency = std::nullopt};
  comparisons.tests = paired_tests(comparisons.matrix, request.baseline);
  if (!request.efficiency.empty()) {
    comparisons.efficiency = search_efficiency(results, request.efficiency);
  }
  return comparisons;
}

DataTable matrix_table(const ScoreMatrix& matrix, const std::string& caption) {
  DataTable table(caption);
  table.add_column("method", Align::kLeft);
  table.add_column("seeds", Align::kRight);
  std::vector<std::vector<TableCell>> rows;
  for (const MatrixRow& row : matrix.rows) rows.push_back({{row.method}, {seeds_text(row)}});
  for (std::size_t column = 0; column < matrix.columns.size(); ++column) {
    table.add_column(column_title(matrix, column), Align::kRight);
    std::vector<MeanDeviation> figures;
    for (const MatrixRow& row : matrix.rows) figures.push_back(row.cells[column].figure);
    const std::vector<std::string> cells = figure_cells(figures);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].push_back({cells[i], matrix.rows[i].cells[column].is_best});
    }
  }
  table.add_column("average", Align::kRight);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const MatrixRow& row = matrix.rows[i];
    rows[i].push_back({number_text("%.2f", 100.0 * row.average), row.is_best_average});
    table.add_row(rows[i]);
  }
  const auto num_written =
      std::count_if(matrix.rows.begin(), matrix.rows.end(),
                    [](const MatrixRow& row) { return row.is_written_prompt; });
  table.add_note(
      "test metric (" + metrics_text(matrix) +
      ") times 100, mean \xC2\xB1 sample standard deviation over seeds; average: mean of the means "
      "over all tasks; marked: best of the column" +
      (num_written > 0 ? "; " + matrix.written_prompt + ": the written prompt" : "") +
      (num_written > 1 ? ", as the method and those that agree with it scored it" : ""));
  return table;
}

DataTable tests_table(const ScoreMatrix& matrix, const PairedTests& tests) {
  DataTable table("Differences to " + tests.baseline + " in test metric times 100, paired by seed");
  table.add_column("method", Align::kLeft);
  table.add_column("task", Align::kLeft);
  table.add_column("test", Align::kLeft);
  for (const auto* title : {"pairs", "difference", "deviation", "t", "p", "p (Holm)"}) {
    table.add_column(title, Align::kRight);
  }
  table.add_column("beyond noise", Align::kLeft);
  for (const Comparison& comparison : tests.comparisons) {
    table.add_row(comparison_cells(matrix, comparison));
  }
  const auto num_tests =
      std::count_if(tests.comparisons.begin(), tests.comparisons.end(),
                    [](const Comparison& comparison) { return comparison.p.has_value(); });
  table.add_note(
      "difference: method minus " + tests.baseline +
      (tests.baseline == matrix.written_prompt ? ", as the method itself scored it," : "") +
      " with equal task and seed, times 100; paired t: t = mean / (deviation / \xE2\x88\x9A"
      "n), two-sided p of Student's distribution with n - 1 degrees of freedom; sign flip: share "
      "of "
      "all 2^n choices of signs whose sum is as far from 0, over all pairs of task and seed; p "
      "(Holm): adjusted for every p of this table (" +
      std::to_string(num_tests) + "); beyond noise: p (Holm) < 0.05");
  return table;
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
