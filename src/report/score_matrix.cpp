#include "report/score_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "report/chance_rows.hpp"
#include "report/scoring_of.hpp"
#include "report/splits.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

constexpr double kTie = 1e-12;  // means closer than rounding errors are equal

// Test metrics of a row, column and seed, before averaging.
struct Scores {
  std::vector<double> metrics;
  std::vector<std::size_t> trials;
};
using Values = std::map<std::uint64_t, Scores>;
using ColumnValues = std::map<std::size_t, Values>;
struct RowValues {
  std::string method;
  std::string label;  // the method's, which a plain and a calibrated row may share
  bool is_variation = false;
  bool is_calibrated = false;
  ColumnValues by_column;
  ColumnValues written;  // of the written prompt, as this row's trials scored it
};

std::size_t column_of(ScoreMatrix& matrix, const TrialRecord& trial) {
  auto& columns = matrix.columns;
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const MatrixColumn& column) {
    return column.task == trial.task && column.metric == trial.metric;
  });
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  columns.push_back({.task = trial.task, .metric = trial.metric});
  return columns.size() - 1;
}

RowValues& row_of(std::vector<RowValues>& rows, const TrialRecord& trial,
                  const TrialVariants& variants) {
  std::string method = variants.label(trial);
  const bool calibrated = is_calibrated(trial);
  for (RowValues& row : rows) {
    if (row.label == method && row.is_calibrated == calibrated) return row;
  }
  const std::string label = method;
  if (std::any_of(rows.begin(), rows.end(),
                  [&](const RowValues& row) { return row.label == label; })) {
    method += calibrated ? " (calibrated)" : " (plain)";
  }
  const bool is_variation =
      !variants.settings(trial).empty() || !transfer_source(trial.method).empty();
  return rows.emplace_back(RowValues{method, label, is_variation, calibrated, {}, {}});
}

bool is_manual_method(const TrialRecord& trial) {
  return trial.best.prompt.kind == PromptRecord::Kind::kManual &&
         transfer_source(trial.method).empty();
}

MatrixCell cell_of(const Values& values) {
  MatrixCell cell;
  std::vector<double> means;
  for (const auto& [seed, scores] : values) {
    means.push_back(mean_deviation(scores.metrics).mean);
    cell.by_seed[seed] = means.back();
    cell.trials[seed] = scores.trials;
  }
  cell.figure = mean_deviation(means);
  return cell;
}

MatrixRow averaged(const ColumnValues& values, std::size_t num_columns) {
  MatrixRow row;
  for (std::size_t column = 0; column < num_columns; ++column) {
    const auto found = values.find(column);
    row.cells.push_back(cell_of(found == values.end() ? Values{} : found->second));
  }
  return row;
}

bool agree(const MatrixRow& left, const MatrixRow& right) {
  if (left.is_calibrated != right.is_calibrated) return false;
  for (std::size_t column = 0; column < left.cells.size(); ++column) {
    for (const auto& [seed, value] : left.cells[column].by_seed) {
      const auto other = right.cells[column].by_seed.find(seed);
      if (other == right.cells[column].by_seed.end()) continue;
      if (std::abs(other->second - value) > kTie) return false;
    }
  }
  return true;
}

void merge(MatrixRow& into, const MatrixRow& from) {
  for (std::size_t column = 0; column < into.cells.size(); ++column) {
    Values values;
    const auto add = [&](const MatrixCell& cell) {
      for (const auto& [seed, value] : cell.by_seed) {
        values.try_emplace(seed, Scores{{value}, cell.trials.at(seed)});
      }
    };
    add(into.cells[column]);
    add(from.cells[column]);
    into.cells[column] = cell_of(values);
  }
  into.is_variation = into.is_variation && from.is_variation;
}

// Rows of the written prompt: one for all methods whose figures of it agree. `written` of the
// methods' rows becomes the index of theirs.
std::vector<MatrixRow> written_rows(const std::vector<RowValues>& rows, std::size_t num_columns,
                                    std::vector<std::optional<std::size_t>>& written) {
  std::vector<MatrixRow> groups;
  for (const RowValues& values : rows) {
    written.emplace_back();
    if (values.written.empty()) continue;
    MatrixRow row = averaged(values.written, num_columns);
    row.method = values.method;
    row.is_variation = values.is_variation;
    row.is_calibrated = values.is_calibrated;
    row.is_written_prompt = true;
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const MatrixRow& other) { return agree(other, row); });
    written.back() = static_cast<std::size_t>(group - groups.begin());
    if (group == groups.end()) {
      groups.push_back(row);
    } else {
      merge(*group, row);
    }
  }
  return groups;
}

// Puts the rows of the written prompt first; `matrix` has those of the methods.
void add_written(ScoreMatrix& matrix, const std::vector<RowValues>& rows) {
  std::vector<std::optional<std::size_t>> written;
  std::vector<MatrixRow> groups = written_rows(rows, matrix.columns.size(), written);
  if (groups.empty()) return;
  const bool is_taken = std::any_of(rows.begin(), rows.end(),
                                    [](const RowValues& row) { return row.method == "manual"; });
  matrix.written_prompt = is_taken ? "written prompt" : "manual";
  for (MatrixRow& group : groups) {
    group.method = matrix.written_prompt + (groups.size() == 1 ? "" : " of " + group.method);
    group.is_variation = group.is_variation && groups.size() > 1;
  }
  for (std::size_t i = 0; i < matrix.rows.size(); ++i) {
    if (groups.size() == 1) written[i] = 0;
    if (written[i]) matrix.rows[i].written_prompt = groups[*written[i]].method;
  }
  matrix.rows.insert(matrix.rows.begin(), groups.begin(), groups.end());
}

// Marks the best of the rows of one panel.
void mark_best(ScoreMatrix& matrix, bool is_calibrated) {
  std::vector<MatrixRow*> panel;
  for (MatrixRow& row : matrix.rows) {
    if (row.is_calibrated == is_calibrated) panel.push_back(&row);
  }
  const auto largest = [&](const auto& value_of) {
    double best = -std::numeric_limits<double>::infinity();
    for (const MatrixRow* row : panel) best = std::fmax(best, value_of(*row));
    return best - kTie;
  };
  for (std::size_t column = 0; column < matrix.columns.size(); ++column) {
    const auto mean = [&](const MatrixRow& row) { return row.cells[column].figure.mean; };
    const double best = largest(mean);
    for (MatrixRow* row : panel) row->cells[column].is_best = mean(*row) >= best;
  }
  const double best = largest([](const MatrixRow& row) { return row.average; });
  for (MatrixRow* row : panel) row->is_best_average = row->average >= best;
}

// Averages and marks, once rows and columns are complete.
void finish(ScoreMatrix& matrix) {
  for (MatrixRow& row : matrix.rows) {
    row.average = 0.0;
    for (const MatrixCell& cell : row.cells) row.average += cell.figure.mean;
    row.average /= static_cast<double>(row.cells.size());
  }
  for (const bool calibrated : {false, true}) mark_best(matrix, calibrated);
  finish_chance(matrix);
}

// Chance rows go with every method of their panel.
template <typename Condition>
bool is_wanted_with(const MatrixRow& row, const ScoreMatrix& matrix, const Condition& condition) {
  if (row.chance == ChanceRow::kNone) return condition(row);
  return std::any_of(matrix.rows.begin(), matrix.rows.end(), [&](const MatrixRow& other) {
    return !other.is_control() && other.is_calibrated == row.is_calibrated && condition(other);
  });
}

template <typename Condition>
ScoreMatrix selected(const ScoreMatrix& matrix, const Condition& condition) {
  const auto is_wanted = [&](const MatrixRow& row) {
    return is_wanted_with(row, matrix, condition);
  };
  ScoreMatrix part;
  part.written_prompt = matrix.written_prompt;
  for (const MatrixRow& row : matrix.rows) {
    if (!is_wanted(row)) continue;
    part.rows.push_back(row);
    part.rows.back().cells.clear();
  }
  for (std::size_t column = 0; column < matrix.columns.size(); ++column) {
    const bool is_used =
        std::any_of(matrix.rows.begin(), matrix.rows.end(), [&](const MatrixRow& row) {
          return is_wanted(row) && !row.is_control() && row.cells[column].figure.num_values > 0;
        });
    if (!is_used) continue;
    part.columns.push_back(matrix.columns[column]);
    std::size_t next = 0;
    for (const MatrixRow& row : matrix.rows) {
      if (is_wanted(row)) part.rows[next++].cells.push_back(row.cells[column]);
    }
  }
  finish(part);
  return part;
}

}  // namespace

int MatrixRow::min_seeds() const {
  int least = std::numeric_limits<int>::max();
  for (const MatrixCell& cell : cells) {
    if (cell.figure.num_values > 0) least = std::min(least, cell.figure.num_values);
  }
  return least == std::numeric_limits<int>::max() ? 0 : least;
}

int MatrixRow::max_seeds() const {
  int most = 0;
  for (const MatrixCell& cell : cells) most = std::max(most, cell.figure.num_values);
  return most;
}

std::string transfer_source(const std::string& method) {
  constexpr std::string_view kPrefix = "from-";
  return method.starts_with(kPrefix) ? method.substr(kPrefix.size()) : "";
}

ScoreMatrix score_matrix(const Results& results) {
  ScoreMatrix matrix;
  const TrialVariants variants(results.trials);
  std::vector<RowValues> rows;
  bool has_manual_method = false;
  for (std::size_t index = 0; index < results.trials.size(); ++index) {
    const TrialRecord& trial = results.trials[index];
    if (trial.state != TrialState::kDone) continue;
    const std::size_t column = column_of(matrix, trial);
    RowValues& row = row_of(rows, trial, variants);
    const auto add = [&](ColumnValues& values, const SplitEvaluation* split) {
      if (split == nullptr) return;
      Scores& scores = values[column][trial.seed];
      scores.metrics.push_back(split->metric);
      scores.trials.push_back(index);
    };
    add(row.by_column, find_split(trial.best, "test"));
    add(row.written, find_split(trial.manual, "test"));
    has_manual_method |= is_manual_method(trial);
  }
  for (const RowValues& values : rows) {
    matrix.rows.push_back(averaged(values.by_column, matrix.columns.size()));
    matrix.rows.back().method = values.method;
    matrix.rows.back().is_variation = values.is_variation;
    matrix.rows.back().is_calibrated = values.is_calibrated;
  }
  if (!has_manual_method) add_written(matrix, rows);
  add_chance_rows(matrix, results);
  finish(matrix);
  return matrix;
}

MatrixParts split_variations(const ScoreMatrix& matrix, const std::string& baseline) {
  const auto is_variation = [](const MatrixRow& row) { return row.is_variation; };
  const auto num_methods =
      std::count_if(matrix.rows.begin(), matrix.rows.end(),
                    [](const MatrixRow& row) { return !row.is_variation && !row.is_control(); });
  const bool is_varied_baseline =
      std::any_of(matrix.rows.begin(), matrix.rows.end(),
                  [&](const MatrixRow& row) { return row.is_variation && row.method == baseline; });
  if (num_methods < 2 || is_varied_baseline) return {.methods = matrix, .variations = {}};
  return {.methods = selected(matrix, std::not_fn(is_variation)),
          .variations = selected(matrix, is_variation)};
}

}  // namespace bbprompt
