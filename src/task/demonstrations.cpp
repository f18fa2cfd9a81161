#include "bbprompt/task/demonstrations.hpp"

namespace bbprompt {

DemonstrationInputs demonstration_inputs(const DemonstrationRendering& rendering,
                                         std::span<const Example> train, std::uint64_t seed) {
  // A causal model adds no tokens of its own, but to a query without any.
  const bool is_causal = rendering.model.info().family == ModelFamily::kCausal;
  const Query empty{.segments = {AnswerSlot{}}};
  const std::int64_t num_around = is_causal ? 0 : rendering.model.count_tokens(empty);
  DemonstrationInputs inputs{.labels = {},
                             .num_tokens = {},
                             .max_tokens = rendering.model.info().max_tokens / 2,
                             .seed = seed};
  for (const Example& example : train) {
    Query query = rendering.prompt_template.render_demonstrations(
        rendering.prompt_text,
        {.examples = {&example}, .max_field_tokens = rendering.max_field_tokens});
    query.segments.emplace_back(AnswerSlot{});
    inputs.labels.push_back(example.label);
    inputs.num_tokens.push_back(rendering.model.count_tokens(query) - num_around);
  }
  return inputs;
}

}  // namespace bbprompt
