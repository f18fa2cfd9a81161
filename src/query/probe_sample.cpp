#include "query/probe_sample.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace bbprompt {
namespace {

constexpr std::string_view kPromptText =
    "Review: the soup was warm and the waiter kind. All in all it was";
constexpr std::array<std::string_view, 4> kWords = {"good", "bad", "great", "terrible"};
constexpr std::size_t kMostKnown = 2;
// A token that is nearly certain cannot tell a value before a bias from one after it.
constexpr double kCertain = -0.05;

Query sample_query(ModelFamily family) {
  Query query{{TextSegment{.text = std::string(kPromptText), .fields = {}}, AnswerSlot{}}};
  if (family == ModelFamily::kMasked)
    query.segments.emplace_back(TextSegment{.text = ".", .fields = {}});
  return query;
}

// The entry as an answer; nothing where its token is not known here, or is the half of a character.
std::optional<ServerAnswer> as_answer(const TokenEntry& entry, const Tokenizer* tokenizer) {
  ServerAnswer answer;
  answer.text = entry.bytes.value_or(entry.text);
  if (tokenizer != nullptr) {
    std::optional<TokenId> id = entry.id;
    if (!id) {
      const auto ids = tokenizer->encode(answer.text).ids;
      if (ids.size() == 1) id = ids.front();
    }
    if (!id || *id < 0 || static_cast<std::size_t>(*id) >= tokenizer->vocabulary_size())
      return std::nullopt;
    answer.ids = {*id};
    answer.text = tokenizer->decode(answer.ids);
    answer.tokens = {answer.text};
  }
  if (answer.text.find("\xef\xbf\xbd") != std::string::npos) return std::nullopt;
  return answer;
}

}  // namespace

ProbeSample::ProbeSample(const ServerView& view) : view_(view) {
  for (const std::string_view word : kWords) answers_.push_back(view.answer_token(word).answer());
}

ServerPrompt ProbeSample::prompt() const {
  ServerView::Prompt prompt = view_.prompt(sample_query(ModelFamily::kCausal));
  return {.ids = std::move(prompt.ids), .text = std::move(prompt.text)};
}

Question ProbeSample::question() const {
  Question question{.prompt = prompt(), .answers = {}};
  for (const Answer& answer : answers_) question.answers.push_back(server_answer(view_, answer));
  return question;
}

ScoreRequest ProbeSample::request() const {
  return {.queries = {sample_query(view_.info().family)}, .answers = answers_};
}

std::vector<KnownValue> ProbeSample::known_entries(const NextToken& next) const {
  std::vector<KnownValue> known;
  for (const TokenEntry& entry : next.top) {
    if (known.size() == kMostKnown) break;
    if (entry.is_outside() || entry.value > kCertain) continue;
    if (auto answer = as_answer(entry, view_.tokenizer()))
      known.push_back({.answer = std::move(*answer), .value = entry.value});
  }
  return known;
}

}  // namespace bbprompt
