#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Mean over values with their sample standard deviation (divisor n - 1).
struct MeanDeviation {
  int num_values = 0;
  double mean = 0.0;                // NaN without values
  std::optional<double> deviation;  // nothing for fewer than two values
};
[[nodiscard]] MeanDeviation mean_deviation(std::span<const double> values);

// Whether the prompt of a trial is to be used rather than that of another: the higher dev metric;
// then the lower dev loss. False where they are equal, so that the first one stays.
[[nodiscard]] bool is_better_on_dev(const TrialRecord& trial, const TrialRecord& best);

// The trials of one method (with equal settings) on one task; they differ in their seeds. Figures
// are over the trials that are done; metrics as fractions, larger is better.
struct SummaryRow {
  std::string task;
  std::string method;
  std::string settings;  // sweep axes that tell trials of the method apart, e.g. "prompt.length=5"
  std::string metric;
  int num_done = 0;
  int num_seeds = 0;  // of the trials that are done
  int num_failed = 0;
  MeanDeviation dev;          // of the best prompt
  MeanDeviation test;         // of the best prompt
  MeanDeviation manual_test;  // of the written prompt on the same examples
  MeanDeviation gain;         // test minus manual test, trial by trial
  MeanDeviation queries;      // paid by the search
  // Index in Results::trials of the prompt to use: best on dev (never chosen on test), then lowest
  // dev loss, then first. Nothing where no trial is done.
  std::optional<std::size_t> best_trial;
};

struct Summary {
  std::vector<SummaryRow> rows;
};

// Tasks, and methods within each, in the order of their first trial. Trials of one task and method
// whose metrics differ in kind, or that differ in any setting but the seed, are not averaged but
// get a row each.
[[nodiscard]] Summary summarize(const Results& results);

}  // namespace bbprompt
