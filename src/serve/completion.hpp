#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/lm/next_tokens.hpp"
#include "serve/served_model.hpp"

namespace bbprompt {

// A request to /v1/completions, checked. Its keys: src/serve/serving.md.
struct CompletionRequest {
  std::vector<std::vector<TokenId>> prompts;
  std::vector<std::string> texts;  // of the prompts
  int max_tokens = 1;              // 0 or 1
  bool has_echo = false;
  std::optional<int> num_best;  // at each place, -1: all; nothing: no log-probabilities
  std::vector<TokenId> named;
  bool has_id_keys = false;    // "token_id:N" for a token's text
  bool has_token_ids = false;  // the ids too

  [[nodiscard]] bool needs_model() const { return max_tokens > 0 || num_best.has_value(); }
  [[nodiscard]] NextTokensAsked asked() const;
};

// Throws RequestError.
[[nodiscard]] CompletionRequest read_completion(const nlohmann::json& body,
                                                const ServedModel& model,
                                                const ServeLimits& limits);

// The answer in vLLM's shape. `found`: what the model gave for asked(); empty where it was not
// needed.
[[nodiscard]] nlohmann::json completion_answer(const CompletionRequest& request,
                                               const ServedModel& model,
                                               const NextTokensAnswer& found);

}  // namespace bbprompt
