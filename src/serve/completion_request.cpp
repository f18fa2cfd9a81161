#include <algorithm>
#include <array>
#include <limits>

#include "serve/completion.hpp"
#include "serve/request_checks.hpp"
#include "serve/request_object.hpp"

namespace bbprompt {
namespace {

const std::array<std::string, 27> kKeys = {"model",
                                           "prompt",
                                           "max_tokens",
                                           "echo",
                                           "logprobs",
                                           "logprob_token_ids",
                                           "return_tokens_as_token_ids",
                                           "return_token_ids",
                                           "temperature",
                                           "n",
                                           "best_of",
                                           "stream",
                                           "stream_options",
                                           "seed",
                                           "user",
                                           "stop",
                                           "suffix",
                                           "top_p",
                                           "top_k",
                                           "min_p",
                                           "presence_penalty",
                                           "frequency_penalty",
                                           "repetition_penalty",
                                           "logit_bias",
                                           "add_special_tokens",
                                           "request_id",
                                           "priority"};

// Keys that other servers know. Where a value would change the answer there, it is refused here.
void check_unused(const RequestObject& object) {
  constexpr int kAny = std::numeric_limits<int>::max();
  (void)object.number("temperature", 0, {.least = 0, .most = 2});
  (void)object.integer("n", 1, {.least = 1, .most = 1});
  (void)object.integer("best_of", 1, {.least = 1, .most = 1});
  (void)object.integer("seed", 0, {.least = -kAny, .most = kAny});
  (void)object.integer("priority", 0, {.least = -kAny, .most = kAny});
  (void)object.number("top_p", 1, {.least = 1, .most = 1});
  (void)object.integer("top_k", 0, {.least = -1, .most = 0});
  (void)object.number("min_p", 0, {.least = 0, .most = 0});
  (void)object.number("presence_penalty", 0, {.least = 0, .most = 0});
  (void)object.number("frequency_penalty", 0, {.least = 0, .most = 0});
  (void)object.number("repetition_penalty", 1, {.least = 1, .most = 1});
  (void)object.flag("add_special_tokens");  // the tokenizers of causal models add none
  if (object.find("user") != nullptr) (void)object.text("user", "a string");
  if (object.find("request_id") != nullptr) (void)object.text("request_id", "a string");
  if (object.flag("stream"))
    object.fail("stream", "false, as this server answers at once", *object.find("stream"));
  if (const auto* bias = object.find("logit_bias"); bias != nullptr && !bias->empty()) {
    object.fail("logit_bias",
                "none, as this server does not support it: logprob_token_ids gives the "
                "log-probabilities of tokens that you name",
                *bias);
  }
  for (const char* key : {"stop", "suffix", "stream_options"}) {
    if (const auto* found = object.find(key); found != nullptr && !found->empty())
      object.fail(key, "none, as this server writes one token at most", *found);
  }
}

int read_max_tokens(const RequestObject& object) {
  const auto* found = object.find("max_tokens");
  if (found == nullptr) return 1;
  if (!found->is_number_integer() || *found < 0 || *found > 1) {
    object.fail("max_tokens",
                "1, or 0 with echo, as this server scores text and writes one token at most",
                *found);
  }
  return found->get<int>();
}

std::optional<int> read_num_best(const RequestObject& object, const ServeLimits& limits) {
  if (object.find("logprobs") == nullptr) return std::nullopt;
  if (limits.max_logprobs < 0)
    return object.integer("logprobs", 0, {.least = -1, .most = std::numeric_limits<int>::max()});
  return object.integer("logprobs", 0, {.least = 0, .most = limits.max_logprobs});
}

void add_prompt(const nlohmann::json& value, const ServedModel& model, CompletionRequest& request) {
  if (value.is_string()) {
    request.texts.push_back(value.get<std::string>());
    request.prompts.push_back(model.tokenizer().encode(request.texts.back()).ids);
  } else {
    request.prompts.push_back(read_ids(value, model.vocabulary_size(), "prompt"));
    request.texts.push_back(request.has_echo ? model.text_of(request.prompts.back())
                                             : std::string());
  }
}

void read_prompts(const RequestObject& object, const ServedModel& model, const ServeLimits& limits,
                  CompletionRequest& request) {
  constexpr const char* kExpected =
      "a string, a list of strings, a list of token ids, or a list of lists of token ids";
  const nlohmann::json& value = object.at("prompt", kExpected);
  if (!value.is_string() && (!value.is_array() || value.empty()))
    object.fail("prompt", kExpected, value);
  if (value.is_string() || value.front().is_number()) {
    add_prompt(value, model, request);
  } else {
    check_count(static_cast<int>(value.size()), limits, "prompt");
    const auto type = value.front().type();
    for (const auto& prompt : value) {
      if (prompt.type() != type || !(prompt.is_string() || prompt.is_array()))
        object.fail("prompt", kExpected, prompt);
      add_prompt(prompt, model, request);
    }
  }
  check_lengths(request.prompts, model, limits);
}

void check_num_values(const CompletionRequest& request, const ServedModel& model,
                      const ServeLimits& limits) {
  if (!request.num_best) return;
  std::int64_t num_places = 0;
  for (const auto& prompt : request.prompts) {
    num_places += request.max_tokens;
    if (request.has_echo) num_places += static_cast<std::int64_t>(prompt.size());
  }
  const std::int64_t each = *request.num_best < 0
                                ? model.vocabulary_size()
                                : std::min(*request.num_best, model.vocabulary_size()) + 1;
  const std::int64_t count =
      num_places * each + static_cast<std::int64_t>(request.prompts.size() * request.named.size());
  if (count <= limits.max_values) return;
  throw RequestError("logprobs", "logprobs: expected a request whose answer has at most " +
                                     std::to_string(limits.max_values) +
                                     " log-probabilities, found one of " + std::to_string(count) +
                                     "; ask for fewer prompts at once, or fewer of the best");
}

}  // namespace

NextTokensAsked CompletionRequest::asked() const {
  NextTokensAsked asked{.named = named};
  if (has_echo && num_best) asked.places = Places::kAll;
  asked.num_best = num_best.value_or(1) < 0 ? std::numeric_limits<int>::max()
                                            : std::max(1, num_best.value_or(1));
  return asked;
}

CompletionRequest read_completion(const nlohmann::json& body, const ServedModel& model,
                                  const ServeLimits& limits) {
  const RequestObject object(body, kKeys);
  check_model(object, model);
  check_unused(object);
  CompletionRequest request;
  request.max_tokens = read_max_tokens(object);
  request.has_echo = object.flag("echo");
  if (request.max_tokens == 0 && !request.has_echo)
    object.fail("max_tokens", "1, or 0 with echo: true", *object.find("max_tokens"));
  request.num_best = read_num_best(object, limits);
  request.has_id_keys = object.flag("return_tokens_as_token_ids");
  request.has_token_ids = object.flag("return_token_ids");
  if (const auto* named = object.find("logprob_token_ids")) {
    if (request.max_tokens == 0) {
      object.fail("logprob_token_ids", "none with max_tokens 0, as they are asked after the prompt",
                  *named);
    }
    request.named = read_ids(*named, model.vocabulary_size(), "logprob_token_ids");
    if (!request.num_best) request.num_best = 0;
  }
  read_prompts(object, model, limits, request);
  check_num_values(request, model, limits);
  return request;
}

}  // namespace bbprompt
