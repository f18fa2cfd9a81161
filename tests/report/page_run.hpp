#pragma once

#include "tests/report/comparison_run.hpp"

namespace bbprompt::testing {

// Trials for every part of the page: a comparison, sweeps over numbers and over words, prompts
// carried from one task to another, shares of positions.
inline Results page_run() {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) {
    trial.best.prompt.tokens = {"\xC4\xA0great", "movie"};
    trial.best.prompt.ids = {5, 6};
    trial.option_texts = {"great", " movie", "<b>"};
    trial.position_shares.resize(2, 3);
    trial.position_shares << 0.7, 0.2, 0.1, 0.05, 0.9, 0.05;
    trial.usage["test"] = {.num_evaluations = 1,
                           .usage = {.num_queries = 50, .num_tokens = 700, .num_calls = 5}};
  }
  const Results comparison = results;
  for (const char* setting : {"prompt.length=5", "prompt.length=20", "prompt.length=50",
                              "objective=hinge", "objective=cross_entropy"}) {
    for (TrialRecord trial : comparison.trials) {
      trial.id += std::string("-") + setting;
      trial.settings = {"task=" + trial.task, setting};
      trial.best.splits["test"].metric += 0.001 * static_cast<double>(trial.id.size() % 7);
      trial.generations.clear();
      results.trials.push_back(std::move(trial));
    }
  }
  for (const std::string source : {"mrpc", "rte"}) {
    for (TrialRecord trial : comparison.trials) {
      if (trial.method != "cma" || (source == "rte" && trial.task == "mrpc")) continue;
      trial.id += "-from-" + source;
      trial.method = "from-" + source;
      trial.best.prompt.kind = PromptRecord::Kind::kManual;
      trial.generations.clear();
      results.trials.push_back(std::move(trial));
    }
  }
  return results;
}

}  // namespace bbprompt::testing
