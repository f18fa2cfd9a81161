#include "query/scoring_route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "query/answer_steps.hpp"
#include "query/call_queue.hpp"
#include "tests/query/recordings.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ServerAnswer answer(const std::string& text, std::vector<TokenId> ids) {
  ServerAnswer known{.ids = std::move(ids), .tokens = {}, .text = text};
  const std::size_t size = known.ids.size();
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t begin = i * text.size() / size;
    known.tokens.push_back(text.substr(begin, (i + 1) * text.size() / size - begin));
  }
  return known;
}

std::unique_ptr<ScoringRoute> route_of(Route route, Dialect dialect, int num_top = 5) {
  ServerFindings findings;
  findings.route = route;
  findings.dialect = dialect;
  findings.sends_ids = true;
  findings.has_bias_pairs = true;
  findings.num_top = num_top;
  return make_route(RequestForm({.name = "m"}, findings));
}

// Asked and answered as a llama.cpp server was.
class Recorded : public ::testing::Test {
 protected:
  void SetUp() override {
    BBPROMPT_REQUIRE_RECORDINGS();
    prompt_.ids =
        testing::recorded_request("routes/forced_label_good")["prompt"].get<std::vector<TokenId>>();
  }

  // Whether the request says all that the recorded one said, but for what changes no number.
  static void expect_same_request(const RouteCall& call, const std::string& name) {
    const json ours = json::parse(call.body);
    const json recorded = testing::recorded_request(name);
    for (const auto& [key, value] : recorded.items()) {
      if (key == "response_fields" || key == "cache_prompt") continue;
      ASSERT_TRUE(ours.contains(key)) << name << " " << key;
      EXPECT_EQ(ours[key], value) << name << " " << key;
    }
    EXPECT_EQ(call.path, testing::recording(name)["request"]["path"]);
  }

  ServerPrompt prompt_;
};

TEST_F(Recorded, ForcedLabelsHaveTheValuesOfTheUnbiasedModel) {
  const std::map<std::string, std::pair<std::string, TokenId>> labels = {
      {"routes/forced_label_good", {" good", 628}},
      {"routes/forced_label_bad", {" bad", 806}},
      {"routes/forced_label_great", {" great", 730}},
      {"routes/forced_label_terrible", {" terrible", 2760}}};
  const auto route = route_of(Route::kForcedLabel, Dialect::kNative);
  // n_probs_full_vocab has every token's value for the same prompt.
  const json whole =
      testing::recorded_answer("native_completion/n_probs_full_vocab")["completion_probabilities"]
          .front()["top_logprobs"];
  for (const auto& [name, label] : labels) {
    const auto calls =
        route->calls({.prompt = prompt_, .answers = {answer(label.first, {label.second})}});
    ASSERT_THAT(calls, SizeIs(1));
    expect_same_request(calls[0], name);
    const RouteReply reply = calls[0].read(testing::recorded_answer(name));
    ASSERT_THAT(reply.parts, SizeIs(1));
    EXPECT_EQ(reply.parts[0].state, ScoreState::kExact);
    for (const json& entry : whole) {
      if (entry["id"] != label.second) continue;
      EXPECT_NEAR(reply.parts[0].value, entry["logprob"].get<double>(), 1e-6) << name;
    }
  }
}

TEST_F(Recorded, AForcedTokenThatDidNotComeOutIsNoScore) {
  const json request = testing::recorded_request("routes/bias_too_small");
  const auto id = request["logit_bias"][0][0].get<TokenId>();
  const auto calls = route_of(Route::kForcedLabel, Dialect::kNative)
                         ->calls({.prompt = prompt_, .answers = {answer(" good", {id})}});
  EXPECT_THROW((void)calls[0].read(testing::recorded_answer("routes/bias_too_small")),
               UselessAnswer);
}

TEST_F(Recorded, LiftedLabelsAreNormalisedAmongThemselves) {
  const std::string name = "routes/lifted_labels_post_sampling";
  const auto calls =
      route_of(Route::kLiftedLabels, Dialect::kNative)
          ->calls({.prompt = prompt_,
                   .answers = {answer(" good", {628}), answer(" bad", {806}),
                               answer(" great", {730}), answer(" terrible", {2760})}});
  ASSERT_THAT(calls, SizeIs(1));
  expect_same_request(calls[0], name);
  const RouteReply reply = calls[0].read(testing::recorded_answer(name));
  // The same from the unbiased values, by the softmax over the four.
  const std::vector<double> unbiased = {-10.651500701904297, -12.653919219970703, 0, 0};
  ASSERT_THAT(reply.parts, SizeIs(4));
  EXPECT_NEAR(reply.parts[0].value - reply.parts[1].value, unbiased[0] - unbiased[1], 1e-5);
  double sum = 0;
  for (const ScorePart& part : reply.parts) sum += std::exp(part.value);
  EXPECT_NEAR(sum, 1.0, 1e-6);
  for (const char* cut :
       {"routes/lifted_labels_default_samplers", "routes/lifted_labels_small_bias"})
    EXPECT_THROW((void)calls[0].read(testing::recorded_answer(cut)), UselessAnswer) << cut;
}

TEST_F(Recorded, AWordOfSeveralTokensIsAskedTokenByToken) {
  const auto calls =
      route_of(Route::kForcedLabel, Dialect::kNative)
          ->calls({.prompt = prompt_, .answers = {answer(" ambivalent", {4253, 7619})}});
  ASSERT_THAT(calls, SizeIs(2));
  expect_same_request(calls[0], "routes/multi_token_label_step1");
  expect_same_request(calls[1], "routes/multi_token_label_step2");
  EXPECT_EQ(calls[1].num_prompt_tokens, calls[0].num_prompt_tokens + 1);
}

TEST_F(Recorded, TheBestTokensBoundTheOthers) {
  const auto calls = route_of(Route::kTopList, Dialect::kCompletions)
                         ->calls({.prompt = prompt_,
                                  .answers = {answer(" folk", {8948}), answer(" good", {628})}});
  ASSERT_THAT(calls, SizeIs(1));
  const json reply_json = testing::recorded_answer("completions/prompt_ids_logprobs5");
  const RouteReply reply = calls[0].read(reply_json);
  ASSERT_THAT(reply.parts, SizeIs(2));
  EXPECT_EQ(reply.parts[0].state, ScoreState::kExact);
  EXPECT_NEAR(reply.parts[0].value, -5.19268465, 1e-6);
  EXPECT_EQ(reply.parts[1].state, ScoreState::kBounded);
  // Above the true value, and not above the last one of the list.
  EXPECT_GE(reply.parts[1].value, -10.651500701904297);
  const json& top = reply_json["choices"][0]["logprobs"]["content"][0]["top_logprobs"];
  EXPECT_LE(reply.parts[1].value, top.back()["logprob"].get<double>() + 1e-12);
}

TEST_F(Recorded, AWholeVocabularyHasEveryWord) {
  const auto calls = route_of(Route::kVocabulary, Dialect::kNative, 16384)
                         ->calls({.prompt = prompt_, .answers = {answer(" good", {628})}});
  const RouteReply reply =
      calls[0].read(testing::recorded_answer("native_completion/n_probs_full_vocab"));
  EXPECT_NEAR(reply.parts[0].value, -10.651500701904297, 1e-6);
  EXPECT_THROW((void)calls[0].read(testing::recorded_answer("native_completion/n_probs_5")),
               MalformedAnswer);
}

TEST_F(Recorded, AServerThatIgnoresNamedIdsIsFoundOut) {
  const auto calls = route_of(Route::kNamedIds, Dialect::kCompletions)
                         ->calls({.prompt = prompt_, .answers = {answer(" good", {628})}});
  EXPECT_THROW((void)calls[0].read(testing::recorded_answer("completions/logprob_token_ids_vllm")),
               MalformedAnswer);
}

json echo_json(const json& tokens, const json& values, int num_read) {
  return {{"choices",
           {{{"index", 0},
             {"text", "echo"},
             {"logprobs",
              {{"tokens", tokens}, {"token_logprobs", values}, {"top_logprobs", nullptr}}}}}},
          {"usage", {{"prompt_tokens", num_read}, {"completion_tokens", 1}}}};
}

TEST(EchoRoute, SumsTheTokensOfTheAnswer) {
  const Question question{.prompt = {.ids = {1, 2}, .text = "It was"},
                          .answers = {answer(" goodish", {3, 4})}};
  const auto calls = route_of(Route::kEcho, Dialect::kCompletions)->calls(question);
  ASSERT_THAT(calls, SizeIs(1));
  const json sent = json::parse(calls[0].body);
  EXPECT_EQ(sent["prompt"], json({1, 2, 3, 4}));
  EXPECT_EQ(sent["echo"], true);
  const RouteReply reply = calls[0].read(
      echo_json({"It", " was", " good", "ish", "."}, {nullptr, -1.0, -2.0, -0.5, -3.0}, 4));
  ASSERT_THAT(reply.parts, SizeIs(1));
  EXPECT_DOUBLE_EQ(reply.parts[0].value, -2.5);
}

TEST(EchoRoute, RefusesWhatIsNotTheTextThatWasSent) {
  const Question question{.prompt = {.ids = {1, 2}, .text = "It was"},
                          .answers = {answer(" good", {3})}};
  const auto calls = route_of(Route::kEcho, Dialect::kCompletions)->calls(question);
  const auto read = [&](const json& reply) { (void)calls[0].read(reply); };
  EXPECT_NO_THROW(read(echo_json({"It", " was", " good", "."}, {nullptr, -1, -2, -3}, 3)));
  EXPECT_THROW(read(echo_json({"."}, {-3.0}, 3)), UselessAnswer) << "echo ignored";
  EXPECT_THROW(read(echo_json({"It", " was", "."}, {nullptr, -1, -3}, 3)), UselessAnswer);
  EXPECT_THROW(read(echo_json({"It", " was", " good", "."}, {nullptr, -1, -2, -3}, 2)),
               UselessAnswer)
      << "cut";
  EXPECT_THROW(read(echo_json({"It", " was", " good", "."}, {nullptr, -1, nullptr, -3}, 3)),
               MalformedAnswer);
}

TEST(TextRoute, TheGeneratedWordVotes) {
  const Question question{.prompt = {.ids = {}, .text = "It was"},
                          .answers = {answer(" good", {}), answer(" bad", {})}};
  ServerFindings findings;
  findings.route = Route::kText;
  const auto calls = make_route(RequestForm({.name = "m"}, findings))->calls(question);
  ASSERT_THAT(calls, SizeIs(1));
  const auto votes = [&](const std::string& text) {
    const json reply = {{"choices", {{{"index", 0}, {"text", text}}}}};
    std::vector<double> values;
    for (const ScorePart& part : calls[0].read(reply).parts) values.push_back(part.value);
    return values;
  };
  EXPECT_THAT(votes(" Bad."), ElementsAre(-1.0, 0.0));
  EXPECT_THAT(votes("\ngood, I think"), ElementsAre(0.0, -1.0));
  EXPECT_THAT(votes(" neither"), ElementsAre(-1.0, -1.0));
}

TEST(AnswerSteps, ShareTheBeginningsOfWords) {
  const auto steps =
      answer_steps({answer(" unhappy", {7, 1}), answer(" unkind", {7, 2}), answer(" sad", {9})});
  ASSERT_THAT(steps, SizeIs(2));
  EXPECT_TRUE(steps[0].before.empty());
  ASSERT_THAT(steps[0].choices, SizeIs(2));
  EXPECT_THAT(steps[0].choices[0].answers, ElementsAre(0U, 1U));
  EXPECT_THAT(steps[1].before, ElementsAre(7));
  EXPECT_THAT(steps[1].choices, SizeIs(2));
}

TEST(FindEntry, GoesByIdThenByBytesAndNeverByATextThatIsMended) {
  NextToken next;
  next.top = {{.id = 1, .bytes = "\xe2\x82", .text = "\xef\xbf\xbd", .value = -1.0},
              {.id = 2, .bytes = " a", .text = " a", .value = -2.0}};
  const NextChoice by_id{.id = 2, .text = "other", .answers = {0}};
  EXPECT_EQ(find_entry(next, by_id, {by_id})->value, -2.0);
  for (TokenEntry& entry : next.top) entry.id.reset();
  const NextChoice by_bytes{.id = 2, .text = " a", .answers = {0}};
  EXPECT_EQ(find_entry(next, by_bytes, {by_bytes})->value, -2.0);
  for (TokenEntry& entry : next.top) entry.bytes.reset();
  const NextChoice mended{.id = 1, .text = "\xef\xbf\xbd", .answers = {0}};
  EXPECT_EQ(find_entry(next, mended, {mended}), nullptr);
  next.top.push_back({.id = {}, .bytes = {}, .text = " a", .value = -3.0});
  EXPECT_THROW((void)find_entry(next, by_bytes, {by_bytes}), UselessAnswer);
}

TEST(FindEntry, TakesTheBeginningOfAWordWhereTokensAreNotKnown) {
  NextToken next;
  next.top = {{.id = {}, .bytes = {}, .text = " terr", .value = -1.0},
              {.id = {}, .bytes = {}, .text = " g", .value = -2.0}};
  const NextChoice terrible{.id = {}, .text = " terrible", .answers = {0}};
  const NextChoice good{.id = {}, .text = " good", .answers = {1}};
  const NextChoice great{.id = {}, .text = " great", .answers = {2}};
  EXPECT_EQ(find_entry(next, terrible, {terrible, good})->value, -1.0);
  EXPECT_EQ(find_entry(next, good, {terrible, good})->value, -2.0);
  EXPECT_EQ(find_entry(next, good, {terrible, good, great}), nullptr) << "it begins both";
}

TEST(BoundOutside, IsWhatTheListLeavesAndAtMostItsLast) {
  NextToken next;
  next.top = {{.id = 1, .value = std::log(0.6)}, {.id = 2, .value = std::log(0.3)}};
  EXPECT_NEAR(bound_outside(next), std::log(0.1), 1e-12);
  next.top = {{.id = 1, .value = std::log(0.2)}, {.id = 2, .value = std::log(0.1)}};
  EXPECT_NEAR(bound_outside(next), std::log(0.1), 1e-12);
  next.top = {{.id = 1, .value = 0.0}};
  EXPECT_TRUE(std::isfinite(bound_outside(next)));
}

}  // namespace
}  // namespace bbprompt
