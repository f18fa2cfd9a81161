#include <algorithm>
#include <set>

#include "app/plan_report.hpp"

namespace bbprompt {
namespace {

constexpr std::int64_t kFloat = 4;
constexpr std::size_t kKeptTrials = 16;  // trials whose parts a worker keeps

}  // namespace

std::int64_t prompt_bytes_of(const ExperimentSpec& spec, const LanguageModelInfo& model,
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

std::int64_t data_bytes_of(const TrialProblem& problem) {
  std::size_t sum = 0;
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest}) {
    for (const Example& example : problem.examples(split))
      sum += sizeof(Example) + example.text_a.size() + example.text_b.size();
  }
  return static_cast<std::int64_t>(sum);
}

RankMemory estimate_memory(const SweepPlan& plan, ModelPool& models,
                           const std::vector<SettingFigures>& settings) {
  RankMemory memory;
  std::set<ModelIdentity> seen;
  for (const TrialSpec& trial : plan.trials) {
    if (!seen.emplace(trial.spec.model).second) continue;
    const ModelMemory model = models.view(trial.spec.model)->memory();
    memory.weights += model.weights;
    memory.scratch += model.scratch;
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
