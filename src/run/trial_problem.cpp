#include "bbprompt/run/trial_problem.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/setting_place.hpp"
#include "bbprompt/eval/prompt_queries.hpp"
#include "bbprompt/prompt/make_prompt_space.hpp"
#include "bbprompt/task/demonstrations.hpp"

namespace bbprompt {
namespace {

std::vector<std::string> spellings(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const TokenId id : ids) tokens.push_back(tokenizer.token(id));
  return tokens;
}

// The matrices of all layers, one below the other.
RowMatrixXf stack_layers(const PromptVectors& prompt) {
  const Eigen::Index num_rows = prompt.vectors->rows();
  RowMatrixXf all(num_rows * static_cast<Eigen::Index>(prompt.layers.size() + 1),
                  prompt.vectors->cols());
  all.topRows(num_rows) = *prompt.vectors;
  for (std::size_t i = 0; i < prompt.layers.size(); ++i)
    all.middleRows(num_rows * static_cast<Eigen::Index>(i + 1), num_rows) = *prompt.layers[i];
  return all;
}

}  // namespace

std::string data_fingerprint(const ExperimentSpec& spec, const TaskData& data) {
  const auto& options = spec.prompt.discrete.candidates;
  const bool is_listed = spec.prompt.kind == PromptKind::kDiscrete &&
                         options.source == CandidateSource::kList &&
                         spec.prompt.discrete.words.empty();
  if (!is_listed) return data.fingerprint;
  return sha256_hex(data.fingerprint + sha256_hex(read_file(options.file)));
}

TrialProblem::TrialProblem(const ExperimentSpec& spec, ModelPool& models)
    : TrialProblem(spec, models.view(spec.model),
                   models.task_data().get(spec.task, spec.few_shot, spec.seed),
                   &models.candidates(spec.model)) {}

TrialProblem::TrialProblem(const ExperimentSpec& spec, std::shared_ptr<const ModelView> model)
    : TrialProblem(
          spec, std::move(model),
          std::make_shared<const TaskData>(load_task_data(spec.task, spec.few_shot, spec.seed)),
          nullptr) {}

TrialProblem::TrialProblem(const ExperimentSpec& spec, std::shared_ptr<const ModelView> model,
                           Data data, OptionCache* candidates)
    : spec_(spec),
      model_(std::move(model)),
      data_(std::move(data)),
      fingerprint_(data_->fingerprint),
      notes_(data_->notes) {
  prompt_template_ = with_place(spec, "task.template", [&] {
    return std::make_unique<PromptTemplate>(spec.task, model_->info().family);
  });
  verbalizer_ = with_place(spec, "task.labels",
                           [&] { return std::make_unique<Verbalizer>(spec.task.labels, *model_); });
  notes_.insert(notes_.end(), verbalizer_->notes().begin(), verbalizer_->notes().end());
  objective_ =
      with_place(spec, "objective", [&] { return std::make_unique<Objective>(spec.objective); });
  with_place(spec, "prompt", [&] {
    build_prompt_space(space_inputs(candidates));
    return true;
  });
  fingerprint_ = bbprompt::data_fingerprint(spec, *data_);
}

PromptSpaceInputs TrialProblem::space_inputs(OptionCache* candidates) const {
  PromptSpaceInputs inputs{
      .vocabulary = {.tokenizer = model_->tokenizer(), .embeddings = model_->embeddings()},
      .sigma = initial_sigma(spec_.optimizer),
      .texts = corpus_texts(*data_, spec_.prompt.discrete.candidates.text),
      .seed = spec_.seed,
      .manual_prompt = spec_.task.manual_prompt,
      .num_layers = model_->info().num_layers,
      .option_cache = candidates};
  if (spec_.prompt.discrete.candidates.text == CandidateText::kTrainFile)
    inputs.text_owner = data_->train_file;
  if (spec_.prompt.kind == PromptKind::kDemonstrations) {
    inputs.demonstrations =
        demonstration_inputs({.prompt_template = *prompt_template_,
                              .prompt_text = spec_.task.manual_prompt,
                              .max_field_tokens = spec_.prompt.demonstrations.max_field_tokens,
                              .model = *model_},
                             data_->train, spec_.seed);
  }
  return inputs;
}

void TrialProblem::build_prompt_space(const PromptSpaceInputs& inputs) {
  std::optional<PromptVectors> base;
  if (spec_.prompt.kind == PromptKind::kSoft) {
    base = soft_base_prompt(spec_.prompt, inputs);
    check_length(*base);
  }
  auto made = make_prompt_space(spec_.prompt, inputs);
  prompt_space_ = std::move(made.space);
  if (prompt_space_->needs_layer_scales()) {
    deep_base_ = std::move(base);
    notes_.emplace_back(
        "deep prompt: the hidden states of the train split with the base prompt were read once to "
        "scale its layers; as much work as one evaluation, in no budget");
  }
  notes_.insert(notes_.end(), made.notes.begin(), made.notes.end());
}

std::vector<Query> TrialProblem::layer_queries() const {
  if (!deep_base_) return {};
  std::vector<Query> queries;
  queries.reserve(data_->train.size());
  for (const Example& example : data_->train)
    queries.push_back(prompt_template_->render(example, *deep_base_));
  return queries;
}

void TrialProblem::set_layer_scales(const std::vector<double>& deviations) {
  with_place(spec_, "prompt", [&] {
    prompt_space_->set_layer_scales(deviations);
    return true;
  });
  layer_scales_ = deviations;
}

// What may not be cut of an input is as long as the prompt, whatever its vectors.
void TrialProblem::check_length(const PromptVectors& base) const {
  if (data_->train.empty()) return;
  try {
    (void)model_->count_tokens(prompt_template_->render(data_->train.front(), base));
  } catch (const ModelError& error) {
    throw ConfigError(place_of(spec_, "prompt.length"), error.what());
  }
}

std::span<const Example> TrialProblem::examples(Split split) const {
  switch (split) {
    case Split::kTrain:
      return data_->train;
    case Split::kDev:
      return data_->dev;
    case Split::kTest:
      return data_->test;
  }
  return {};
}

std::vector<std::int32_t> TrialProblem::gold(Split split) const {
  std::vector<std::int32_t> labels;
  for (const Example& example : examples(split)) labels.push_back(example.label);
  return labels;
}

std::string TrialProblem::prompt_key(const std::vector<double>& point) const {
  const Prompt prompt = prompt_space_->decode(point);
  const auto* tokens = std::get_if<PromptTokens>(&prompt);
  if (tokens == nullptr) return {};
  std::string key;
  for (const TokenId id : tokens->ids) key += std::to_string(id) + ' ';
  return key;
}

std::vector<Query> TrialProblem::queries(const Prompt& prompt,
                                         std::span<const Example> examples) const {
  return prompt_queries({.prompt_template = *prompt_template_,
                         .train = data_->train,
                         .manual_prompt = spec_.task.manual_prompt},
                        prompt, examples);
}

std::int64_t TrialProblem::count_tokens(const Prompt& prompt,
                                        std::span<const Example> examples) const {
  std::int64_t count = 0;
  for (const Query& query : queries(prompt, examples))
    count += model_->count_tokens_with(query, verbalizer_->answers());
  return count;
}

std::int64_t TrialProblem::count_tokens(const std::vector<double>& point, Split split) const {
  return count_tokens(prompt_space_->decode(point), examples(split));
}

double TrialProblem::mean_tokens(const std::vector<double>& point, Split split,
                                 std::size_t max_examples) const {
  const auto all = examples(split);
  const std::size_t count = std::min(all.size(), std::max<std::size_t>(max_examples, 1));
  if (count == 0) return 0.0;
  const Prompt prompt = prompt_space_->decode(point);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += count_tokens(prompt, all.subspan(i * all.size() / count, 1));
  return static_cast<double>(sum) / static_cast<double>(count);
}

PromptRecord TrialProblem::describe(const std::vector<double>& point) const {
  const Prompt prompt = prompt_space_->decode(point);
  PromptRecord record;
  if (const auto* tokens = std::get_if<PromptTokens>(&prompt)) {
    record.kind = spec_.prompt.kind == PromptKind::kManual ? PromptRecord::Kind::kManual
                                                           : PromptRecord::Kind::kDiscrete;
    record.ids = tokens->ids;
  } else if (const auto* vectors = std::get_if<PromptVectors>(&prompt)) {
    record.kind = PromptRecord::Kind::kSoft;
    record.vectors = stack_layers(*vectors);
    record.num_layers = static_cast<std::int64_t>(vectors->layers.size()) + 1;
    record.base_ids = vectors->base_ids;
    record.ids = nearest_tokens(*vectors, *model_->embeddings());
  } else if (const auto* written = std::get_if<PromptText>(&prompt)) {
    record = written_prompt(written->text);
  } else {
    record.kind = PromptRecord::Kind::kDemonstrations;
    record.text = readable(std::get<PromptDemonstrations>(prompt));
  }
  record.point = point;
  spell(record);
  return record;
}

// Tokens and, where the prompt has none of its own, text of the record's ids.
void TrialProblem::spell(PromptRecord& record) const {
  const Tokenizer* tokenizer = model_->tokenizer();
  if (record.ids.empty() || !record.text.empty() || tokenizer == nullptr) return;
  record.tokens = spellings(*tokenizer, record.ids);
  record.text = tokenizer->decode(record.ids);
}

// A line for each demonstration, its texts uncut.
std::string TrialProblem::readable(const PromptDemonstrations& prompt) const {
  std::string text;
  for (const std::int64_t i : prompt.examples) {
    const Demonstrations one{.examples = {&data_->train.at(static_cast<std::size_t>(i))}};
    const Query query = prompt_template_->render_demonstrations(spec_.task.manual_prompt, one);
    for (std::size_t s = 0; s < query.segments.size(); ++s) {
      if (const auto* piece = std::get_if<TextSegment>(&query.segments[s])) {
        text += piece->text;
      } else {
        text += s + 1 < query.segments.size() ? " {sep} " : "\n";
      }
    }
  }
  return text;
}

PromptRecord TrialProblem::written_prompt(const std::string& text) const {
  PromptRecord record;
  record.kind = PromptRecord::Kind::kManual;
  record.text = text;
  const Tokenizer* tokenizer = model_->tokenizer();
  if (text.empty() || tokenizer == nullptr) return record;
  record.ids = tokenizer->encode(text).ids;
  record.tokens = spellings(*tokenizer, record.ids);
  return record;
}

PromptRecord TrialProblem::describe_manual() const {
  return written_prompt(spec_.task.manual_prompt);
}

double initial_sigma(const OptimizerOptions& options) {
  return options.kind == OptimizerKind::kCmaEs ? options.cma_es.sigma : options.random_search.sigma;
}

}  // namespace bbprompt
