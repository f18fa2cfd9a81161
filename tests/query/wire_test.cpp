#include "query/wire.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "query/call_queue.hpp"
#include "tests/query/recordings.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// What reading says: "read", or the message of the error.
std::string outcome(const json& answer) {
  try {
    (void)read_next_token(answer);
    return "read";
  } catch (const MalformedAnswer& error) {
    return error.what();
  }
}

json lists(const json& tokens, const json& values, const json& top) {
  return {
      {"choices",
       {{{"index", 0},
         {"text", " good"},
         {"logprobs", {{"tokens", tokens}, {"token_logprobs", values}, {"top_logprobs", top}}}}}},
      {"usage", {{"prompt_tokens", 7}, {"completion_tokens", 1}}}};
}

TEST(ReadNextToken, ReadsListsWithIdsAsKeys) {
  const NextToken next = read_next_token(
      lists({"token_id:5"}, {-0.5}, json::array({{{"token_id:5", -0.5}, {"token_id:9", -2.0}}})));
  ASSERT_TRUE(next.sampled);
  EXPECT_EQ(next.sampled->id, 5);
  EXPECT_EQ(next.sampled->value, -0.5);
  ASSERT_THAT(next.top, SizeIs(2));
  EXPECT_EQ(next.top[1].id, 9);
  EXPECT_EQ(next.num_read, 7);
  EXPECT_EQ(next.num_generated, 1);
}

TEST(ReadNextToken, MarksWhatIsOutsideTheList) {
  const NextToken next =
      read_next_token(lists({" a"}, {-0.5}, json::array({{{" a", -0.5}, {" b", -9999.0}}})));
  EXPECT_TRUE(next.top[1].is_outside());
  EXPECT_FALSE(next.top[0].is_outside());
}

TEST(ReadNextToken, RefusesWhatCannotBeRight) {
  const json good = lists({" a"}, {-0.5}, json::array({{{" a", -0.5}}}));
  EXPECT_EQ(outcome(good), "read");
  EXPECT_THAT(outcome(lists({" a"}, {0.5}, json::array({{{" a", 0.5}}}))), HasSubstr("above 0"));
  EXPECT_THAT(outcome(lists({" a"}, {"-0.5"}, json::array({json::object()}))),
              HasSubstr("expected a number"));
  EXPECT_THAT(outcome(lists({" a"}, {nullptr}, json::array({json::object()}))),
              HasSubstr("expected a number"));
  EXPECT_THAT(outcome(lists({" a", "b"}, {-0.5}, json::array({json::object()}))),
              HasSubstr("as many entries"));
  EXPECT_THAT(outcome(lists({" a"}, {-0.1}, json::array({{{" a", -0.1}, {" b", -0.1}}}))),
              HasSubstr("sum to"));
  for (const char* part :
       {"[]", "null", "7", "\"text\"", "{}", R"({"choices": null})", R"({"choices": []})",
        R"({"choices": [1]})", R"({"choices": "a"})", R"({"choices": [{"index": 0}]})",
        R"({"choices": [{"index": 7, "text": "a"}]})",
        R"({"choices": [{"text": "a"}, {"text": "b"}]})"}) {
    EXPECT_NE(outcome(json::parse(part)), "read") << part;
  }
}

TEST(ReadNextToken, RefusesATokenThatStandsTwice) {
  const auto answer = [](int other) {
    return json{
        {"choices",
         {{{"index", 0},
           {"text", "a"},
           {"logprobs",
            {{"content",
              {{{"id", 1},
                {"token", "a"},
                {"bytes", {97}},
                {"logprob", -1.0},
                {"top_logprobs",
                 {{{"id", 1}, {"token", "a"}, {"bytes", {97}}, {"logprob", -1.0}},
                  {{"id", other}, {"token", "a"}, {"bytes", {97}}, {"logprob", -2.0}}}}}}}}}}}}};
  };
  EXPECT_EQ(outcome(answer(2)), "read");
  EXPECT_THAT(outcome(answer(1)), HasSubstr("twice"));
}

TEST(CheckPromptTokens, FindsAPromptThatWasCut) {
  NextToken next;
  next.num_read = 18;
  EXPECT_NO_THROW(check_prompt_tokens(next, 18));
  EXPECT_NO_THROW(check_prompt_tokens(next, -1));
  EXPECT_THROW(check_prompt_tokens(next, 19), UselessAnswer);
  EXPECT_NO_THROW(check_prompt_tokens(next, 17)) << "a begin token";
  next.is_truncated = true;
  EXPECT_THROW(check_prompt_tokens(next, 18), UselessAnswer);
  next = {};
  EXPECT_NO_THROW(check_prompt_tokens(next, 18)) << "the server does not say";
}

// The recordings' own numbers, found by another walk through the JSON.
TEST(RecordedAnswers, AreReadAsTheyStand) {
  BBPROMPT_REQUIRE_RECORDINGS();
  int num_values = 0;
  const auto folder = testing::shared_folder() / "servers/llama.cpp";
  for (const char* part : {"completions", "native_completion", "chat", "routes", "errors"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder / part)) {
      const json exchange = json::parse(testing::read_text(entry.path()));
      const json& response = exchange["response"];
      if (response["status"] != 200 || !response["body"].is_string()) continue;
      const json answer = json::parse(response["body"].get<std::string>(), nullptr, false);
      if (!answer.is_object()) continue;
      const json* record = nullptr;
      if (answer.contains("completion_probabilities")) {
        record = &answer["completion_probabilities"];
      } else if (answer.contains("choices")) {
        const json& choice = answer["choices"][0];
        if (choice.contains("logprobs") && choice["logprobs"].is_object())
          record = &choice["logprobs"]["content"];
      }
      if (record == nullptr || record->empty()) continue;
      const NextToken next = read_next_token(answer);
      const json& first = record->front();
      const double expected = first.contains("prob") ? std::log(first["prob"].get<double>())
                                                     : first["logprob"].get<double>();
      ASSERT_TRUE(next.sampled) << entry.path();
      if (std::isfinite(expected) && expected > kOutside) {
        EXPECT_NEAR(next.sampled->value, expected, 1e-12) << entry.path();
      } else {
        EXPECT_TRUE(next.sampled->is_outside()) << entry.path();
      }
      EXPECT_EQ(next.sampled->id, first["id"].get<TokenId>()) << entry.path();
      const char* top = first.contains("prob") ? "top_probs" : "top_logprobs";
      EXPECT_EQ(next.top.size(), first[top].size()) << entry.path();
      ++num_values;
    }
  }
  EXPECT_GT(num_values, 80);
}

TEST(RecordedAnswers, SayWhenThePromptWasCut) {
  BBPROMPT_REQUIRE_RECORDINGS();
  const json sent = testing::recorded_request("native_completion/prompt_200")["prompt"];
  const auto num_sent = static_cast<std::int64_t>(sent.size());
  EXPECT_THROW(
      check_prompt_tokens(read_next_token(testing::recorded_answer("native_completion/prompt_200")),
                          num_sent),
      UselessAnswer);
  EXPECT_THROW(
      check_prompt_tokens(
          read_next_token(testing::recorded_answer("native_completion/prompt_200_v1")), num_sent),
      UselessAnswer);
  EXPECT_NO_THROW(check_prompt_tokens(
      read_next_token(testing::recorded_answer("native_completion/prompt_63")), 63));
}

TEST(RecordedAnswers, AListOfAnswersIsNoAnswerToOnePrompt) {
  BBPROMPT_REQUIRE_RECORDINGS();
  EXPECT_NE(outcome(testing::recorded_answer("completions/prompt_list_of_two_strings")), "read");
}

}  // namespace
}  // namespace bbprompt
