#include "serve/model_service.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"
#include "serve/answer_scores_route.hpp"
#include "serve/completion.hpp"
#include "serve/request_checks.hpp"
#include "serve/request_error.hpp"
#include "serve/request_object.hpp"

namespace bbprompt {
namespace {

struct Route {
  std::string_view path;
  bool is_get = false;
};
constexpr std::array<Route, 8> kRoutes = {{{"/health", true},
                                           {"/metrics", true},
                                           {"/v1/models", true},
                                           {"/tokenize"},
                                           {"/detokenize"},
                                           {"/v1/completions"},
                                           {"/v1/mask_scores"},
                                           {"/v1/answer_scores"}}};

const Route* find_route(std::string_view path) {
  const auto* found = std::find_if(kRoutes.begin(), kRoutes.end(),
                                   [&](const Route& route) { return route.path == path; });
  return found == kRoutes.end() ? nullptr : found;
}

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// In a time that does not depend on where they differ.
bool are_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

bool is_json(std::string type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type == "application/json";
}

// The message without the model's folder, which is none of the client's business.
std::string without_file(const ModelError& error) {
  const std::string message = error.what();
  const std::string start = error.file() + ": ";
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

}  // namespace

ModelService::ModelService(LanguageModel& model, const ServeOptions& options)
    : options_(options),
      key_digest_(options.key.empty() ? std::string() : sha256_hex("Bearer " + options.key)),
      served_(model.view(), options),
      queue_(model, options.limits.max_waiting) {
  if (served_.is_causal() && model.next_tokens() == nullptr)
    throw ModelError(served_.name(), "expected a model that tells of whole vocabularies");
}

std::optional<ServiceAnswer> ModelService::answer_head(const HttpHead& head) {
  ServiceAnswer answer;
  try {
    admit(head);
    if (!find_route(head.path)->is_get) return std::nullopt;
    answer = answer_get(head.path);
  } catch (const RequestError& error) {
    answer = refuse(error.refusal());
    if (answer.status == 405) answer.allow = find_route(head.path)->is_get ? "GET, HEAD" : "POST";
  }
  metrics_.add_request(find_route(head.path) != nullptr ? head.path : "other", answer.status);
  return answer;
}

void ModelService::admit(const HttpHead& head) const {
  const Route* route = find_route(head.path);
  const bool is_health = route != nullptr && route->path == "/health";
  if (head.is_surplus && !is_health) {
    throw RequestError(Refusal{.status = 429,
                               .message = "expected at most " +
                                          std::to_string(options_.limits.max_connections) +
                                          " open connections; try again later",
                               .code = "too_many_connections"});
  }
  // Digests have one length, so nothing of the key's length shows either.
  if (!is_health && !key_digest_.empty() &&
      !are_equal(sha256_hex(head.authorization), key_digest_)) {
    throw RequestError(Refusal{.status = 401,
                               .message = "expected the header \"Authorization: Bearer KEY\" with "
                                          "this server's key",
                               .code = "invalid_api_key"});
  }
  if (route == nullptr) {
    throw RequestError(
        Refusal{.status = 404, .message = "unknown path \"" + printable(head.path) + "\""});
  }
  const bool is_method =
      route->is_get ? head.method == "GET" || head.method == "HEAD" : head.method == "POST";
  if (!is_method) {
    throw RequestError(Refusal{.status = 405,
                               .message = head.path + ": expected " +
                                          (route->is_get ? "GET" : "POST") + ", found " +
                                          printable(head.method)});
  }
  if (is_ending_ && !is_health)
    throw RequestError(Refusal{.status = 503, .message = "this server is about to end"});
  if (!route->is_get && !is_json(head.content_type)) {
    throw RequestError(Refusal{.status = 415,
                               .message = "expected \"Content-Type: application/json\", found \"" +
                                          printable(head.content_type) + "\""});
  }
}

ServiceAnswer ModelService::answer_get(const std::string& path) const {
  if (path == "/metrics") {
    return {.body = metrics_.text({.num_waiting = queue_.num_waiting(),
                                   .seconds_computing = queue_.seconds_computing()}),
            .content_type = "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (path == "/health")
    return {.body = is_ending_ ? R"({"status":"ending"})" : R"({"status":"ok"})"};
  const nlohmann::json model = {{"id", served_.name()},
                                {"object", "model"},
                                {"created", 0},
                                {"owned_by", "bbprompt"},
                                {"max_model_len", served_.max_tokens()},
                                {"family", served_.is_causal() ? "causal" : "masked"},
                                {"vocabulary_size", served_.vocabulary_size()},
                                {"max_logprobs", options_.limits.max_logprobs},
                                {"system_fingerprint", served_.fingerprint()}};
  return {.body = dump({{"object", "list"}, {"data", nlohmann::json::array({model})}})};
}

ServiceAnswer ModelService::answer(const ServiceRequest& request) {
  ServiceAnswer answer;
  try {
    answer.body = dump(answer_json(request));
  } catch (const RequestError& error) {
    answer = refuse(error.refusal());
  } catch (const ModelError& error) {
    answer = refuse({.message = without_file(error)});
  } catch (const std::exception& error) {
    answer = refuse({.status = 500, .message = error.what()});
  }
  metrics_.add_request(request.head.path, answer.status);
  return answer;
}

ServiceAnswer ModelService::refuse_other(const Refusal& refusal) {
  metrics_.add_request("other", refusal.status);
  return refuse(refusal);
}

nlohmann::json ModelService::answer_json(const ServiceRequest& request) {
  const std::string& path = request.head.path;
  if (path == "/v1/completions") return complete(request);
  if (path == "/v1/mask_scores" || path == "/v1/answer_scores") return score(request);
  const std::lock_guard lock(reading_);
  const nlohmann::json body = parse_body(request.body);
  return path == "/tokenize" ? tokenize(body) : detokenize(body);
}

nlohmann::json ModelService::complete(const ServiceRequest& request) {
  if (!served_.is_causal()) {
    throw RequestError(Refusal{.status = 404,
                               .message = "this is a masked model, which answers at a mask inside "
                                          "a text: ask /v1/mask_scores",
                               .code = "wrong_model_family"});
  }
  CompletionRequest completion;
  {
    const std::lock_guard lock(reading_);
    completion = read_completion(parse_body(request.body), served_, options_.limits);
  }
  NextTokensAnswer found;
  if (completion.needs_model()) {
    compute(request, [&](LanguageModel& model) {
      found = model.next_tokens()->next_tokens(completion.prompts, completion.asked());
    });
    metrics_.add_usage(found.usage);
  }
  return completion_answer(completion, served_, found);
}

nlohmann::json ModelService::score(const ServiceRequest& request) {
  if (served_.is_causal() && request.head.path == "/v1/mask_scores") {
    throw RequestError(Refusal{.status = 404,
                               .message = "this is a causal model, which answers after a text: ask "
                                          "/v1/answer_scores or /v1/completions",
                               .code = "wrong_model_family"});
  }
  AnswerScoresRequest asked;
  {
    const std::lock_guard lock(reading_);
    asked = read_answer_scores(parse_body(request.body), served_, options_.limits);
  }
  AnswerScores found;
  compute(request,
          [&](LanguageModel& model) { found = model.score(asked.queries, asked.answers); });
  metrics_.add_usage(found.usage);
  return answer_scores_answer(served_, found);
}

void ModelService::compute(const ServiceRequest& request, const ComputeQueue::Work& work) {
  switch (queue_.run(work, request.is_wanted)) {
    case ComputeQueue::Outcome::kDone:
      return;
    case ComputeQueue::Outcome::kFull:
      throw RequestError(Refusal{.status = 429,
                                 .message = "expected at most " +
                                            std::to_string(options_.limits.max_waiting) +
                                            " requests to wait; try again later",
                                 .code = "queue_full"});
    case ComputeQueue::Outcome::kUnwanted:
      throw RequestError(Refusal{.status = 499, .message = "the client has gone"});
  }
}

// vLLM calls the text "prompt", llama.cpp "content".
nlohmann::json ModelService::tokenize(const nlohmann::json& body) const {
  const std::array<std::string, 4> keys = {"model", "prompt", "content", "add_special_tokens"};
  const RequestObject object(body, keys);
  check_model(object, served_);
  const bool is_content = object.find("content") != nullptr;
  if (is_content && object.find("prompt") != nullptr)
    object.fail("prompt", "either \"prompt\" or \"content\"", body["prompt"]);
  const std::string text = object.text(is_content ? "content" : "prompt", "a string");
  const auto ids = object.flag("add_special_tokens")
                       ? served_.tokenizer().encode_for_model(text).ids
                       : served_.tokenizer().encode(text).ids;
  return {{"tokens", ids}, {"count", ids.size()}, {"max_model_len", served_.max_tokens()}};
}

nlohmann::json ModelService::detokenize(const nlohmann::json& body) const {
  const std::array<std::string, 2> keys = {"model", "tokens"};
  const RequestObject object(body, keys);
  check_model(object, served_);
  const nlohmann::json& tokens = object.at("tokens", "a list of token ids");
  const std::string text =
      tokens.is_array() && tokens.empty()
          ? std::string()
          : served_.text_of(read_ids(tokens, served_.vocabulary_size(), "tokens"));
  // As vLLM calls it, and llama.cpp.
  return {{"prompt", text}, {"content", text}};
}

}  // namespace bbprompt
