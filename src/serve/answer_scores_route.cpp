#include "serve/answer_scores_route.hpp"

#include <array>
#include <limits>
#include <string>

#include "serve/request_checks.hpp"
#include "serve/request_object.hpp"

namespace bbprompt {
namespace {

const std::array<std::string, 3> kKeys = {"model", "inputs", "answers"};
const std::array<std::string, 1> kInputKeys = {"segments"};
const std::array<std::string, 6> kSegmentKeys = {"text", "fields",    "tokens",
                                                 "mask", "separator", "vectors"};

std::string place(const std::string& list, std::size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

ExampleField read_field(const nlohmann::json& value, std::size_t least, std::size_t size,
                        const std::string& where) {
  const auto fail = [&] {
    throw RequestError(where, where +
                                  ": expected [begin, end, max_tokens] in bytes of the text, after "
                                  "the field before it; found " +
                                  value.dump().substr(0, 60));
  };
  if (!value.is_array() || value.size() != 3) fail();
  for (const auto& number : value) {
    if (!number.is_number_unsigned() ||
        number.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
      fail();
  }
  const ExampleField field{.begin = value[0].get<std::size_t>(),
                           .end = value[1].get<std::size_t>(),
                           .max_tokens = value[2].get<int>()};
  if (field.begin < least || field.end < field.begin || field.end > size) fail();
  return field;
}

TextSegment read_text(const RequestObject& object) {
  TextSegment segment{.text = object.text("text", "a string"), .fields = {}};
  const auto* fields = object.find("fields");
  if (fields == nullptr) return segment;
  if (!fields->is_array()) object.fail("fields", "a list", *fields);
  std::size_t end = 0;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    segment.fields.push_back(
        read_field((*fields)[i], end, segment.text.size(), place(object.path("fields"), i)));
    end = segment.fields.back().end;
  }
  return segment;
}

Segment read_segment(const nlohmann::json& value, const ServedModel& model,
                     const std::string& where) {
  const RequestObject object(value, kSegmentKeys, where + ".");
  if (const auto* vectors = object.find("vectors")) {
    object.fail("vectors", "none, as this server takes no soft prompts: run the model in the run",
                *vectors);
  }
  const std::size_t num_keys = value.size() - (value.contains("fields") ? 1 : 0);
  const bool has_text = object.find("text") != nullptr;
  if (num_keys != 1 || (value.contains("fields") && !has_text)) {
    throw RequestError(where, where +
                                  ": expected one of \"text\" (with \"fields\" or without), "
                                  "\"tokens\", \"mask\": true, \"separator\": true");
  }
  if (has_text) return read_text(object);
  if (const auto* ids = object.find("tokens"))
    return PromptTokens{read_ids(*ids, model.vocabulary_size(), object.path("tokens"))};
  if (object.flag("mask")) return AnswerSlot{};
  if (object.flag("separator")) return Separator{};
  throw RequestError(where, where + ": expected \"mask\" and \"separator\" to be true");
}

Query read_query(const nlohmann::json& value, const ServedModel& model, const std::string& where) {
  const RequestObject object(value, kInputKeys, where + ".");
  const nlohmann::json& segments = object.at("segments", "a list of segments");
  if (!segments.is_array() || segments.empty())
    object.fail("segments", "a list of at least one segment", segments);
  Query query;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    query.segments.push_back(read_segment(segments[i], model, place(object.path("segments"), i)));
  }
  return query;
}

std::vector<Answer> read_answers(const RequestObject& object, const ServedModel& model) {
  constexpr const char* kExpected =
      "a list of token ids, or of lists of the token ids of a word each";
  const nlohmann::json& values = object.at("answers", kExpected);
  if (!values.is_array() || values.empty()) object.fail("answers", kExpected, values);
  std::vector<Answer> answers;
  for (const auto& value : values) {
    if (value.is_array()) {
      answers.emplace_back(read_ids(value, model.vocabulary_size(), "answers"));
    } else {
      answers.emplace_back(read_id(value, model.vocabulary_size(), "answers"));
    }
    if (model.is_causal() || answers.back().is_one_token()) continue;
    object.fail("answers", "answers of one token, as a mask is one", value);
  }
  return answers;
}

constexpr std::int64_t kMaxWordTokens = 16384;  // a model computes those of a query together

// Words of several tokens are tokens of each query.
void check_size(const AnswerScoresRequest& request, const ServeLimits& limits) {
  std::int64_t num_tokens = 0;
  for (const Answer& answer : request.answers)
    num_tokens += static_cast<std::int64_t>(answer.ids().size());
  const std::int64_t num_more = num_tokens - static_cast<std::int64_t>(request.answers.size());
  if (num_more > kMaxWordTokens) {
    throw RequestError("answers", "answers: expected words of several tokens with at most " +
                                      std::to_string(kMaxWordTokens) +
                                      " tokens after their first ones, found " +
                                      std::to_string(num_more));
  }
  const std::int64_t count = static_cast<std::int64_t>(request.queries.size()) * num_tokens;
  if (count <= limits.max_values) return;
  throw RequestError("answers", "answers: expected inputs times answer tokens of at most " +
                                    std::to_string(limits.max_values) + ", found " +
                                    std::to_string(count));
}

}  // namespace

AnswerScoresRequest read_answer_scores(const nlohmann::json& body, const ServedModel& model,
                                       const ServeLimits& limits) {
  const RequestObject object(body, kKeys);
  check_model(object, model);
  AnswerScoresRequest request{.queries = {}, .answers = read_answers(object, model)};
  const nlohmann::json& inputs = object.at("inputs", "a list of inputs");
  if (!inputs.is_array() || inputs.empty())
    object.fail("inputs", "a list of at least one input", inputs);
  check_count(static_cast<int>(inputs.size()), limits, "inputs");
  for (std::size_t i = 0; i < inputs.size(); ++i)
    request.queries.push_back(read_query(inputs[i], model, place("inputs", i)));
  check_size(request, limits);
  return request;
}

nlohmann::json answer_scores_answer(const ServedModel& model, const AnswerScores& found) {
  nlohmann::json rows = nlohmann::json::array();
  for (Eigen::Index q = 0; q < found.scores.rows(); ++q) {
    nlohmann::json row = nlohmann::json::array();
    for (Eigen::Index a = 0; a < found.scores.cols(); ++a) row.push_back(found.scores(q, a));
    rows.push_back(std::move(row));
  }
  return {{"object", "answer_scores"},
          {"model", model.name()},
          {"system_fingerprint", model.fingerprint()},
          {"kind", model.is_causal() ? "log_probabilities" : "logits"},
          {"scores", std::move(rows)},
          {"truncated", found.usage.num_truncated},
          {"usage",
           {{"prompt_tokens", found.usage.num_tokens},
            {"completion_tokens", 0},
            {"total_tokens", found.usage.num_tokens}}}};
}

}  // namespace bbprompt
