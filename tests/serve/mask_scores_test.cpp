// /v1/mask_scores and /v1/answer_scores: whole queries, with the model's own bits; the tokenizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/serve/served.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::Served;
using testing::ServedGpt2;

json as_json(const Query& query) {
  json segments = json::array();
  for (const Segment& segment : query.segments) {
    if (const auto* text = std::get_if<TextSegment>(&segment)) {
      json fields = json::array();
      for (const ExampleField& field : text->fields)
        fields.push_back({field.begin, field.end, field.max_tokens});
      segments.push_back({{"text", text->text}, {"fields", fields}});
    } else if (const auto* tokens = std::get_if<PromptTokens>(&segment)) {
      segments.push_back({{"tokens", tokens->ids}});
    } else {
      segments.push_back(
          {{std::holds_alternative<Separator>(segment) ? "separator" : "mask", true}});
    }
  }
  return {{"segments", segments}};
}

Query query_of(int number) {
  std::string text = "A film";
  for (int i = 0; i < number % 11; ++i) text += " that goes on";
  return {{PromptTokens{{number + 20, 30}},
           TextSegment{.text = text, .fields = {{.begin = 2, .end = text.size(), .max_tokens = 9}}},
           Separator{}, TextSegment{.text = " It was ", .fields = {}}, AnswerSlot{}}};
}

json request_of(const std::vector<Query>& queries, const json& answers) {
  json inputs = json::array();
  for (const Query& query : queries) inputs.push_back(as_json(query));
  return {{"inputs", inputs}, {"answers", answers}};
}

void expect_scores(const json& answer, const AnswerScores& expected) {
  ASSERT_EQ(answer["scores"].size(), static_cast<std::size_t>(expected.scores.rows()))
      << answer.dump();
  for (Eigen::Index q = 0; q < expected.scores.rows(); ++q) {
    for (Eigen::Index a = 0; a < expected.scores.cols(); ++a) {
      EXPECT_EQ(
          answer["scores"][static_cast<std::size_t>(q)][static_cast<std::size_t>(a)].get<double>(),
          expected.scores(q, a));
    }
  }
  EXPECT_EQ(answer["usage"]["prompt_tokens"], expected.usage.num_tokens);
  EXPECT_EQ(answer["truncated"], expected.usage.num_truncated);
}

TEST(MaskScores, HaveTheBitsOfTheModelForThreadsAtOnce) {
  const Served served(testing::masked_folder());
  const json answers = {100, 200, 300};
  std::vector<std::vector<Query>> queries(16);
  std::vector<json> replies(queries.size());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < queries.size(); ++t) {
    for (std::size_t i = 0; i <= t; ++i) queries[t].push_back(query_of(static_cast<int>(i + t)));
    threads.emplace_back([&, t] {
      replies[t] = served.post("/v1/mask_scores", request_of(queries[t], answers)).json();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t t = 0; t < queries.size(); ++t) {
    expect_scores(replies[t], served.model->score(queries[t], std::vector<Answer>{100, 200, 300}));
    EXPECT_EQ(replies[t]["kind"], "logits");
    EXPECT_EQ(replies[t]["system_fingerprint"], served.view->info().fingerprint);
  }
}

TEST(MaskScores, TellHowManyQueriesWereCut) {
  const Served served(testing::masked_folder());
  std::string text = "long";
  for (int i = 0; i < 2000; ++i) text += " text";
  const std::vector<Query> queries = {
      query_of(1),
      {{TextSegment{.text = text, .fields = {{.begin = 0, .end = text.size(), .max_tokens = 0}}},
        AnswerSlot{}}}};
  const auto reply = served.post("/v1/mask_scores", request_of(queries, {7}));
  expect_scores(reply.json(), served.model->score(queries, std::vector<Answer>{7}));
  EXPECT_EQ(reply.json()["truncated"], 1);
}

TEST(AnswerScores, OfACausalModelTakeWholeWords) {
  const ServedGpt2 served;
  const std::vector<Query> queries = {
      {{TextSegment{.text = "It was", .fields = {}}, AnswerSlot{}}},
      {{TextSegment{.text = "They are so ", .fields = {}}, AnswerSlot{}}}};
  const std::vector<Answer> answers = {Answer(5), Answer({5, 6, 7})};
  const auto reply =
      served->post("/v1/answer_scores", request_of(queries, {5, json::array({5, 6, 7})}));
  ASSERT_EQ(reply.status, 200) << reply.body;
  expect_scores(reply.json(), served->model->score(queries, answers));
  EXPECT_EQ(reply.json()["kind"], "log_probabilities");
}

TEST(AnswerScores, RefuseTooManyWordTokens) {
  const ServedGpt2 served;
  const std::vector<std::vector<TokenId>> words(500, std::vector<TokenId>(40, 1));
  const json inputs = {{{"segments", {{{"text", "a"}}, {{"mask", true}}}}}};
  const auto reply = served->post("/v1/answer_scores", {{"inputs", inputs}, {"answers", words}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.message(), HasSubstr("at most 16384"));
}

TEST(MaskScores, RefuseWhatCannotBeAsked) {
  const Served served(testing::masked_folder());
  const json mask = {{"mask", true}};
  struct Case {
    json segments;
    const char* message;
  };
  const std::vector<Case> cases = {
      {json::array(), "at least one segment"},
      {{{{"text", "no mask"}}}, "one answer slot"},
      {{mask, mask}, "one answer slot"},
      {{mask, {{"vectors", {{1.0, 2.0}}}}}, "no soft prompts"},
      {{mask, {{"text", "a"}, {"tokens", {1}}}}, "expected one of"},
      {{mask, {{"tokens", {1}}, {"fields", json::array()}}}, "expected one of"},
      {{mask, {{"separator", false}}}, "to be true"},
      {{mask, {{"tokens", {10000000}}}}, "token ids from 0"},
      {{mask, {{"text", "ab"}, {"fields", {{0, 3, 0}}}}}, "[begin, end, max_tokens]"},
      {{mask, {{"text", "ab"}, {"fields", {{1, 2, 0}, {0, 1, 0}}}}}, "after the field before"},
      {{mask, {{"text", "ab"}, {"fields", {{0, 1, -1}}}}}, "[begin, end, max_tokens]"},
      {{mask, {{"txt", "ab"}}}, "unknown key"},
      {{mask, "text"}, "expected an object"},
      {{mask, {{"text", std::string(40000, 'x')}}}, "tokens"},
  };
  for (const Case& refused : cases) {
    const json body = {{"inputs", {{{"segments", refused.segments}}}}, {"answers", {1}}};
    const auto reply = served.post("/v1/mask_scores", body);
    ASSERT_EQ(reply.status, 400) << body.dump().substr(0, 200) << reply.body;
    EXPECT_THAT(reply.message(), HasSubstr(refused.message));
    EXPECT_THAT(reply.body, ::testing::Not(HasSubstr(testing::masked_folder().string())));
  }
  const json inputs = {{{"segments", {mask}}}};
  for (const json& answers : {json::array(), json(5), json{{1, 2}}, json{-1}, json{"a"}}) {
    EXPECT_EQ(served.post("/v1/mask_scores", {{"inputs", inputs}, {"answers", answers}}).status,
              400)
        << answers;
  }
  EXPECT_EQ(served.post("/v1/completions", {{"prompt", "a"}}).status, 404);
}

TEST(Tokenizer, IsServedInBothShapes) {
  const ServedGpt2 served;
  const auto ids = served->view->tokenizer()->encode("so good").ids;
  const json expected = {{"tokens", ids}, {"count", ids.size()}, {"max_model_len", 48}};
  EXPECT_EQ(served->post("/tokenize", {{"prompt", "so good"}}).json(), expected);
  EXPECT_EQ(served->post("/tokenize", {{"content", "so good"}}).json(), expected);
  const json text = served->post("/detokenize", {{"tokens", ids}}).json();
  EXPECT_EQ(text["prompt"], "so good");
  EXPECT_EQ(text["content"], "so good");
  EXPECT_EQ(served->post("/tokenize", {{"text", "so good"}}).status, 400);
  EXPECT_EQ(served->post("/tokenize", {{"prompt", "a"}, {"content", "b"}}).status, 400);
  EXPECT_EQ(served->post("/detokenize", {{"tokens", {-1}}}).status, 400);
  // Half a character.
  const auto half = served->view->tokenizer()->encode("\xc3\xa9").ids;
  ASSERT_EQ(half.size(), 2U);
  EXPECT_EQ(served->post("/detokenize", {{"tokens", {half[0]}}}).json()["prompt"], "\xef\xbf\xbd");
}

}  // namespace
}  // namespace bbprompt
