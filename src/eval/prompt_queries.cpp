#include "bbprompt/eval/prompt_queries.hpp"

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

struct Renderer {
  const QueryParts& parts;
  const Example& example;

  Query operator()(const PromptTokens& prompt) const {
    return parts.prompt_template.render(example, prompt);
  }
  Query operator()(const PromptVectors& prompt) const {
    return parts.prompt_template.render(example, prompt);
  }
  Query operator()(const PromptText& prompt) const {
    return parts.prompt_template.render(example, std::string_view(prompt.text));
  }
  Query operator()(const PromptDemonstrations& prompt) const {
    Demonstrations shown{.examples = {}, .max_field_tokens = prompt.max_field_tokens};
    for (const std::int64_t i : prompt.examples) {
      if (i < 0 || i >= static_cast<std::int64_t>(parts.train.size())) {
        throw Error("a demonstration that is not in the train split");
      }
      const Example& demonstration = parts.train[static_cast<std::size_t>(i)];
      if (content_of(demonstration) != content_of(example)) {
        shown.examples.push_back(&demonstration);
      }
    }
    return parts.prompt_template.render(example, parts.manual_prompt, shown);
  }
};

}  // namespace

std::vector<Query> prompt_queries(const QueryParts& parts, const Prompt& prompt,
                                  std::span<const Example> examples) {
  std::vector<Query> queries;
  queries.reserve(examples.size());
  for (const Example& example : examples) {
    queries.push_back(std::visit(Renderer{parts, example}, prompt));
  }
  return queries;
}

}  // namespace bbprompt
