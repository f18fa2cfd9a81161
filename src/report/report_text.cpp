#include <cmath>
#include <set>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/report/summary.hpp"
#include "bbprompt/report/text_table.hpp"
#include "report/number_text.hpp"
#include "report/tables.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxPromptBytes = 72;
constexpr std::size_t kMaxFailureBytes = 100;

std::vector<std::string> metric_cells(const Summary& summary, MeanDeviation SummaryRow::*member,
                                      const char* format = "%.2f") {
  std::vector<MeanDeviation> figures;
  for (const SummaryRow& row : summary.rows) figures.push_back(row.*member);
  return figure_cells(figures, format);
}

std::string method_of(const SummaryRow& row) {
  return printable(row.settings.empty() ? row.method : row.method + " (" + row.settings + ")", 120);
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
    table.add_row({printable(row.task), method_of(row), std::to_string(row.num_seeds),
                   std::to_string(row.num_failed), printable(row.metric), dev[i], test[i],
                   manual[i], gain[i], count_cell(row.queries)});
  }
  return table.to_string() +
         "metrics times 100, mean \xC2\xB1 sample standard deviation over seeds; manual: the "
         "hand-written prompt on test\n";
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
    table.add_row({printable(row.task), method_of(row), printable(trial.id), to_string(prompt.kind),
                   printable(prompt.text, kMaxPromptBytes)});
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
    if (trial.state != TrialState::kFailed) continue;
    table.add_row({printable(trial.id), printable(trial.failure, kMaxFailureBytes)});
    is_empty = false;
  }
  return is_empty ? "" : "\n" + table.to_string();
}

// Empty where no query was too long.
std::string truncated_text(const Results& results) {
  std::int64_t num_queries = 0;
  int num_trials = 0;
  for (const TrialRecord& trial : results.trials) {
    const std::int64_t truncated = num_truncated(trial);
    num_queries += truncated;
    num_trials += truncated > 0 ? 1 : 0;
  }
  if (num_queries == 0) return "";
  return "truncated: " + truncation_note(num_queries) + ", in " + std::to_string(num_trials) +
         " of " + plural(static_cast<std::int64_t>(results.trials.size()), "trial");
}

// What a summary without a matrix must be read against; empty where no gold labels are known.
std::string guess_text(const Results& results) {
  const ScoreMatrix matrix = score_matrix(results);
  std::string text;
  for (std::size_t column = 0; column < matrix.columns.size(); ++column) {
    const double guess = matrix.columns[column].guess;
    if (std::isnan(guess)) continue;
    text += (text.empty() ? "" : ", ") + printable(column_title(matrix, column)) + " " +
            formatted("%.2f", 100.0 * guess);
  }
  return text.empty() ? "" : wrapped("a uniform guess on the same test rows: " + text, 100);
}

// Empty where every search had something to learn from.
std::string flat_text(const Results& results) {
  int num_flat = 0;
  std::string note;
  for (const TrialRecord& trial : results.trials) {
    std::string found = flat_search_note(trial.generations);
    if (found.empty()) continue;
    ++num_flat;
    if (note.empty()) note = std::move(found);
  }
  if (num_flat == 0) return "";
  return "flat: " + std::to_string(num_flat) + " of " +
         plural(static_cast<std::int64_t>(results.trials.size()), "trial") + "; " + note;
}

// A terminal has the variations as rows of the summary.
enum class Variations { kShown, kLeftOut };

std::vector<DataTable> comparison_tables(const Results& results, const ReportRequest& request,
                                         Variations variations) {
  const Comparisons found = compare(results, request);
  std::vector<DataTable> tables = matrix_tables(found.matrix);
  if (!found.tests.comparisons.empty()) tables.push_back(tests_table(found.matrix, found.tests));
  if (!found.calibration.comparisons.empty()) {
    tables.push_back(calibration_table(found.all, found.calibration));
  }
  if (variations == Variations::kShown && !found.variations.rows.empty()) {
    for (DataTable& table : matrix_tables(found.variations, kVariationsCaption)) {
      tables.push_back(std::move(table));
    }
  }
  if (found.efficiency) tables.push_back(efficiency_table(*found.efficiency));
  if (variations == Variations::kShown) {
    if (DataTable runs = runs_table(results, request); !runs.empty())
      tables.push_back(std::move(runs));
  }
  for (const std::string& text : {truncated_text(results), flat_text(results)}) {
    if (!text.empty()) tables.front().add_note(text);
  }
  return tables;
}

// What a terminal begins with where nothing is asked for.
enum class Opening { kNothing, kTests, kMatrixAndTests };

Opening opening_of(const Summary& summary) {
  std::set<std::string> tasks;
  std::set<std::string> methods;
  for (const SummaryRow& row : summary.rows) {
    tasks.insert(row.task);
    methods.insert(row.method + '\n' + row.settings);
  }
  if (methods.size() < 2) return Opening::kNothing;
  return tasks.size() > 1 ? Opening::kMatrixAndTests : Opening::kTests;
}

// The paired tests of one task: its matrix would repeat the rows below.
std::string tests_text(const Results& results, const ReportRequest& request) {
  const Comparisons found = compare(results, request);
  const std::size_t num_tests = found.tests.comparisons.size();
  if (num_tests == 0) return "paired tests: no two methods share a task and a seed\n";
  if (num_tests > kMaxTestRows) {
    return "paired tests: " + std::to_string(num_tests) +
           " rows, shown with --baseline METHOD, --csv --table tests or --html FILE\n";
  }
  return to_terminal(tests_table(found.matrix, found.tests));
}

std::string joined(const std::vector<DataTable>& tables, std::string (*form)(const DataTable&)) {
  std::string text;
  for (const DataTable& table : tables) text += (text.empty() ? "" : "\n") + form(table);
  return text;
}

}  // namespace

std::string to_text(const Results& results, const ReportRequest& request) {
  if (results.trials.empty()) return "no trial has finished yet\n";
  const Summary summary = summarize(results);
  std::string text;
  std::string guess;
  std::string end;
  const bool is_asked =
      !request.baseline.empty() || !request.efficiency.empty() || !request.compared.empty();
  const Opening opening = opening_of(summary);
  if (is_asked || opening == Opening::kMatrixAndTests) {
    text = joined(comparison_tables(results, request, Variations::kLeftOut), to_terminal) + "\n";
  } else {
    if (opening == Opening::kTests) text = tests_text(results, request) + "\n";
    guess = guess_text(results);
    for (const std::string& note : {truncated_text(results), flat_text(results)}) {
      if (!note.empty()) end += "\n" + note + "\n";
    }
  }
  text += summary_table(summary) + guess + prompt_table(results, summary) + failure_table(results);
  const DataTable runs = runs_table(results, request);
  return text + (runs.empty() ? "" : "\n" + to_terminal(runs)) + end;
}

std::string to_markdown(const Results& results, const ReportRequest& request) {
  return joined(comparison_tables(results, request, Variations::kShown), to_markdown);
}

std::string to_latex(const Results& results, const ReportRequest& request) {
  return joined(comparison_tables(results, request, Variations::kShown), to_latex);
}

}  // namespace bbprompt
