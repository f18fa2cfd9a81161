#include <algorithm>
#include <set>

#include "app/plan_report.hpp"

namespace bbprompt {
namespace {

constexpr std::int64_t kFloat = 4;
constexpr std::int64_t kBatchTokens = 1024;       // ReplicaOptions::max_batch_tokens
constexpr std::int64_t kFeedForwardTokens = 512;  // at a time, in the encoder
constexpr std::size_t kKeptTrials = 16;           // trials whose parts a worker keeps

std::int64_t num_parameters(const ModelConfig& model) {
  const std::int64_t hidden = model.hidden_size;
  const std::int64_t inner = model.intermediate_size;
  const std::int64_t layer =
      4 * (hidden * hidden + hidden) + 2 * hidden * inner + inner + 5 * hidden;
  const std::int64_t embeddings =
      (model.vocab_size + model.num_positions + model.num_types + 2) * hidden;
  const std::int64_t decoder = model.has_tied_embeddings ? 0 : model.vocab_size * hidden;
  return embeddings + model.num_layers * layer + hidden * hidden + 3 * hidden + decoder +
         model.vocab_size;
}

// The encoder's buffers for its largest batch.
std::int64_t scratch_of(const ModelConfig& model) {
  const std::int64_t longest = model.max_tokens();
  const std::int64_t tokens = std::max<std::int64_t>(kBatchTokens, longest);
  const std::int64_t states = 2 * tokens * model.hidden_size;
  const std::int64_t inner = std::min(tokens, kFeedForwardTokens) * model.intermediate_size;
  return kFloat * (states + std::max(states, inner) + longest * longest);
}

// In float32, mapped or widened: one copy for all ranks of a node.
void add_model(RankMemory& memory, const ModelOptions& options) {
  const ModelConfig model = load_model_config(options.path);
  memory.weights += kFloat * num_parameters(model);
  memory.scratch += scratch_of(model);
}

}  // namespace

std::int64_t prompt_bytes_of(const ExperimentSpec& spec, const ModelConfig& model,
                             Eigen::Index dimension) {
  const std::int64_t hidden = model.hidden_size;
  const std::int64_t length = spec.prompt.length;
  if (spec.prompt.kind == PromptKind::kSoft) {
    const bool has_projection = spec.prompt.soft.dimension > 0;
    return kFloat * length * hidden * (has_projection ? dimension : 1);
  }
  if (spec.prompt.kind != PromptKind::kDiscrete) return 0;
  const std::int64_t num_candidates = spec.prompt.discrete.num_candidates;
  switch (spec.prompt.discrete.relaxation) {
    case Relaxation::kEmbedding:
    case Relaxation::kNearest:
      return kFloat * num_candidates * hidden;
    case Relaxation::kLogits:
      return kFloat * length * num_candidates * dimension;
    case Relaxation::kIndex:
      break;
  }
  return 0;
}

std::int64_t data_bytes_of(const TrialContext& context) {
  std::size_t sum = 0;
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest}) {
    for (const Example& example : context.examples(split))
      sum += sizeof(Example) + example.text_a.size() + example.text_b.size();
  }
  return static_cast<std::int64_t>(sum);
}

RankMemory estimate_memory(const SweepPlan& plan, const std::vector<SettingFigures>& settings) {
  RankMemory memory;
  std::set<std::pair<std::string, std::string>> models;
  for (const TrialSpec& trial : plan.trials) {
    const ModelOptions& model = trial.spec.model;
    if (models.emplace(model.path.string(), model.weights).second) add_model(memory, model);
  }
  const auto num_kept =
      static_cast<std::int64_t>(std::min<std::size_t>(plan.trials.size(), kKeptTrials));
  for (const SettingFigures& setting : settings) {
    memory.prompts = std::max(memory.prompts, num_kept * setting.prompt_bytes);
    memory.data = std::max(memory.data, num_kept * setting.data_bytes);
  }
  return memory;
}

}  // namespace bbprompt
