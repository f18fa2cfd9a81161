#include "report/chance_rows.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "bbprompt/task/metric.hpp"
#include "report/chance.hpp"

namespace bbprompt {
namespace {

constexpr double kEqualMeans = 1e-12;

using Gold = std::vector<std::int32_t>;

struct ChanceFigures {
  ChanceLevel guess;
  double majority = 0.0;
};

// Of one column: by seed, computed once for seeds with equal rows.
class ColumnChance {
 public:
  explicit ColumnChance(const MatrixColumn& column) : column_(column) {}

  void add(const TrialRecord& trial) {
    const auto gold = trial.gold.find("test");
    if (gold == trial.gold.end() || gold->second.empty() || trial.labels.size() < 2) return;
    by_seed_.try_emplace(trial.seed, &figures(gold->second, static_cast<int>(trial.labels.size())));
  }

  [[nodiscard]] MatrixCell cell(ChanceRow row) const {
    MatrixCell cell;
    std::vector<double> values;
    double deviation = 0.0;
    for (const auto& [seed, found] : by_seed_) {
      values.push_back(row == ChanceRow::kUniformGuess ? found->guess.mean : found->majority);
      cell.by_seed[seed] = values.back();
      deviation += found->guess.deviation / static_cast<double>(by_seed_.size());
    }
    cell.figure = mean_deviation(values);
    if (row == ChanceRow::kUniformGuess && !values.empty()) cell.figure.deviation = deviation;
    return cell;
  }

 private:
  const ChanceFigures& figures(const Gold& gold, int num_labels) {
    const auto known = by_gold_.find(gold);
    if (known != by_gold_.end()) return known->second;
    const MetricKind metric = parse_metric_kind(column_.metric);
    return by_gold_
        .emplace(gold, ChanceFigures{.guess = uniform_guess(metric, gold, num_labels),
                                     .majority = majority_score(metric, gold, num_labels)})
        .first->second;
  }

  const MatrixColumn& column_;
  std::map<Gold, ChanceFigures> by_gold_;
  std::map<std::uint64_t, const ChanceFigures*> by_seed_;
};

MatrixRow chance_row(ChanceRow kind, const std::vector<ColumnChance>& columns) {
  MatrixRow row;
  row.chance = kind;
  row.method = kind == ChanceRow::kUniformGuess ? kUniformGuess : kMajorityLabel;
  for (const ColumnChance& column : columns) row.cells.push_back(column.cell(kind));
  return row;
}

bool has_panel(const ScoreMatrix& matrix, bool is_calibrated) {
  return std::any_of(matrix.rows.begin(), matrix.rows.end(),
                     [&](const MatrixRow& row) { return row.is_calibrated == is_calibrated; });
}

// Places of the rows in one column, from 1; rows of equal means share theirs.
void add_places(const std::vector<MatrixRow*>& rows, std::size_t column) {
  for (MatrixRow* row : rows) {
    const double mean = row->cells[column].figure.mean;
    double place = 0.5;
    for (const MatrixRow* other : rows) {
      const double difference = other->cells[column].figure.mean - mean;
      if (std::abs(difference) <= kEqualMeans) {
        place += 0.5;  // itself too
      } else if (difference > 0.0) {
        place += 1.0;
      }
    }
    row->rank += place / static_cast<double>(row->cells.size());
  }
}

void rank_panel(ScoreMatrix& matrix, bool is_calibrated) {
  std::vector<MatrixRow*> rows;
  for (MatrixRow& row : matrix.rows) {
    if (row.is_calibrated != is_calibrated || std::isnan(row.average)) continue;
    row.rank = 0.0;
    rows.push_back(&row);
  }
  for (std::size_t column = 0; column < matrix.columns.size(); ++column) add_places(rows, column);
}

}  // namespace

void add_chance_rows(ScoreMatrix& matrix, const Results& results) {
  std::vector<ColumnChance> columns(matrix.columns.begin(), matrix.columns.end());
  for (const TrialRecord& trial : results.trials) {
    if (trial.state != TrialState::kDone) continue;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const MatrixColumn& column = matrix.columns[i];
      if (column.task == trial.task && column.metric == trial.metric) columns[i].add(trial);
    }
  }
  const MatrixRow guess = chance_row(ChanceRow::kUniformGuess, columns);
  if (guess.max_seeds() == 0) return;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    matrix.columns[i].guess = guess.cells[i].figure.mean;
  }
  std::vector<MatrixRow> rows;
  for (const bool is_calibrated : {false, true}) {
    if (!has_panel(matrix, is_calibrated)) continue;
    rows.push_back(guess);
    rows.push_back(chance_row(ChanceRow::kMajorityLabel, columns));
    for (auto row = rows.end() - 2; row != rows.end(); ++row) row->is_calibrated = is_calibrated;
  }
  matrix.rows.insert(matrix.rows.begin(), rows.begin(), rows.end());
}

void finish_chance(ScoreMatrix& matrix) {
  for (MatrixRow& row : matrix.rows) {
    row.above_guess = 0.0;
    for (std::size_t column = 0; column < row.cells.size(); ++column) {
      const double guess = matrix.columns[column].guess;
      row.above_guess += (row.cells[column].figure.mean - guess) / (1.0 - guess);
    }
    row.above_guess /= static_cast<double>(row.cells.size());
    row.rank = std::numeric_limits<double>::quiet_NaN();
  }
  for (const bool is_calibrated : {false, true}) rank_panel(matrix, is_calibrated);
}

}  // namespace bbprompt
