#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/config/experiment_spec.hpp"
#include "bbprompt/eval/evaluator.hpp"
#include "bbprompt/prompt/candidate_cache.hpp"
#include "bbprompt/prompt/make_prompt_space.hpp"
#include "bbprompt/replica/replica.hpp"
#include "bbprompt/sched/work_item.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/task/objective.hpp"
#include "bbprompt/task/task_data.hpp"
#include "bbprompt/task/task_data_cache.hpp"

namespace bbprompt {

// Bytes of a model's weights files: about what it takes in memory. 0 where there are none.
[[nodiscard]] std::int64_t model_bytes(const ModelOptions& options);

// The models of one process, each loaded once, and the data of its latest trials.
class ModelPool {
 public:
  // Throws ModelError when the folder cannot be loaded. With a limit, the models used least
  // recently are unloaded first until the new one fits; references to them end there.
  [[nodiscard]] Replica& get(const ModelOptions& options);
  [[nodiscard]] TaskDataCache& task_data() { return task_data_; }
  // What was found with the model's tokenizer; loads the model as get() does.
  [[nodiscard]] CandidateCache& candidates(const ModelOptions& options);

  // Most bytes that the models may take together, as model_bytes() has them; 0: any. The one in use
  // is loaded in any case.
  void set_max_bytes(std::int64_t max_bytes) { max_bytes_ = max_bytes; }
  // Called before a model is unloaded: who refers to it must let go.
  void on_unload(std::function<void(const Replica&)> let_go) { let_go_ = std::move(let_go); }

  [[nodiscard]] std::size_t size() const { return models_.size(); }

 private:
  struct Loaded {
    std::unique_ptr<Replica> model;
    CandidateCache candidates;
    std::int64_t bytes = 0;
    std::uint64_t last_use = 0;
  };
  Loaded& load(const ModelOptions& options);
  void make_room(std::int64_t bytes);

  std::map<std::string, Loaded> models_;
  std::int64_t max_bytes_ = 0;
  std::uint64_t num_uses_ = 0;
  std::function<void(const Replica&)> let_go_;
  TaskDataCache task_data_;
};

// SHA-256 over the files, the rows drawn from them and, where the trial has one, the list of
// candidates. Throws where the list cannot be read.
[[nodiscard]] std::string data_fingerprint(const ExperimentSpec& spec, const TaskData& data);

// The fixed parts of one trial, the same on every rank: data, template, verbalizer, prompt space
// and evaluator. Building it checks everything about a trial that can be checked without a query.
// For a deep prompt the hidden states of the train split with the prompt's start are computed once,
// on every rank alike, to scale its layers: model access that is no query and counts nowhere.
class TrialContext {
 public:
  // Throws ConfigError, DataError or ModelError. `models` must outlive the context.
  TrialContext(const ExperimentSpec& spec, ModelPool& models);
  // With data read for it alone. `model` must outlive the context.
  TrialContext(const ExperimentSpec& spec, Replica& model);
  TrialContext(const TrialContext&) = delete;
  TrialContext& operator=(const TrialContext&) = delete;

  [[nodiscard]] const ExperimentSpec& spec() const { return spec_; }
  [[nodiscard]] const PromptSpace& prompt_space() const { return *prompt_space_; }
  [[nodiscard]] const LanguageModelInfo& model_info() const { return model_.info(); }
  [[nodiscard]] const std::string& data_fingerprint() const { return fingerprint_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] std::span<const Example> examples(Split split) const;
  [[nodiscard]] std::vector<std::int32_t> gold(Split split) const;

  [[nodiscard]] const Objective& objective() const { return *objective_; }
  [[nodiscard]] bool is_calibrated() const {
    return spec_.scoring.calibration == Calibration::kFewShot;
  }

  // Names the discrete prompt of a point, equal for points that decode to the same tokens; empty
  // for other kinds of prompt.
  [[nodiscard]] std::string prompt_key(const std::vector<double>& point) const;

  // Tokens that scoring the point on the whole split will send.
  [[nodiscard]] std::int64_t count_tokens(const std::vector<double>& point, Split split) const;

  // Tokens of one query with the point, the mean over at most `max_examples` of the split, spread
  // evenly over it.
  [[nodiscard]] double mean_tokens(const std::vector<double>& point, Split split,
                                   std::size_t max_examples) const;

  // Scores a work item of this trial. Failure is data: never throws for what an evaluation does.
  [[nodiscard]] WorkResult run(const WorkItem& item);

  // Any prompt on a whole split, in the shards of a run's work items, so that the same prompt gets
  // the same bits. Throws Error.
  [[nodiscard]] Evaluation evaluate(const Prompt& prompt, Split split);

  // A candidate as people and programs can use it again.
  [[nodiscard]] PromptRecord describe(const std::vector<double>& point) const;
  [[nodiscard]] PromptRecord describe_manual() const;

 private:
  using Data = std::shared_ptr<const TaskData>;
  TrialContext(const ExperimentSpec& spec, Replica& model, Data data, CandidateCache* candidates);

  [[nodiscard]] PromptSpaceInputs space_inputs(CandidateCache* candidates) const;
  [[nodiscard]] std::vector<double> measure_layers(const PromptVectors& base);
  void check_length(const PromptVectors& base) const;
  [[nodiscard]] PromptRecord written_prompt(const std::string& text) const;
  [[nodiscard]] std::string readable(const PromptDemonstrations& prompt) const;

  ExperimentSpec spec_;
  Replica& model_;
  Data data_;
  std::string fingerprint_;
  std::vector<std::string> notes_;
  std::unique_ptr<PromptTemplate> prompt_template_;
  std::unique_ptr<Verbalizer> verbalizer_;
  std::unique_ptr<PromptSpace> prompt_space_;
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Evaluator> evaluator_;
};

// Initial step size of the optimizer that `options` chooses.
[[nodiscard]] double initial_sigma(const OptimizerOptions& options);

}  // namespace bbprompt
