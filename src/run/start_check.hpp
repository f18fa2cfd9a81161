#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/store/finished_trials.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"
#include "run/run_report.hpp"

namespace bbprompt {

// What is looked at before a run begins.
struct StartCheckInputs {
  const SweepPlan& plan;
  const RunFolder& folder;
  ModelPool& models;
  const FinishedTrials& finished;
  RunReport& report;
  const std::function<bool()>& is_stop_requested;
};

// Checks every trial of a plan, tells the report what each will take, and returns those that are
// still to be run, in the order they start; none where the run was asked to stop meanwhile. Throws
// ConfigError, DataError or ModelError for what is wrong with any trial, and StoreError for
// finished trials of another model or other data: they would stand in one table with those to come.
[[nodiscard]] std::vector<std::size_t> check_start(const StartCheckInputs& inputs);

}  // namespace bbprompt
