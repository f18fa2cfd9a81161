#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/prompt/fixed_prompt_space.hpp"
#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/prompt_template.hpp"

namespace bbprompt {

// How demonstrations are rendered, and for which model.
struct DemonstrationRendering {
  const PromptTemplate& prompt_template;
  std::string_view prompt_text;
  int max_field_tokens = 0;
  const ModelView& model;
};

// What demonstrations can be drawn from: each example of the train split with the tokens it takes
// as a demonstration, its separator included. All together may take half of the model's length;
// the other half is left to the query. Throws ModelError as the model does.
[[nodiscard]] DemonstrationInputs demonstration_inputs(const DemonstrationRendering& rendering,
                                                       std::span<const Example> train,
                                                       std::uint64_t seed);

}  // namespace bbprompt
