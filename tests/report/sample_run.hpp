#pragma once

#include <string>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt::testing {

struct SampleFigures {
  double dev = 0.0;
  double dev_loss = 0.0;
  double test = 0.0;
};

// A finished trial; the manual prompt reaches 0.5 on test, the search paid 100 queries per seed.
inline TrialRecord sample_trial(const std::string& task, const std::string& method,
                                std::uint64_t seed, const SampleFigures& figures) {
  TrialRecord trial;
  trial.id = task + "-" + method + "-s" + std::to_string(seed);
  trial.task = task;
  trial.method = method;
  trial.seed = seed;
  trial.metric = "accuracy";
  trial.state = TrialState::kDone;
  trial.stop_reason = "budget";
  trial.best.prompt.kind =
      from_string<PromptRecord::Kind>(method).value_or(PromptRecord::Kind::kNone);
  trial.best.prompt.text = "prompt of seed " + std::to_string(seed);
  trial.best.splits["dev"] = {figures.dev, figures.dev, figures.dev_loss, {}};
  trial.best.splits["test"] = {figures.test, figures.test, 0.25, {}};
  trial.manual.prompt.kind = PromptRecord::Kind::kManual;
  trial.manual.splits["test"] = {0.5, 0.5, 0.75, {}};
  trial.usage["search"].usage.num_queries = 100 * static_cast<std::int64_t>(seed);
  return trial;
}

// Two tasks, mixed in the plan; one method with three seeds, one with a failure.
inline Results sample_run() {
  Results results;
  results.run = {.version = "0.1.0",
                 .name = "sample",
                 .config_given = "",
                 .config_resolved = "",
                 .config_hash = "c0ffee",
                 .build = "GCC",
                 .num_ranks = 2};
  TrialRecord failed = sample_trial("mrpc", "discrete", 2, {});
  failed.state = TrialState::kFailed;
  failed.failure = "server gone\nafter 5 tries";
  failed.best = {};
  results.trials = {
      sample_trial("mrpc", "soft", 1, {.dev = 0.9, .dev_loss = 0.4, .test = 0.8}),
      sample_trial("trec", "soft", 1, {.dev = 0.25, .dev_loss = 1.0, .test = 0.125}),
      sample_trial("mrpc", "discrete", 1, {.dev = 0.6, .dev_loss = 0.5, .test = 0.45}),
      sample_trial("mrpc", "soft", 2, {.dev = 0.9, .dev_loss = 0.3, .test = 0.7}),
      sample_trial("mrpc", "soft", 3, {.dev = 0.6, .dev_loss = 0.1, .test = 0.9}),
      failed};
  return results;
}

}  // namespace bbprompt::testing
