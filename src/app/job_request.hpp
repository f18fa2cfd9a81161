#pragma once

#include "app/command.hpp"
#include "app/slurm_job.hpp"
#include "bbprompt/model/model_options.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// What the options of "bbprompt submit" ask for. Throws UsageError for what no job can be.
[[nodiscard]] JobRequest read_request(const boost::program_options::variables_map& values,
                                      const SweepPlan& plan);

// Whether any trial of the plan has a model of this kind.
[[nodiscard]] bool is_any(const SweepPlan& plan, ModelKind kind);

}  // namespace bbprompt
