#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "bbprompt/report/report_table.hpp"

namespace bbprompt {

// Rows of the test file, from 1, one for each test example of the trial; empty: not known.
using TestRowsOf = std::function<std::vector<std::int64_t>(const TrialRecord& trial)>;

// What the files did not hold.
struct MissingPredictions {
  int num_trials = 0;          // that are done
  int num_without_any = 0;     // no predictions: they have no lines
  int num_without_rows = 0;    // the data is not what it was
  int num_without_scores = 0;  // written before label scores were kept
};

// CSV, one line per test example of each trial that is done, in plan order: run, trial, task,
// method, settings, seed, file, row, example (from 1), gold, predicted, right, manual_predicted (of
// the written prompt) and a column "score_LABEL" for each label of any task: the score that the
// returned prompt gives it, before calibration. What is not
// known is empty.
MissingPredictions write_predictions(const Results& results, const ReportRequest& request,
                                     const TestRowsOf& rows_of, std::ostream& output);

}  // namespace bbprompt
