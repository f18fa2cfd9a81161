#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/report/summary.hpp"
#include "bbprompt/report/text_table.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxPromptBytes = 72;
constexpr std::size_t kMaxFailureBytes = 100;

std::string hundredfold(const char* format, double fraction) {
  char text[64];
  std::snprintf(text, sizeof text, format, 100.0 * fraction);
  return text;
}

// "mean ± deviation" of every row, the signs one below another.
std::vector<std::string> metric_cells(const Summary& summary, MeanDeviation SummaryRow::*member,
                                      const char* format = "%.2f") {
  std::vector<std::string> deviations;
  std::size_t width = 0;
  for (const SummaryRow& row : summary.rows) {
    const auto& deviation = (row.*member).deviation;
    deviations.push_back(deviation ? hundredfold("%.2f", *deviation) : "");
    width = std::max(width, deviations.back().size());
  }
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < summary.rows.size(); ++i) {
    const MeanDeviation& value = summary.rows[i].*member;
    std::string cell = value.num_values > 0 ? hundredfold(format, value.mean) : "-";
    const std::string blanks(width - deviations[i].size(), ' ');
    if (value.deviation) {
      cell += " \xC2\xB1 " + blanks + deviations[i];
    } else if (width > 0) {
      cell += "   " + blanks;
    }
    cells.push_back(cell);
  }
  return cells;
}

std::string count_cell(const MeanDeviation& value) {
  return value.num_values > 0 ? std::to_string(std::llround(value.mean)) : "-";
}

std::string summary_table(const Summary& summary) {
  TextTable table;
  for (const auto* title : {"task", "method"}) table.add_column(title, Align::kLeft);
  for (const auto* title : {"seeds", "failed"}) table.add_column(title, Align::kRight);
  table.add_column("metric", Align::kLeft);
  for (const auto* title : {"dev", "test", "manual", "gain", "queries"}) {
    table.add_column(title, Align::kRight);
  }
  const auto dev = metric_cells(summary, &SummaryRow::dev);
  const auto test = metric_cells(summary, &SummaryRow::test);
  const auto manual = metric_cells(summary, &SummaryRow::manual_test);
  const auto gain = metric_cells(summary, &SummaryRow::gain, "%+.2f");
  for (std::size_t i = 0; i < summary.rows.size(); ++i) {
    const SummaryRow& row = summary.rows[i];
    table.add_row({printable(row.task), printable(row.method), std::to_string(row.num_done),
                   std::to_string(row.num_failed), printable(row.metric), dev[i], test[i],
                   manual[i], gain[i], count_cell(row.queries)});
  }
  return table.to_string() +
         "metrics times 100, mean \xC2\xB1 sample standard deviation over seeds; manual: the "
         "written "
         "prompt on test\n";
}

std::string prompt_table(const Results& results, const Summary& summary) {
  TextTable table;
  for (const auto* title : {"task", "method", "best trial", "kind", "prompt"}) {
    table.add_column(title, Align::kLeft);
  }
  bool is_empty = true;
  for (const SummaryRow& row : summary.rows) {
    if (!row.best_trial) continue;
    const TrialRecord& trial = results.trials[*row.best_trial];
    const PromptRecord& prompt = trial.best.prompt;
    table.add_row({printable(row.task), printable(row.method), printable(trial.id),
                   printable(prompt.kind), printable(prompt.text, kMaxPromptBytes)});
    is_empty = false;
  }
  return is_empty ? "" : "\n" + table.to_string();
}

std::string failure_table(const Results& results) {
  TextTable table;
  table.add_column("failed trial", Align::kLeft);
  table.add_column("reason", Align::kLeft);
  bool is_empty = true;
  for (const TrialRecord& trial : results.trials) {
    if (trial.state != "failed") continue;
    table.add_row({printable(trial.id), printable(trial.failure, kMaxFailureBytes)});
    is_empty = false;
  }
  return is_empty ? "" : "\n" + table.to_string();
}

}  // namespace

std::string to_text(const Results& results) {
  if (results.trials.empty()) return "no trial has finished yet\n";
  const Summary summary = summarize(results);
  return summary_table(summary) + prompt_table(results, summary) + failure_table(results);
}

}  // namespace bbprompt
