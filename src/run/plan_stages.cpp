#include "bbprompt/run/plan_stages.hpp"

#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/run/transfer.hpp"

namespace bbprompt {

PlanStages::PlanStages(SweepDocument document, SweepPlan first)
    : document_(std::move(document)),
      plan_(std::move(first)),
      is_last_(!document_.sweep.prompts_from.own_run) {}

bool PlanStages::advance(const std::filesystem::path& folder) {
  if (is_last_) return false;
  auto whole = plan_with_own_prompts(document_, plan_, folder);
  if (!whole) return false;
  plan_ = std::move(*whole);
  is_last_ = true;
  return true;
}

RunOutcome run_stages(PlanStages& stages, RunFolder& folder, const RunStage& run) {
  while (true) {
    const RunOutcome outcome = run(stages.plan(), !stages.is_last());
    if (outcome != RunOutcome::kDone || stages.is_last()) return outcome;
    if (!stages.advance(folder.path())) {
      throw Error("the results of the trials that just ended are not in " + folder.path().string() +
                  "; did another program change the folder?");
    }
    folder.take_plan(stages.plan());
  }
}

}  // namespace bbprompt
