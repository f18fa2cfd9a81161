#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/config/experiment_spec.hpp"
#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/model/model_pool.hpp"
#include "bbprompt/prompt/make_prompt_space.hpp"
#include "bbprompt/prompt/option_cache.hpp"
#include "bbprompt/sched/work_item.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/task/objective.hpp"
#include "bbprompt/task/prompt_template.hpp"
#include "bbprompt/task/task_data.hpp"
#include "bbprompt/task/verbalizer.hpp"

namespace bbprompt {

// SHA-256 over the files, the rows drawn from them and, where the trial has one, the list of
// candidates. Throws where the list cannot be read.
[[nodiscard]] std::string data_fingerprint(const ExperimentSpec& spec, const TaskData& data);

// What a trial is about, the same on every rank: data, template, verbalizer, prompt space. It knows
// the model by its view and asks it nothing: all that the master needs. Building it checks
// everything about a trial that can be checked without a query.
//
// A deep prompt's layers are scaled by the model's hidden states, which the view does not have:
// TrialEvaluator::measure_layers() reads them and set_layer_scales() completes the problem. Checks,
// dimension, domain and token counts are there before; prompts then are of the input layer alone.
class TrialProblem {
 public:
  // Throws ConfigError, DataError or ModelError.
  TrialProblem(const ExperimentSpec& spec, ModelPool& models);
  // With data read for it alone.
  TrialProblem(const ExperimentSpec& spec, std::shared_ptr<const ModelView> model);
  TrialProblem(const TrialProblem&) = delete;
  TrialProblem& operator=(const TrialProblem&) = delete;

  [[nodiscard]] const ExperimentSpec& spec() const { return spec_; }
  [[nodiscard]] const PromptSpace& prompt_space() const { return *prompt_space_; }
  [[nodiscard]] const Verbalizer& verbalizer() const { return *verbalizer_; }
  [[nodiscard]] const ModelView& model() const { return *model_; }
  [[nodiscard]] const LanguageModelInfo& model_info() const { return model_->info(); }
  [[nodiscard]] const std::string& data_fingerprint() const { return fingerprint_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] std::span<const Example> examples(Split split) const;
  [[nodiscard]] std::vector<std::int32_t> gold(Split split) const;

  [[nodiscard]] const Objective& objective() const { return *objective_; }
  [[nodiscard]] bool is_calibrated() const {
    return spec_.scoring.calibration == Calibration::kFewShot;
  }

  // A deep prompt whose layers are not scaled yet.
  [[nodiscard]] bool needs_layer_scales() const { return prompt_space_->needs_layer_scales(); }
  // One query for each example of the train split, with the prompt that the search starts from:
  // what the scales are measured with. Empty for other prompts.
  [[nodiscard]] std::vector<Query> layer_queries() const;
  // Standard deviations of the hidden states before layers 1, 2, ... Throws ConfigError where they
  // are not as many as layers, or not above 0.
  void set_layer_scales(const std::vector<double>& deviations);
  // The deviations that were set; empty before, and for other prompts.
  [[nodiscard]] const std::vector<double>& layer_scales() const { return layer_scales_; }

  // One query per example.
  [[nodiscard]] std::vector<Query> queries(const Prompt& prompt,
                                           std::span<const Example> examples) const;

  // Names the discrete prompt of a point, equal for points that decode to the same tokens; empty
  // for other kinds of prompt.
  [[nodiscard]] std::string prompt_key(const std::vector<double>& point) const;

  // Tokens that scoring the point on the whole split will send.
  [[nodiscard]] std::int64_t count_tokens(const std::vector<double>& point, Split split) const;

  // Tokens of one query with the point, the mean over at most `max_examples` of the split, spread
  // evenly over it.
  [[nodiscard]] double mean_tokens(const std::vector<double>& point, Split split,
                                   std::size_t max_examples) const;

  // A candidate as people and programs can use it again.
  [[nodiscard]] PromptRecord describe(const std::vector<double>& point) const;
  [[nodiscard]] PromptRecord describe_manual() const;

 private:
  using Data = std::shared_ptr<const TaskData>;
  TrialProblem(const ExperimentSpec& spec, std::shared_ptr<const ModelView> model, Data data,
               OptionCache* candidates);

  [[nodiscard]] PromptSpaceInputs space_inputs(OptionCache* candidates) const;
  void build_prompt_space(const PromptSpaceInputs& inputs);
  [[nodiscard]] std::int64_t count_tokens(const Prompt& prompt,
                                          std::span<const Example> examples) const;
  void check_length(const PromptVectors& base) const;
  void spell(PromptRecord& record) const;
  [[nodiscard]] PromptRecord written_prompt(const std::string& text) const;
  [[nodiscard]] std::string readable(const PromptDemonstrations& prompt) const;

  ExperimentSpec spec_;
  std::shared_ptr<const ModelView> model_;
  Data data_;
  std::string fingerprint_;
  std::vector<std::string> notes_;
  std::unique_ptr<PromptTemplate> prompt_template_;
  std::unique_ptr<Verbalizer> verbalizer_;
  std::unique_ptr<PromptSpace> prompt_space_;
  std::unique_ptr<Objective> objective_;
  std::optional<PromptVectors> deep_base_;  // what a deep prompt starts from
  std::vector<double> layer_scales_;
};

// Initial step size of the optimizer that `options` chooses.
[[nodiscard]] double initial_sigma(const OptimizerOptions& options);

}  // namespace bbprompt
