#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "bbprompt/report/summary.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

struct MatrixColumn {
  std::string task;
  std::string metric;
  double guess = std::numeric_limits<double>::quiet_NaN();  // of a uniform guess; NaN: not known
};

// One method on one task.
struct MatrixCell {
  std::map<std::uint64_t, double> by_seed;  // test metric; the mean where trials share a seed
  MeanDeviation figure;                     // over the seeds
  bool is_best = false;                     // no row of its panel has a higher mean on this task
  // The trials that `by_seed` is made of, as indices in Results::trials.
  std::map<std::uint64_t, std::vector<std::size_t>> trials;
};

// A row that no model was asked for: computed from the gold labels of the test rows.
enum class ChanceRow { kNone, kUniformGuess, kMajorityLabel };

struct MatrixRow {
  std::string method;              // with the settings that tell its trials apart
  bool is_written_prompt = false;  // made of the trials' own evaluation of the written prompt
  std::string written_prompt;  // a method's: the row of the written prompt as its trials scored it
  bool is_variation = false;   // a setting of a swept method, or a prompt from another task
  bool is_calibrated = false;  // its panel: rows are ranked and marked among those of their kind
  ChanceRow chance = ChanceRow::kNone;
  std::vector<MatrixCell> cells;  // one per column
  double average = 0.0;           // mean over tasks of the means; NaN unless every task has one
  bool is_best_average = false;   // among the rows of its panel that have one
  // Mean over tasks of (mean - guess) / (1 - guess): 0 for a uniform guess, 1 for no error. NaN
  // unless every task has both.
  double above_guess = std::numeric_limits<double>::quiet_NaN();
  // Mean over tasks of the row's place in its panel, among the rows that have all tasks; rows that
  // tie share the mean of their places. NaN for a row that misses a task.
  double rank = std::numeric_limits<double>::quiet_NaN();
  [[nodiscard]] bool is_control() const { return is_written_prompt || chance != ChanceRow::kNone; }
  [[nodiscard]] int min_seeds() const;
  [[nodiscard]] int max_seeds() const;
};

// Methods against tasks, over the trials that are done: test metric of the prompt chosen on dev.
struct ScoreMatrix {
  std::string written_prompt;  // "manual", what rows of it are called; empty without any
  std::vector<MatrixColumn> columns;
  std::vector<MatrixRow> rows;
};

// Tasks and methods in the order of their first trial; a task whose trials differ in metric has one
// column for each. A first row "manual" stands for the written prompt, as the trials evaluated it
// on test. Where they disagree (calibration, shots, models), there is a row "manual of METHOD" for
// each set of methods that agree, named after its first. There is none where a method whose prompts
// are of kind "manual" already is a row, and where no trial evaluated the written prompt. Methods
// "from-SOURCE" are prompts carried over from another task and do not count as such.
//
// Plain and calibrated trials never share a row. Where the gold labels of test are known, each of
// the two panels begins with its rows of the uniform guess and the majority label.
[[nodiscard]] ScoreMatrix score_matrix(const Results& results);

// The matrix in two: methods to compare, with the written prompt, and variations. Each keeps the
// tasks it has figures for. All is of the first part where it would have fewer than two methods, or
// where `baseline` is the name of a variation.
struct MatrixParts {
  ScoreMatrix methods;
  ScoreMatrix variations;
};
[[nodiscard]] MatrixParts split_variations(const ScoreMatrix& matrix,
                                           const std::string& baseline = "");

// SOURCE of a method "from-SOURCE", else empty.
[[nodiscard]] std::string transfer_source(const std::string& method);

}  // namespace bbprompt
