#include <algorithm>
#include <cmath>
#include <set>

#include "report/chance_rows.hpp"
#include "report/number_text.hpp"
#include "report/tables.hpp"

namespace bbprompt {
namespace {

std::string signed_hundredfold(double fraction) { return number_text("%+.2f", 100.0 * fraction); }

std::string hundredfold(const std::optional<double>& fraction) {
  return fraction ? number_text("%.2f", 100.0 * *fraction) : "-";
}

std::string interval_text(const std::optional<StudentTest>& test) {
  if (!test) return "-";
  return signed_hundredfold(test->low) + " to " + signed_hundredfold(test->high);
}

std::string verdict(const Comparison& comparison) {
  if (comparison.is_beyond_noise()) return comparison.difference.mean > 0.0 ? "better" : "worse";
  return comparison.is_level() ? "level" : "open";
}

std::vector<TableCell> comparison_cells(const ScoreMatrix& matrix, const Comparison& comparison) {
  return {{comparison.column ? column_title(matrix, *comparison.column) : "all"},
          {std::to_string(comparison.difference.num_values)},
          {signed_hundredfold(comparison.difference.mean)},
          {hundredfold(comparison.column ? comparison.seed_error() : comparison.error)},
          {hundredfold(comparison.row_error)},
          {interval_text(comparison.test)},
          {p_text(comparison.adjusted)},
          {verdict(comparison)}};
}

std::string count_of_tests(const PairedTests& tests) {
  const auto count =
      std::count_if(tests.comparisons.begin(), tests.comparisons.end(),
                    [](const Comparison& comparison) { return comparison.test.has_value(); });
  return std::to_string(count);
}

std::string how_to_read(const PairedTests& tests) {
  const std::string margin = formatted("%g", 100.0 * tests.margin);
  return "times 100; n: pairs of equal task and seed, and for \"all\" tasks, whose mean "
         "differences are its units; \xC2\xB1 seeds, \xC2\xB1 rows: standard error over seeds "
         "(all: "
         "over tasks) and over the test rows, which all seeds share; interval and p: of both "
         "together, by a bootstrap over rows and seeds and Student's distribution; p (Holm): "
         "adjusted for every p of this table (" +
         count_of_tests(tests) +
         "); better, worse: beyond noise, p (Holm) < 0.05; level: shown to differ by less than " +
         margin + " (two one-sided tests, Holm < 0.05); open: neither is shown";
}

void add_figure_columns(DataTable& table) {
  table.add_column("task", Align::kLeft);
  for (const auto* title :
       {"n", "differ", "\xC2\xB1 seeds", "\xC2\xB1 rows", "95 % interval", "p (Holm)"}) {
    table.add_column(title, Align::kRight);
  }
  table.add_column("verdict", Align::kLeft);
}

void add_row_warning(DataTable& table, const PairedTests& tests) {
  const bool is_any_unknown = std::any_of(
      tests.comparisons.begin(), tests.comparisons.end(),
      [](const Comparison& comparison) { return comparison.column && !comparison.row_error; });
  if (!is_any_unknown) return;
  table.add_note(
      "\"-\" under rows: the results hold no predictions; such a p is over seeds alone, which "
      "share "
      "their test rows, and is never called beyond noise");
}

// Where a plain baseline stands against calibrated methods, or the reverse.
void add_panel_warning(DataTable& table, const ScoreMatrix& matrix, const PairedTests& tests) {
  const auto is_calibrated = [&](const std::string& name) {
    const auto row = std::find_if(matrix.rows.begin(), matrix.rows.end(),
                                  [&](const MatrixRow& other) { return other.method == name; });
    return row != matrix.rows.end() && row->is_calibrated;
  };
  const bool is_any_across = std::any_of(
      tests.comparisons.begin(), tests.comparisons.end(), [&](const Comparison& comparison) {
        return is_calibrated(comparison.method) != is_calibrated(comparison.baseline);
      });
  if (!is_any_across || tests.baseline == kUniformGuess || tests.baseline == kMajorityLabel) return;
  table.add_note(
      "some methods are calibrated and their baseline is not, or the reverse: such a difference is "
      "that of calibration too");
}

}  // namespace

DataTable tests_table(const ScoreMatrix& matrix, const PairedTests& tests) {
  DataTable table("Differences to " + tests.baseline + " in test metric");
  table.add_column("method", Align::kLeft);
  add_figure_columns(table);
  for (const Comparison& comparison : tests.comparisons) {
    std::vector<TableCell> cells{{comparison.method}};
    for (TableCell& cell : comparison_cells(matrix, comparison)) cells.push_back(std::move(cell));
    table.add_row(std::move(cells));
  }
  table.add_note("differ: method minus " + tests.baseline +
                 (tests.baseline == matrix.written_prompt && !tests.baseline.empty()
                      ? ", as the method itself scored it,"
                      : "") +
                 " in test metric, " + how_to_read(tests));
  add_row_warning(table, tests);
  add_panel_warning(table, matrix, tests);
  return table;
}

DataTable calibration_table(const ScoreMatrix& matrix, const PairedTests& tests) {
  DataTable table("What calibration changes: calibrated minus plain test metric");
  table.add_column("calibrated", Align::kLeft);
  table.add_column("plain", Align::kLeft);
  add_figure_columns(table);
  for (const Comparison& comparison : tests.comparisons) {
    std::vector<TableCell> cells{{comparison.method}, {comparison.baseline}};
    for (TableCell& cell : comparison_cells(matrix, comparison)) cells.push_back(std::move(cell));
    table.add_row(std::move(cells));
  }
  table.add_note("differ: what calibration changes where all else is equal, in test metric, " +
                 how_to_read(tests));
  add_row_warning(table, tests);
  return table;
}

}  // namespace bbprompt
