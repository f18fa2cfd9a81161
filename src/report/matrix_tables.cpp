#include <algorithm>
#include <cmath>
#include <set>

#include "report/chance_rows.hpp"
#include "report/number_text.hpp"
#include "report/tables.hpp"

namespace bbprompt {
namespace {

using Rows = std::vector<const MatrixRow*>;

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

bool is_guess_known(const ScoreMatrix& matrix) {
  return std::any_of(matrix.columns.begin(), matrix.columns.end(),
                     [](const MatrixColumn& column) { return !std::isnan(column.guess); });
}

DataTable table_of(const ScoreMatrix& matrix, const Rows& rows, const std::string& caption,
                   const std::string& first_title) {
  DataTable table(caption);
  table.add_column(first_title, Align::kLeft);
  table.add_column("seeds", Align::kRight);
  std::vector<std::vector<TableCell>> cells;
  for (const MatrixRow* row : rows) cells.push_back({{row->method}, {seeds_text(*row)}});
  for (std::size_t column = 0; column < matrix.columns.size(); ++column) {
    table.add_column(column_title(matrix, column), Align::kRight);
    std::vector<MeanDeviation> figures;
    for (const MatrixRow* row : rows) figures.push_back(row->cells[column].figure);
    const std::vector<std::string> texts = figure_cells(figures);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      cells[i].push_back({texts[i], rows[i]->cells[column].is_best});
    }
  }
  const bool has_guess = is_guess_known(matrix);
  table.add_column("average", Align::kRight);
  if (has_guess) {
    table.add_column("above guess", Align::kRight);
    table.add_column("rank", Align::kRight);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    cells[i].push_back({number_text("%.2f", 100.0 * rows[i]->average), rows[i]->is_best_average});
    if (has_guess) {
      cells[i].push_back({number_text("%.2f", 100.0 * rows[i]->above_guess)});
      cells[i].push_back({number_text("%.1f", rows[i]->rank)});
    }
    table.add_row(cells[i]);
  }
  return table;
}

// What the reader of the raw average must know.
std::string mixture_note(const ScoreMatrix& matrix) {
  std::set<std::string> metrics;
  std::string names;
  for (const MatrixColumn& column : matrix.columns) {
    if (metrics.insert(column.metric).second) names += (names.empty() ? "" : ", ") + column.metric;
  }
  if (metrics.size() < 2) return "";
  return "the raw average mixes metrics (" + names +
         ") whose value for a guess differs: compare methods by above guess and by rank";
}

void add_chance_notes(DataTable& table, const ScoreMatrix& matrix) {
  if (const std::string text = mixture_note(matrix); !text.empty()) table.add_note(text);
  if (!is_guess_known(matrix)) return;
  table.add_note(std::string(kUniformGuess) +
                 ": every label equally likely, its mean and the spread of one such guess; " +
                 kMajorityLabel +
                 ": always the label that most test rows have; both computed from the gold labels "
                 "of the same test rows, without a query; above guess: mean over the tasks of "
                 "(score - guess) / (1 - guess), times 100: 0 is a guess, 100 no error; rank: mean "
                 "place over the tasks among the rows of the table that have them all");
}

std::string metric_note(const ScoreMatrix& matrix) {
  const auto num_written =
      std::count_if(matrix.rows.begin(), matrix.rows.end(),
                    [](const MatrixRow& row) { return row.is_written_prompt; });
  return "test metric (" + metrics_text(matrix) +
         ") times 100, mean \xC2\xB1 sample standard deviation over seeds; average: mean of the "
         "means over all tasks; marked: best of the column" +
         (num_written > 0 ? "; " + matrix.written_prompt + ": the written prompt" : "") +
         (num_written > 1 ? ", as the method and those that agree with it scored it" : "");
}

}  // namespace

std::vector<DataTable> matrix_tables(const ScoreMatrix& matrix, const std::string& caption) {
  Rows plain;
  Rows calibrated;
  for (const MatrixRow& row : matrix.rows) (row.is_calibrated ? calibrated : plain).push_back(&row);
  std::vector<DataTable> tables;
  if (plain.empty() || calibrated.empty()) {
    tables.push_back(table_of(matrix, plain.empty() ? calibrated : plain, caption, "method"));
  } else {
    tables.push_back(table_of(matrix, plain, caption + ", label scores as they are", "plain"));
    tables.push_back(table_of(matrix, calibrated, caption + ", calibrated", "calibrated"));
  }
  tables.back().add_note(metric_note(matrix));
  add_chance_notes(tables.back(), matrix);
  return tables;
}

}  // namespace bbprompt
