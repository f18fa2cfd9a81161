#pragma once

#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// What to compare with. Functions below throw UsageError for names that are not among the methods.
struct ReportRequest {
  std::string baseline;    // method of the paired tests; empty: the first
  std::string efficiency;  // reference of the efficiency table; empty: no such table
  // The run each trial is from, for rows of trials; empty: the name of the experiment.
  std::vector<std::string> run_of_trial{};
  bool is_for_spreadsheet = false;  // CSV: texts that a spreadsheet would compute get a quote first
  // Methods to compare with the baseline, declared before the figures are seen: Holm's correction
  // is over them alone. Empty: all.
  std::vector<std::string> compared{};
  double margin = 0.01;  // methods are level when their difference is shown to be below it
};

// A run for a terminal. First, with at least two tasks and two methods, the matrix of methods and
// tasks (score_matrix.hpp), the paired tests (paired_tests.hpp) and what calibration changes; with
// one task and two methods the tests alone; the efficiency table where it is asked for. More than
// kMaxTestRows tests are not shown unless a baseline is asked for. Then a row per task and method:
// task, method, seeds (of the trials that are done), failed, metric, dev, test, manual (the written
// prompt on test), gain (test minus manual), queries (paid by the search, mean over seeds); metrics
// times 100, mean ± sample standard deviation over seeds. Then the prompt each row would use (best
// on dev), then why trials failed, where any did. Text out of the files is made printable and long
// prompts are cut; the other forms have them whole.
inline constexpr std::size_t kMaxTestRows = 40;
[[nodiscard]] std::string to_text(const Results& results, const ReportRequest& request = {});

// Matrix and tests, and the efficiency table where it is asked for, as pipe tables.
[[nodiscard]] std::string to_markdown(const Results& results, const ReportRequest& request = {});

// The same as LaTeX tables (package booktabs).
[[nodiscard]] std::string to_latex(const Results& results, const ReportRequest& request = {});

// One line per trial with all its figures, in plan order, under a line of column names; RFC 4180
// (comma, CRLF, quotes doubled). Metrics are fractions with every digit; an empty cell: there is no
// such value; "nan" and "inf" as they are. Columns as in results/README.md.
[[nodiscard]] std::string to_csv(const Results& results, const ReportRequest& request = {});

// One of the other tables as CSV: "matrix" (a line per method and task), "tests", "calibration",
// "efficiency".
// Throws UsageError for another name.
[[nodiscard]] std::string to_csv(const Results& results, const std::string& table,
                                 const ReportRequest& request = {});

// {"run": ..., "digest": ..., "summary": [a row per task and method], "matrix": [...], "tests":
// [...], "calibration": [...], "efficiency": [...], "trials": [...]}: the last five as the CSV of
// that table; every digit kept. What is absent or not finite is null; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_json(const Results& results, const ReportRequest& request = {});

}  // namespace bbprompt
