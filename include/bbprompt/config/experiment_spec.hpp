#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/model/model_options.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// Limits of the search; 0: no such limit. At least one must be set.
struct BudgetOptions {
  std::int64_t evaluations = 500;  // candidates scored on the whole train split
  std::int64_t queries = 0;        // one example with one prompt each
  std::int64_t calls = 0;          // requests to the model: one per work item
  std::int64_t tokens = 0;         // sent to the model
};

enum class SelectionRule {
  kDevBest,       // best dev metric, then lowest dev loss, then earliest
  kDevLoss,       // lowest dev loss, then best dev metric, then earliest
  kLast,          // the optimizer's last favourite, as the released code of BDPL tests it
  kTrainDevLoss,  // lowest sum of train and dev loss, then best dev metric, then earliest
  kTrainLoss,     // lowest train loss, then earliest: dev is asked, and tells nothing
};

struct SelectionOptions {
  SelectionRule rule = SelectionRule::kDevBest;
  std::int64_t every = 1;  // generations between dev evaluations of the incumbent
};

struct OutputOptions {
  std::filesystem::path folder;       // relative: to the working directory
  std::int64_t checkpoint_every = 1;  // generations
};

// What an evaluation that fails does to its trial, once every attempt is used up.
enum class FailurePolicy {
  kWorstFitness,  // the candidate is the worst of its generation
  kFailTrial,     // the trial ends as failed
};

// Settings of a run, not of its trials: they change no result where nothing fails.
struct FailureOptions {
  FailurePolicy policy = FailurePolicy::kWorstFitness;
  int max_attempts = 3;  // per work item, each on another worker where there is one
};

// The run whose learned prompts become variants (run/transfer.hpp): a finished one, or this one.
struct PromptSource {
  std::filesystem::path run;         // relative to the configuration's folder; empty: none
  bool own_run = false;              // not with `run`
  std::vector<std::string> methods;  // empty: all that learned discrete prompts
  std::string per = "task";          // one prompt per task and method

  [[nodiscard]] bool is_given() const { return own_run || !run.empty(); }
};

// How many points are drawn from a space of settings (sweep_spec.hpp), and from which seed.
struct SamplingOptions {
  std::int64_t num_points = 0;  // 0: the space is not sampled
  std::int64_t seed = 0;
};

// One trial's settings: a configuration with every default filled in.
struct ExperimentSpec {
  std::string name;
  ModelOptions model;
  TaskOptions task;
  FewShotOptions few_shot;
  PromptOptions prompt;
  ObjectiveOptions objective;
  ScoringOptions scoring;
  OptimizerOptions optimizer;
  BudgetOptions budget;
  SelectionOptions selection;
  bool is_manual_scored = true;  // score the task's manual prompt at the end, as a baseline
  int shard_size = 32;           // examples per work item
  std::uint64_t seed = 1;
  // Not a setting: where the other keys than those of `task` were written, for messages
  // (setting_place.hpp); null where nobody knows.
  std::shared_ptr<const KeyPlaces> places;
};

}  // namespace bbprompt
