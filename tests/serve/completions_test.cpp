// /v1/completions of a causal model, in vLLM's shape, against the model itself.
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

constexpr const char* kPath = "/v1/completions";

NextTokensAnswer asked_of(const Served& served, const std::vector<std::vector<TokenId>>& prompts,
                          const NextTokensAsked& asked) {
  return served.model->next_tokens()->next_tokens(prompts, asked);
}

TEST(Completions, GiveTheBestTokensInTheLegacyLists) {
  const ServedGpt2 served;
  const std::vector<TokenId> prompt = {10, 20, 30};
  const auto reply = served->post(kPath, {{"model", "small-gpt2"},
                                          {"prompt", prompt},
                                          {"max_tokens", 1},
                                          {"temperature", 0},
                                          {"logprobs", 3},
                                          {"return_tokens_as_token_ids", true},
                                          {"return_token_ids", true}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json answer = reply.json();
  const auto best = asked_of(*served, {prompt}, {.num_best = 3}).inputs[0].best[0];
  EXPECT_EQ(answer["object"], "text_completion");
  EXPECT_EQ(answer["model"], "small-gpt2");
  EXPECT_EQ(answer["system_fingerprint"], served->view->info().fingerprint);
  EXPECT_EQ(answer["usage"],
            (json{{"prompt_tokens", 3}, {"completion_tokens", 1}, {"total_tokens", 4}}));
  const json& choice = answer["choices"][0];
  EXPECT_EQ(choice["index"], 0);
  EXPECT_EQ(choice["finish_reason"], "length");
  EXPECT_EQ(choice["prompt_token_ids"], json(prompt));
  EXPECT_EQ(choice["token_ids"], json{best[0].id});
  const json& lists = choice["logprobs"];
  EXPECT_EQ(lists["tokens"], json{"token_id:" + std::to_string(best[0].id)});
  EXPECT_EQ(lists["token_logprobs"], json{best[0].log_probability});
  EXPECT_EQ(lists["text_offset"], json{0});
  json top = json::object();
  for (const TokenScore& score : best)
    top["token_id:" + std::to_string(score.id)] = score.log_probability;
  EXPECT_EQ(lists["top_logprobs"], json{top});  // equal doubles: every digit came through
}

TEST(Completions, NamedTokensHaveTheBitsOfTheModelsScores) {
  const ServedGpt2 served;
  std::vector<std::vector<TokenId>> prompts;
  std::vector<Query> queries;
  for (TokenId i = 0; i < 30; ++i) {
    prompts.push_back({1, 2, 3, 4, 5, 6, 7, i, static_cast<TokenId>(i * 7 % 256)});
    queries.push_back({{PromptTokens{prompts.back()}, AnswerSlot{}}});
  }
  const std::vector<TokenId> named = {7, 200, 262};
  const auto scores =
      served->model->score(queries, std::vector<Answer>(named.begin(), named.end())).scores;
  const auto reply = served->post(kPath, {{"prompt", prompts},
                                          {"logprobs", 0},
                                          {"logprob_token_ids", named},
                                          {"return_tokens_as_token_ids", true}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json choices = reply.json()["choices"];
  ASSERT_EQ(choices.size(), prompts.size());
  for (std::size_t q = 0; q < prompts.size(); ++q) {
    EXPECT_EQ(choices[q]["index"], q);
    const json& top = choices[q]["logprobs"]["top_logprobs"][0];
    for (std::size_t a = 0; a < named.size(); ++a) {
      EXPECT_EQ(top["token_id:" + std::to_string(named[a])].get<double>(),
                scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(a)));
    }
  }
}

TEST(Completions, EchoTellsThePromptsOwnTokens) {
  const ServedGpt2 served;
  const std::string text = "It is good";
  const auto ids = served->view->tokenizer()->encode(text).ids;
  for (const int max_tokens : {0, 1}) {
    const auto reply = served->post(
        kPath, {{"prompt", text}, {"max_tokens", max_tokens}, {"echo", true}, {"logprobs", 2}});
    ASSERT_EQ(reply.status, 200) << reply.body;
    const json choice = reply.json()["choices"][0];
    const json& lists = choice["logprobs"];
    const auto found = asked_of(*served, {ids}, {.places = Places::kAll, .num_best = 2}).inputs[0];
    ASSERT_EQ(lists["tokens"].size(), ids.size() + static_cast<std::size_t>(max_tokens));
    EXPECT_EQ(choice["text"].get<std::string>().substr(0, text.size()), text);
    EXPECT_TRUE(lists["token_logprobs"][0].is_null());
    EXPECT_TRUE(lists["top_logprobs"][0].is_null());
    std::string joined;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(lists["text_offset"][i], joined.size());
      joined += lists["tokens"][i];
      if (i > 0) {
        EXPECT_EQ(lists["token_logprobs"][i].get<double>(), found.own[i - 1]);
      }
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(Completions, TakePromptsInAllFourForms) {
  const ServedGpt2 served;
  const auto ids = served->view->tokenizer()->encode("so bad").ids;
  const auto choices = [&](const json& prompt) {
    return served->post(kPath, {{"prompt", prompt}, {"logprobs", 1}}).json()["choices"];
  };
  const json one = choices("so bad");
  EXPECT_EQ(choices(ids), one);
  EXPECT_EQ(choices(json::array({"so bad"})), one);
  EXPECT_EQ(choices(json::array({ids})), one);
  EXPECT_EQ(choices(json::array({ids, ids})).size(), 2U);
}

TEST(Completions, TheWholeVocabularyComesWhereItIsAllowed) {
  const ServedGpt2 served({.limits = {.max_logprobs = -1}});
  const auto reply = served->post(
      kPath, {{"prompt", {1, 2}}, {"logprobs", -1}, {"return_tokens_as_token_ids", true}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json()["choices"][0]["logprobs"]["top_logprobs"][0].size(),
            served->view->tokenizer()->vocabulary_size());
}

TEST(Completions, RefuseWhatTheyDoNotDo) {
  const ServedGpt2 served;
  struct Case {
    json change;
    const char* param;
    const char* message;
  };
  const std::vector<Case> cases = {
      {{{"max_tokens", 2}}, "max_tokens", "scores text"},
      {{{"max_tokens", -1}}, "max_tokens", "expected 1"},
      {{{"max_tokens", "1"}}, "max_tokens", "found \"1\""},
      {{{"max_tokens", 0}}, "max_tokens", "with echo"},
      {{{"logprobs", 21}}, "logprobs", "from 0 to 20"},
      {{{"logprobs", true}}, "logprobs", "found true"},
      {{{"logprobs", 1.0}}, "logprobs", "integer"},
      {{{"logit_bias", {{"5", 100}}}}, "logit_bias", "does not support"},
      {{{"logprob_token_ids", {1, 265}}}, "logprob_token_ids", "from 0 to 263"},
      {{{"logprob_token_ids", json::array()}}, "logprob_token_ids", "at least one"},
      {{{"n", 2}}, "n", "from 1 to 1"},
      {{{"stream", true}}, "stream", "expected false"},
      {{{"temperature", "hot"}}, "temperature", "a number"},
      {{{"promt", "x"}}, "promt", "did you mean \"prompt\"?"},
      {{{"prompt", nullptr}}, "prompt", "found none"},
      {{{"prompt", 5}}, "prompt", "a string, a list"},
      {{{"prompt", ""}}, "prompt", "is empty"},
      {{{"prompt", json::array()}}, "prompt", "a list of 0"},
      {{{"prompt", json::array({json::array()})}}, "prompt", "at least one token id"},
      {{{"prompt", {1, "a"}}}, "prompt", "found \"a\""},
      {{{"prompt", {"a", {1}}}}, "prompt", "a list of"},
      {{{"prompt", {1, 100000}}}, "prompt", "found 100000"},
      {{{"prompt", {1, -1}}}, "prompt", "found -1"},
      {{{"prompt", {1, 18446744073709551615U}}}, "prompt", "found 18446744073709551615"},
      {{{"prompt", std::vector<int>(49, 1)}}, "prompt", "maximum context length is 48"},
      {{{"model", 5}}, "model", "a string"},
  };
  for (const Case& refused : cases) {
    json body = {{"prompt", {1, 2}}};
    body.update(refused.change);
    const auto reply = served->post(kPath, body);
    ASSERT_EQ(reply.status, 400) << body.dump() << reply.body;
    EXPECT_EQ(reply.json()["error"]["param"], refused.param) << body.dump();
    EXPECT_EQ(reply.json()["error"]["type"], "invalid_request_error");
    EXPECT_THAT(reply.message(), HasSubstr(refused.message));
  }
  EXPECT_EQ(served->post(kPath, {{"prompt", std::vector<int>(49, 1)}}).json()["error"]["code"],
            "context_length_exceeded");
  EXPECT_EQ(served->post(kPath, {{"prompt", "a"}, {"model", "other"}}).status, 404);
  EXPECT_EQ(served->post("/v1/mask_scores", {{"inputs", {}}}).status, 404);
}

// 16 threads at once, each with requests of other sizes than the others.
TEST(Completions, ValuesDoNotHangOnWhoElseAsks) {
  const ServedGpt2 served;
  constexpr int kNumThreads = 16;
  std::vector<std::vector<json>> replies(kNumThreads);
  const auto prompts_of = [](int thread, int round) {
    std::vector<std::vector<TokenId>> prompts;
    for (int i = 0; i <= (thread + round) % 9; ++i)
      prompts.push_back(std::vector<TokenId>(static_cast<std::size_t>(3 + i * 4), thread * 7 + i));
    return prompts;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kNumThreads; ++t) {
    threads.emplace_back([&, t] {
      testing::Client client(served->server->port());
      for (int round = 0; round < 20; ++round) {
        const json body = {{"prompt", prompts_of(t, round)},
                           {"logprobs", 0},
                           {"logprob_token_ids", {9}},
                           {"return_tokens_as_token_ids", true}};
        replies[static_cast<std::size_t>(t)].push_back(client.post(kPath, body).json());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < kNumThreads; ++t) {
    for (int round = 0; round < 20; ++round) {
      const auto expected = asked_of(*served, prompts_of(t, round), {.named = {9}});
      const json& choices =
          replies[static_cast<std::size_t>(t)][static_cast<std::size_t>(round)]["choices"];
      ASSERT_EQ(choices.size(), expected.inputs.size());
      for (std::size_t q = 0; q < choices.size(); ++q) {
        EXPECT_EQ(choices[q]["logprobs"]["top_logprobs"][0]["token_id:9"].get<double>(),
                  expected.inputs[q].named[0]);
      }
    }
  }
}

}  // namespace
}  // namespace bbprompt
