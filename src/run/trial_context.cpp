#include "bbprompt/run/trial_context.hpp"

#include <algorithm>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/setting_place.hpp"
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

TrialContext::TrialContext(const ExperimentSpec& spec, ModelPool& models)
    : TrialContext(spec, models.get(spec.model),
                   models.task_data().get(spec.task, spec.few_shot, spec.seed),
                   &models.candidates(spec.model)) {}

TrialContext::TrialContext(const ExperimentSpec& spec, Replica& model)
    : TrialContext(
          spec, model,
          std::make_shared<const TaskData>(load_task_data(spec.task, spec.few_shot, spec.seed)),
          nullptr) {}

TrialContext::TrialContext(const ExperimentSpec& spec, Replica& model, Data data,
                           CandidateCache* candidates)
    : spec_(spec), model_(model), data_(std::move(data)), fingerprint_(data_->fingerprint) {
  notes_ = data_->notes;
  prompt_template_ = with_place(spec, "task.template",
                                [&] { return std::make_unique<PromptTemplate>(spec.task); });
  verbalizer_ = with_place(spec, "task.labels",
                           [&] { return std::make_unique<Verbalizer>(spec.task.labels, model); });
  notes_.insert(notes_.end(), verbalizer_->notes().begin(), verbalizer_->notes().end());
  objective_ =
      with_place(spec, "objective", [&] { return std::make_unique<Objective>(spec.objective); });

  auto space = with_place(spec, "prompt", [&] {
    PromptSpaceInputs inputs = space_inputs(candidates);
    if (spec.prompt.kind == PromptKind::kSoft) {
      const PromptVectors base = soft_base_prompt(spec.prompt, inputs);
      check_length(base);
      if (spec.prompt.soft.layers == SoftPromptLayers::kAll && inputs.num_layers > 1)
        inputs.layer_deviations = measure_layers(base);
    }
    return make_prompt_space(spec.prompt, inputs);
  });
  prompt_space_ = std::move(space.space);
  notes_.insert(notes_.end(), space.notes.begin(), space.notes.end());
  fingerprint_ = bbprompt::data_fingerprint(spec, *data_);
  evaluator_ =
      std::make_unique<Evaluator>(Evaluator::Parts{.data = *data_,
                                                   .prompt_template = *prompt_template_,
                                                   .verbalizer = *verbalizer_,
                                                   .prompt_space = *prompt_space_,
                                                   .manual_prompt = spec.task.manual_prompt,
                                                   .model = model});
}

PromptSpaceInputs TrialContext::space_inputs(CandidateCache* candidates) const {
  PromptSpaceInputs inputs{.tokenizer = model_.tokenizer(),
                           .word_embeddings = model_.word_embeddings(),
                           .embedding_deviation = model_.word_embedding_deviation(),
                           .sigma = initial_sigma(spec_.optimizer),
                           .texts = candidate_texts(*data_, spec_.prompt.discrete.candidates.text),
                           .seed = spec_.seed,
                           .manual_prompt = spec_.task.manual_prompt,
                           .num_layers = model_.info().num_layers,
                           .candidate_cache = candidates};
  if (spec_.prompt.discrete.candidates.text == CandidateText::kTrainFile)
    inputs.text_owner = data_->train_file;
  if (spec_.prompt.kind == PromptKind::kDemonstrations) {
    inputs.demonstrations =
        demonstration_inputs({.prompt_template = *prompt_template_,
                              .prompt_text = spec_.task.manual_prompt,
                              .max_field_tokens = spec_.prompt.demonstrations.max_field_tokens,
                              .model = model_},
                             data_->train, spec_.seed);
  }
  return inputs;
}

std::vector<double> TrialContext::measure_layers(const PromptVectors& base) {
  std::vector<Query> queries;
  queries.reserve(data_->train.size());
  for (const Example& example : data_->train)
    queries.push_back(prompt_template_->render(example, base));
  notes_.emplace_back(
      "deep prompt: the hidden states of the train split with the base prompt were read once to "
      "scale its layers; as much work as one evaluation, in no budget");
  return model_.layer_deviations(queries);
}

// What may not be cut of an input is as long as the prompt, whatever its vectors.
void TrialContext::check_length(const PromptVectors& base) const {
  if (data_->train.empty()) return;
  try {
    (void)model_.count_tokens(prompt_template_->render(data_->train.front(), base));
  } catch (const ModelError& error) {
    throw ConfigError(place_of(spec_, "prompt.length"), error.what());
  }
}

std::span<const Example> TrialContext::examples(Split split) const {
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

std::vector<std::int32_t> TrialContext::gold(Split split) const {
  std::vector<std::int32_t> labels;
  for (const Example& example : examples(split)) labels.push_back(example.label);
  return labels;
}

std::string TrialContext::prompt_key(const std::vector<double>& point) const {
  const Prompt prompt = prompt_space_->decode(point);
  const auto* tokens = std::get_if<PromptTokens>(&prompt);
  if (tokens == nullptr) return {};
  std::string key;
  for (const TokenId id : tokens->ids) key += std::to_string(id) + ' ';
  return key;
}

std::int64_t TrialContext::count_tokens(const std::vector<double>& point, Split split) const {
  return evaluator_->count_tokens(point, examples(split));
}

double TrialContext::mean_tokens(const std::vector<double>& point, Split split,
                                 std::size_t max_examples) const {
  const auto all = examples(split);
  const std::size_t count = std::min(all.size(), std::max<std::size_t>(max_examples, 1));
  if (count == 0) return 0.0;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += evaluator_->count_tokens(point, all.subspan(i * all.size() / count, 1));
  return static_cast<double>(sum) / static_cast<double>(count);
}

WorkResult TrialContext::run(const WorkItem& item) {
  WorkResult result;
  result.id = item.id;
  try {
    const auto all = examples(item.split);
    if (item.begin < 0 || item.end > static_cast<std::int64_t>(all.size()) ||
        item.begin >= item.end) {
      throw Error("work item outside its split: the ranks read different data");
    }
    const auto shard = all.subspan(static_cast<std::size_t>(item.begin),
                                   static_cast<std::size_t>(item.end - item.begin));
    const Evaluation evaluation = item.is_manual ? evaluator_->evaluate_manual(shard)
                                                 : evaluator_->evaluate(item.point, shard);
    const RowMatrixXd& scores = evaluation.label_scores;
    result.label_scores.assign(scores.data(), scores.data() + scores.size());
    result.num_queries = evaluation.usage.num_queries;
    result.num_calls = evaluation.usage.num_calls;
    result.num_tokens = evaluation.usage.num_tokens;
    result.num_truncated = evaluation.usage.num_truncated;
  } catch (const ModelError& error) {
    result.error = error.what();  // what the model cannot take here it can take nowhere
  } catch (const std::exception& error) {
    result.is_retryable = true;
    result.error = error.what();
    if (result.error.empty()) result.error = "unknown error";
  }
  return result;
}

Evaluation TrialContext::evaluate(const Prompt& prompt, Split split) {
  const auto all = examples(split);
  const auto size = static_cast<std::size_t>(spec_.shard_size);
  Evaluation whole;
  whole.label_scores.resize(static_cast<Eigen::Index>(all.size()), verbalizer_->num_labels());
  for (std::size_t begin = 0; begin < all.size(); begin += size) {
    const auto shard = all.subspan(begin, std::min(size, all.size() - begin));
    const Evaluation part = evaluator_->evaluate(prompt, shard);
    whole.label_scores.middleRows(static_cast<Eigen::Index>(begin), part.label_scores.rows()) =
        part.label_scores;
    whole.usage += part.usage;
  }
  return whole;
}

PromptRecord TrialContext::describe(const std::vector<double>& point) const {
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
    record.ids = nearest_tokens(*vectors, model_.word_embeddings());
  } else if (const auto* written = std::get_if<PromptText>(&prompt)) {
    record = written_prompt(written->text);
  } else {
    record.kind = PromptRecord::Kind::kDemonstrations;
    record.text = readable(std::get<PromptDemonstrations>(prompt));
  }
  record.point = point;
  if (!record.ids.empty() && record.text.empty()) {
    record.tokens = spellings(model_.tokenizer(), record.ids);
    record.text = model_.tokenizer().decode(record.ids);
  }
  return record;
}

// A line for each demonstration, its texts uncut.
std::string TrialContext::readable(const PromptDemonstrations& prompt) const {
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

PromptRecord TrialContext::written_prompt(const std::string& text) const {
  PromptRecord record;
  record.kind = PromptRecord::Kind::kManual;
  record.text = text;
  if (!text.empty()) record.ids = model_.tokenizer().encode(text).ids;
  record.tokens = spellings(model_.tokenizer(), record.ids);
  return record;
}

PromptRecord TrialContext::describe_manual() const {
  return written_prompt(spec_.task.manual_prompt);
}

double initial_sigma(const OptimizerOptions& options) {
  return options.kind == OptimizerKind::kCmaEs ? options.cma_es.sigma : options.random_search.sigma;
}

}  // namespace bbprompt
