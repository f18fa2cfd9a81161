#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "report/paired_tests.hpp"
#include "report/row_bootstrap.hpp"
#include "report/splits.hpp"

namespace bbprompt {
namespace {

using Labels = std::span<const std::int32_t>;

Labels test_gold(const TrialRecord& trial) {
  const auto gold = trial.gold.find("test");
  return gold == trial.gold.end() ? Labels{} : Labels(gold->second);
}

// The rows of one task, as all comparisons on it see them.
class TaskRows {
 public:
  TaskRows(const MatrixColumn& column, const Results& results) : results_(results) {
    int num_labels = 0;
    for (const TrialRecord& trial : results.trials) {
      if (trial.task != column.task || trial.metric != column.metric) continue;
      num_rows_ = std::max(num_rows_, test_gold(trial).size());
      num_labels = std::max(num_labels, static_cast<int>(trial.labels.size()));
    }
    if (num_rows_ == 0 || num_labels < 2) return;
    bootstrap_ =
        std::make_unique<RowBootstrap>(parse_metric_kind(column.metric), num_labels, num_rows_);
  }

  // Nothing where a prediction is not known.
  std::optional<TwoWayError> error(const MatrixRow& method, const MatrixRow& baseline,
                                   std::size_t column) {
    if (!bootstrap_) return std::nullopt;
    std::vector<SeedMetrics> seeds;
    std::vector<double> differences;
    for (const auto& [seed, value] : method.cells[column].by_seed) {
      const auto pair = baseline.cells[column].by_seed.find(seed);
      if (pair == baseline.cells[column].by_seed.end()) continue;
      differences.push_back(value - pair->second);
      const auto& trials = method.cells[column].trials.at(seed);
      seeds.push_back(
          {.method = of_prompts(method, trials),
           .baseline = baseline.chance == ChanceRow::kNone
                           ? of_prompts(baseline, baseline.cells[column].trials.at(seed))
                           : of_chance(baseline, trials)});
      if (seeds.back().method.empty() || seeds.back().baseline.empty()) return std::nullopt;
    }
    if (seeds.empty()) return std::nullopt;
    return two_way_error(seeds, differences, num_rows_);
  }

 private:
  using Found = std::vector<const RowBootstrap::Metrics*>;

  // Empty where one of them is not known.
  Found of_prompts(const MatrixRow& row, const std::vector<std::size_t>& trials) {
    Found found;
    for (const std::size_t index : trials) {
      const TrialRecord& trial = results_.trials[index];
      const auto* split = find_split(row.is_written_prompt ? trial.manual : trial.best, "test");
      const Labels gold = test_gold(trial);
      if (split == nullptr || gold.empty() || split->predicted.size() != gold.size()) return {};
      found.push_back(&bootstrap_->of(gold, split->predicted));
    }
    return found;
  }

  // On the rows of the trials that are compared with it.
  Found of_chance(const MatrixRow& row, const std::vector<std::size_t>& trials) {
    Found found;
    for (const std::size_t index : trials) {
      const Labels gold = test_gold(results_.trials[index]);
      if (gold.empty()) return {};
      found.push_back(row.chance == ChanceRow::kUniformGuess ? &bootstrap_->of_guess(gold)
                                                             : &bootstrap_->of_majority(gold));
    }
    return found;
  }

  const Results& results_;
  std::size_t num_rows_ = 0;
  std::unique_ptr<RowBootstrap> bootstrap_;
};

const MatrixRow* row_named(const ScoreMatrix& matrix, const std::string& name) {
  const auto row = std::find_if(matrix.rows.begin(), matrix.rows.end(),
                                [&](const MatrixRow& other) { return other.method == name; });
  return row == matrix.rows.end() ? nullptr : &*row;
}

}  // namespace

void measure_rows(PairedTests& tests, const ScoreMatrix& matrix, const Results& results) {
  std::map<std::size_t, TaskRows> tasks;
  for (Comparison& comparison : tests.comparisons) {
    if (!comparison.column) continue;
    const std::size_t column = *comparison.column;
    const MatrixRow* method = row_named(matrix, comparison.method);
    const MatrixRow* baseline = row_named(matrix, comparison.baseline);
    if (method == nullptr || baseline == nullptr) continue;
    const auto task = tasks.try_emplace(column, matrix.columns[column], results).first;
    const auto found = task->second.error(*method, *baseline, column);
    if (!found) continue;
    comparison.row_error = found->row_error;
    comparison.error = found->error;
    comparison.test.reset();
    if (!found->error || !(*found->error > 0.0) || !(found->degrees > 0.0)) continue;
    comparison.test =
        student_test(comparison.difference.mean,
                     {.error = *found->error, .degrees = found->degrees, .margin = tests.margin});
  }
  adjust_for_all(tests);
}

}  // namespace bbprompt
