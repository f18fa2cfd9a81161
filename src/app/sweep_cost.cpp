#include "app/sweep_cost.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/run/trial_run.hpp"

namespace bbprompt {
namespace {

// What all seeds of a configuration have in common: they change the draw, not its size.
using Configuration = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;

// Of a query of one work item, after another one that loads what is needed.
double measured_seconds(const TrialSpec& trial, TrialContext& context) {
  const Eigen::VectorXd start = context.prompt_space().domain().start;
  const auto size = static_cast<std::int64_t>(context.examples(Split::kTrain).size());
  const WorkItem item{.split = Split::kTrain,
                      .begin = 0,
                      .end = std::min<std::int64_t>(size, trial.spec.shard_size),
                      .point = {start.data(), start.data() + start.size()}};
  double seconds = 0.0;
  for (int round = 0; round < 2; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const WorkResult result = context.run(item);
    if (!result.ok()) throw Error(trial.id + ": " + result.error);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  return seconds / static_cast<double>(item.end - item.begin);
}

TrialDemand demand_of(const TrialSpec& trial, ModelPool& models, const QuerySeconds& seconds) {
  TrialContext context(trial.spec, models.get(trial.spec.model));
  TrialRun run(identity_of(trial), context);
  const std::int64_t num_queries = run.num_queries_planned();
  double per_query = seconds.stated.value_or(0.0);
  if (seconds.is_measured) per_query = measured_seconds(trial, context);
  return {.num_queries = num_queries,
          .num_items = static_cast<std::int64_t>(run.next_group().items(0, 0, 0).size()),
          .seconds = per_query * static_cast<double>(num_queries)};
}

}  // namespace

std::vector<TrialDemand> demands_of(const SweepPlan& plan, const QuerySeconds& seconds) {
  ModelPool models;
  std::map<Configuration, TrialDemand> known;
  std::vector<TrialDemand> demands;
  for (const TrialSpec& trial : plan.trials) {
    const Configuration configuration{trial.method, trial.axis_values};
    auto found = known.find(configuration);
    if (found == known.end()) {
      found = known.emplace(configuration, demand_of(trial, models, seconds)).first;
    }
    demands.push_back(found->second);
  }
  return demands;
}

}  // namespace bbprompt
