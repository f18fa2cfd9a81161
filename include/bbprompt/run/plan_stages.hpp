#pragma once

#include <filesystem>
#include <functional>

#include "bbprompt/config/sweep_spec.hpp"
#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// The plans of a run, one after another in one folder. Most runs have one. With
// sweep.prompts_from.own_run there are two: the trials that learn, and then, when all of them are
// done, these together with the trials that take over the prompts they learned.
class PlanStages {
 public:
  // `first` is the plan of the first stage, as first_plan() makes it, or a part of it.
  PlanStages(SweepDocument document, SweepPlan first);

  // The plan of the present stage.
  [[nodiscard]] const SweepPlan& plan() const { return plan_; }
  [[nodiscard]] bool is_last() const { return is_last_; }

  // Goes on to the next stage. False, and nothing happens, when this is the last one or when the
  // folder, which need not exist, does not hold all results of this one. Throws StoreError when the
  // folder cannot be read, and ConfigError for prompts that cannot be taken over.
  [[nodiscard]] bool advance(const std::filesystem::path& folder);

 private:
  SweepDocument document_;
  SweepPlan plan_;
  bool is_last_;
};

// Runs a plan in a folder; `is_followed` tells that another one follows if all its trials are done.
using RunStage = std::function<RunOutcome(const SweepPlan& plan, bool is_followed)>;

// Runs the stages from the present one on, until one ends otherwise than done. `folder` is open
// with the plan of the present stage.
[[nodiscard]] RunOutcome run_stages(PlanStages& stages, RunFolder& folder, const RunStage& run);

}  // namespace bbprompt
