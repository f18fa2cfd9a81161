#include "query/request_form.hpp"

#include <nlohmann/json.hpp>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;

json prompt_json(const ServerPrompt& prompt, bool sends_ids) {
  if (sends_ids) return prompt.ids;
  return prompt.text;
}

json bias_json(const std::vector<std::pair<TokenId, double>>& bias, bool is_pairs) {
  if (is_pairs) {
    json pairs = json::array();
    for (const auto& [id, value] : bias) pairs.push_back({id, value});
    return pairs;
  }
  json map = json::object();
  for (const auto& [id, value] : bias) map[std::to_string(id)] = value;
  return map;
}

json completions_json(const Ask& ask, const ServerFindings& findings) {
  json body{{"prompt", prompt_json(ask.prompt, findings.sends_ids)},
            {findings.length_key, ask.length}};
  if (findings.takes_temperature) body["temperature"] = ask.is_after_sampling ? 1 : 0;
  if (ask.num_top > 0) body["logprobs"] = ask.num_top;
  if (findings.names_ids) body["return_tokens_as_token_ids"] = true;
  if (!ask.named.empty()) body["logprob_token_ids"] = ask.named;
  if (!ask.bias.empty()) body["logit_bias"] = bias_json(ask.bias, findings.has_bias_pairs);
  if (ask.is_echo) body["echo"] = true;
  return body;
}

// Without the prompt cache the server's numbers are always those of the whole prompt.
json native_json(const Ask& ask, const ServerFindings& findings) {
  json body{{"prompt", prompt_json(ask.prompt, findings.sends_ids)},
            {"n_predict", ask.length},
            {"n_probs", ask.num_top},
            {"temperature", ask.is_after_sampling ? 1 : 0},
            {"cache_prompt", false}};
  if (ask.is_after_sampling) {
    body["post_sampling_probs"] = true;
    body["top_k"] = 0;
    body["top_p"] = 1.0;
    body["min_p"] = 0.0;
    body["seed"] = 1;
  }
  if (!ask.bias.empty()) body["logit_bias"] = bias_json(ask.bias, true);
  return body;
}

json chat_json(const Ask& ask, const ServerFindings& findings, const std::string& system) {
  json messages = json::array();
  if (!system.empty()) messages.push_back({{"role", "system"}, {"content", system}});
  messages.push_back({{"role", "user"}, {"content", ask.prompt.text}});
  json body{{"messages", std::move(messages)}, {findings.length_key, ask.length}};
  if (findings.takes_temperature) body["temperature"] = ask.is_after_sampling ? 1 : 0;
  if (ask.num_top > 0) {
    body["logprobs"] = true;
    body["top_logprobs"] = ask.num_top;
  }
  if (!ask.bias.empty()) body["logit_bias"] = bias_json(ask.bias, findings.has_bias_pairs);
  return body;
}

}  // namespace

std::string RequestForm::path() const {
  switch (findings_.dialect) {
    case Dialect::kCompletions:
      return "/v1/completions";
    case Dialect::kNative:
      return "/completion";
    case Dialect::kChat:
      return "/v1/chat/completions";
    case Dialect::kAnswerScores:
      return "/v1/answer_scores";
  }
  throw Error("unknown dialect of a model server");
}

std::string RequestForm::body(const Ask& ask) const {
  json body;
  switch (findings_.dialect) {
    case Dialect::kCompletions:
      body = completions_json(ask, findings_);
      break;
    case Dialect::kNative:
      body = native_json(ask, findings_);
      break;
    case Dialect::kChat:
      body = chat_json(ask, findings_, system_message_);
      break;
    case Dialect::kAnswerScores:
      throw Error("mask scores are not asked token by token");
  }
  body["model"] = name_;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::int64_t RequestForm::num_tokens(const ServerPrompt& prompt) const {
  // A chat server wraps the message into a template of its own.
  if (prompt.ids.empty() || findings_.dialect == Dialect::kChat) return -1;
  return static_cast<std::int64_t>(prompt.ids.size()) + findings_.num_added;
}

}  // namespace bbprompt
