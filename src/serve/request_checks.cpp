#include "serve/request_checks.hpp"

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {

void check_model(const RequestObject& object, const ServedModel& model) {
  if (object.find("model") == nullptr) return;
  const std::string name = object.text("model", "a string");
  if (name == model.name()) return;
  throw RequestError(Refusal{.status = 404,
                             .message = "model: expected \"" + model.name() +
                                        "\", the one that is served, found \"" + printable(name) +
                                        "\"",
                             .param = "model",
                             .code = "model_not_found"});
}

void check_count(int count, const ServeLimits& limits, const std::string& param) {
  if (count <= limits.max_prompts) return;
  throw RequestError(param, param + ": expected at most " + std::to_string(limits.max_prompts) +
                                " in a request, found " + std::to_string(count));
}

void check_lengths(const std::vector<std::vector<TokenId>>& prompts, const ServedModel& model,
                   const ServeLimits& limits) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::string prompt = "prompt: the one of index " + std::to_string(i);
    if (prompts[i].empty())
      throw RequestError("prompt", prompt + " is empty; expected at least one token");
    if (prompts[i].size() > static_cast<std::size_t>(model.max_tokens())) {
      throw RequestError(Refusal{.message = prompt + " has " + std::to_string(prompts[i].size()) +
                                            " tokens; this model's maximum context length is " +
                                            std::to_string(model.max_tokens()) + " tokens",
                                 .param = "prompt",
                                 .code = "context_length_exceeded"});
    }
    sum += prompts[i].size();
  }
  if (sum <= static_cast<std::size_t>(limits.max_request_tokens)) return;
  throw RequestError("prompt", "prompt: expected at most " +
                                   std::to_string(limits.max_request_tokens) +
                                   " tokens in a request, found " + std::to_string(sum));
}

}  // namespace bbprompt
