#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "bbprompt/lm/query.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/prompt_template.hpp"

namespace bbprompt {

// What turns a prompt and an example into a query.
struct QueryParts {
  const PromptTemplate& prompt_template;
  std::span<const Example> train;  // what PromptDemonstrations counts in
  std::string_view manual_prompt;  // stands at {prompt} beside demonstrations
};

// One query per example, in their order. A query never shows its own answer: a demonstration of
// the same text as the example is left out of it. Throws Error for a demonstration that is not in
// the train split.
[[nodiscard]] std::vector<Query> prompt_queries(const QueryParts& parts, const Prompt& prompt,
                                                std::span<const Example> examples);

}  // namespace bbprompt
