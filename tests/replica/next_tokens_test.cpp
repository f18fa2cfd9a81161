// Distributions of the next token against Hugging Face's own code in float64, and against score().
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/causal_replica.hpp"
#include "tests/replica/golden.hpp"
#include "tests/small_gpt2.hpp"

namespace bbprompt {
namespace {

class GoldenNextTokens : public ::testing::Test {
 protected:
  void SetUp() override {
    BBPROMPT_REQUIRE_SHARED("models/tiny-gpt2-random");
    folder_ = testing::shared_folder() / "models/tiny-gpt2-random";
    replica_ = load_causal_replica({.folder = folder_});
  }
  std::filesystem::path folder_;
  std::unique_ptr<CausalReplica> replica_;
};

TEST_F(GoldenNextTokens, GivesTheValuesOfEveryPlace) {
  const auto golden = testing::read_golden(folder_ / "golden.json");
  const auto ids = golden["token_ids"].get<std::vector<TokenId>>();
  int num_cases = 0;
  for (const auto& golden_case : golden["cases"]) {
    if (golden_case.contains("attention_mask") || golden_case.contains("position_ids") ||
        golden_case.contains("embedding_vectors"))
      continue;
    ++num_cases;
    SCOPED_TRACE(golden_case["name"].get<std::string>());
    const auto inputs = golden_case["input_ids"].get<std::vector<std::vector<TokenId>>>();
    const auto answer =
        replica_->next_tokens(inputs, {.places = Places::kAll, .num_best = 1 << 30, .named = ids});
    for (std::size_t row = 0; row < inputs.size(); ++row) {
      const NextTokensOf& found = answer.inputs[row];
      ASSERT_EQ(found.best.size(), inputs[row].size());
      ASSERT_EQ(found.own.size() + 1, inputs[row].size());
      for (const auto& at : golden_case["rows"][row]["at"]) {
        const auto& best = found.best[at["position"].get<std::size_t>()];
        EXPECT_EQ(best.front().id, at["argmax"].get<TokenId>());
        double sum = 0;
        std::vector<double> by_id(best.size());
        for (const TokenScore& score : best) {
          sum += std::exp(score.log_probability);
          by_id[static_cast<std::size_t>(score.id)] = score.log_probability;
        }
        EXPECT_NEAR(sum, 1, 1e-5);
        for (std::size_t i = 0; i < ids.size(); ++i)
          EXPECT_NEAR(by_id[static_cast<std::size_t>(ids[i])], at["log_softmax"][i].get<double>(),
                      testing::kLogitTolerance);
      }
      EXPECT_EQ(found.named.size(), ids.size());
    }
  }
  EXPECT_GT(num_cases, 3);
}

std::vector<std::vector<TokenId>> inputs_of(int count, int shared) {
  std::vector<std::vector<TokenId>> inputs;
  for (int i = 0; i < count; ++i) {
    std::vector<TokenId> ids;
    for (int k = 0; k < shared; ++k) ids.push_back(3 * k + 1);
    for (int k = 0; k <= i % 7; ++k) ids.push_back(11 * k + i);
    inputs.push_back(ids);
  }
  return inputs;
}

TEST(NextTokens, NamedTokensHaveTheBitsOfScores) {
  const testing::TemporaryFolder folder;
  testing::SmallGpt2(true, {.num_more_words = 90}).write(folder.path());
  const auto replica = load_causal_replica({.folder = folder.path(), .max_batch_tokens = 100});
  for (const int shared : {0, 30}) {
    const auto inputs = inputs_of(40, shared);
    std::vector<Query> queries;
    for (const auto& ids : inputs) queries.push_back({{PromptTokens{ids}, AnswerSlot{}}});
    const std::vector<TokenId> named = {5, 300, 17, 0};
    const auto scores = replica->score(queries, std::vector<Answer>(named.begin(), named.end()));
    const auto found = replica->next_tokens(inputs, {.num_best = 1 << 30, .named = named});
    EXPECT_EQ(found.usage, scores.usage);
    for (std::size_t q = 0; q < inputs.size(); ++q) {
      for (std::size_t a = 0; a < named.size(); ++a) {
        const double expected =
            scores.scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(a));
        EXPECT_EQ(found.inputs[q].named[a], expected);
        for (const TokenScore& best : found.inputs[q].best[0]) {
          if (best.id == named[a]) {
            EXPECT_EQ(best.log_probability, expected);
          }
        }
      }
    }
  }
}

TEST(NextTokens, BestAreTheFirstOfAllInOrder) {
  const testing::TemporaryFolder folder;
  testing::SmallGpt2().write(folder.path());
  const auto replica = load_causal_replica({.folder = folder.path()});
  const auto inputs = inputs_of(3, 2);
  const auto all = replica->next_tokens(inputs, {.num_best = 1 << 30});
  const auto five = replica->next_tokens(inputs, {.num_best = 5});
  for (std::size_t q = 0; q < inputs.size(); ++q) {
    ASSERT_EQ(five.inputs[q].best[0].size(), 5U);
    EXPECT_EQ(all.inputs[q].best[0].size(), replica->view().tokenizer()->vocabulary_size());
    for (std::size_t k = 0; k < 5; ++k) {
      EXPECT_EQ(five.inputs[q].best[0][k].id, all.inputs[q].best[0][k].id);
      EXPECT_LE(five.inputs[q].best[0][k].log_probability,
                five.inputs[q].best[0][k > 0 ? k - 1 : 0].log_probability);
    }
  }
}

TEST(NextTokens, RefusesWhatCannotBeAsked) {
  const testing::TemporaryFolder folder;
  testing::SmallGpt2().write(folder.path());
  const auto replica = load_causal_replica({.folder = folder.path()});
  const auto ask = [&](std::vector<TokenId> ids, std::vector<TokenId> named) {
    const std::vector<std::vector<TokenId>> inputs = {std::move(ids)};
    return replica->next_tokens(inputs, {.named = std::move(named)});
  };
  EXPECT_NO_THROW((void)ask({1, 2}, {3}));
  EXPECT_THROW((void)ask({}, {}), ModelError);
  EXPECT_THROW((void)ask({1, 100000}, {}), ModelError);
  EXPECT_THROW((void)ask({-1}, {}), ModelError);
  EXPECT_THROW((void)ask({1}, {100000}), ModelError);
  EXPECT_THROW((void)ask(std::vector<TokenId>(testing::SmallGpt2::kPositions + 1, 1), {}),
               ModelError);
}

}  // namespace
}  // namespace bbprompt
