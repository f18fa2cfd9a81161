#include "query/whole_queries.hpp"

#include <cmath>
#include <variant>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "query/call_queue.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;

json segment_json(const Segment& segment, const std::string& model) {
  if (const auto* text = std::get_if<TextSegment>(&segment)) {
    json fields = json::array();
    for (const ExampleField& field : text->fields)
      fields.push_back({field.begin, field.end, field.max_tokens});
    return {{"text", text->text}, {"fields", std::move(fields)}};
  }
  if (const auto* tokens = std::get_if<PromptTokens>(&segment)) return {{"tokens", tokens->ids}};
  if (std::holds_alternative<AnswerSlot>(segment)) return {{"mask", true}};
  if (std::holds_alternative<Separator>(segment)) return {{"separator", true}};
  throw ModelError(model, "a server takes texts and tokens, no vectors; use prompt.kind: discrete");
}

RouteReply read(const json& answer, std::size_t num_queries, std::size_t num_answers) {
  const auto fail = [](const std::string& what) { throw MalformedAnswer(what); };
  if (!answer.is_object()) fail("expected an object as the answer, found " + json_kind(answer));
  const auto rows = answer.find("scores");
  if (rows == answer.end() || !rows->is_array() || rows->size() != num_queries)
    fail("expected scores of " + std::to_string(num_queries) + " inputs in the answer");
  RouteReply reply;
  for (std::size_t q = 0; q < num_queries; ++q) {
    const json& row = (*rows)[q];
    if (!row.is_array() || row.size() != num_answers)
      fail("expected " + std::to_string(num_answers) + " scores of each input in the answer");
    for (std::size_t a = 0; a < num_answers; ++a) {
      if (!row[a].is_number() || !std::isfinite(row[a].get<double>()))
        fail("expected finite numbers as scores, found " + json_kind(row[a]));
      reply.parts.push_back({.query = q, .answer = a, .value = row[a].get<double>()});
    }
  }
  const auto usage = answer.find("usage");
  if (usage != answer.end() && usage->is_object()) {
    reply.usage = {.prompt_tokens = usage->value("prompt_tokens", std::int64_t{-1}),
                   .completion_tokens = 0};
  }
  reply.identity.model = answer.value("model", std::string());
  reply.identity.fingerprint = answer.value("system_fingerprint", std::string());
  return reply;
}

}  // namespace

RouteCall whole_queries_call(const ServerView& view, const ScoreRequest& request) {
  json inputs = json::array();
  std::int64_t num_tokens = 0;
  for (const Query& query : request.queries) {
    json segments = json::array();
    for (const Segment& segment : query.segments)
      segments.push_back(segment_json(segment, view.info().name));
    inputs.push_back({{"segments", std::move(segments)}});
    num_tokens += view.count_tokens(query);
  }
  json answers = json::array();
  for (const Answer& answer : request.answers) {
    if (answer.is_one_token()) {
      answers.push_back(answer.first());
    } else {
      answers.push_back(answer.ids());
    }
  }
  const json body{
      {"model", view.info().name}, {"inputs", std::move(inputs)}, {"answers", std::move(answers)}};
  return {.covers_all = true,
          .path = "/v1/answer_scores",
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
          .num_prompt_tokens = num_tokens,
          .read = [num_queries = request.queries.size(), num_answers = request.answers.size()](
                      const json& answer) { return read(answer, num_queries, num_answers); }};
}

}  // namespace bbprompt
