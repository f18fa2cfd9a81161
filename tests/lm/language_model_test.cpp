#include "bbprompt/lm/language_model.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// Scores a query by its number of segments; refuses one without any.
class CountingModel final : public LanguageModel, public ModelView {
 public:
  [[nodiscard]] const ModelView& view() const override { return *this; }
  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] std::int64_t count_tokens(const Query& query) const override {
    return static_cast<std::int64_t>(query.segments.size());
  }
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override {
    return {.id = static_cast<TokenId>(word.size()), .token = std::string(word)};
  }
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> answers) override {
    AnswerScores result;
    result.scores.resize(static_cast<Eigen::Index>(queries.size()),
                         static_cast<Eigen::Index>(answers.size()));
    for (std::size_t q = 0; q < queries.size(); ++q) {
      if (queries[q].segments.empty()) throw ModelError("counting", "expected a segment");
      result.scores.row(static_cast<Eigen::Index>(q))
          .setConstant(static_cast<double>(count_tokens(queries[q])));
    }
    result.usage = {.num_queries = static_cast<std::int64_t>(queries.size()), .num_calls = 1};
    return result;
  }

 private:
  LanguageModelInfo info_{.name = "counting", .fingerprint = "counting", .max_tokens = 10};
};

Query query_of(std::size_t num_segments) {
  Query query;
  query.segments.assign(num_segments, AnswerSlot{});
  return query;
}

TEST(LanguageModel, ALocalModelFinishesItsRequestsOneByOne) {
  CountingModel model;
  EXPECT_EQ(model.slots(), 1);
  EXPECT_TRUE(model.finish(0.0).empty());
  model.start({.id = 7, .queries = {query_of(1), query_of(3)}, .answers = {5}});
  model.start({.id = 8, .queries = {query_of(2)}, .answers = {5, 6}});
  const auto first = model.finish(0.0);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].id, 7U);
  EXPECT_EQ(first[0].scores.scores, (Eigen::MatrixXd(2, 1) << 1.0, 3.0).finished());
  EXPECT_EQ(first[0].scores.usage.num_queries, 2);
  const auto second = model.finish(0.0);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].id, 8U);
  EXPECT_EQ(second[0].scores.scores, (Eigen::MatrixXd(1, 2) << 2.0, 2.0).finished());
  EXPECT_TRUE(model.finish(0.0).empty());
}

TEST(LanguageModel, AnErrorComesWithTheRequestThatCausedIt) {
  CountingModel model;
  model.start({.id = 1, .queries = {query_of(0)}, .answers = {5}});
  model.start({.id = 2, .queries = {query_of(1)}, .answers = {5}});
  const auto failed = model.finish(0.0);
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].id, 1U);
  ASSERT_NE(failed[0].error, nullptr);
  EXPECT_THROW(std::rethrow_exception(failed[0].error), ModelError);
  const auto good = model.finish(0.0);
  ASSERT_EQ(good.size(), 1U);
  EXPECT_EQ(good[0].id, 2U);
  EXPECT_EQ(good[0].error, nullptr);
}

TEST(LanguageModel, HasNoCapabilityUnlessItSaysSo) {
  CountingModel model;
  EXPECT_EQ(model.hidden_states(), nullptr);
  EXPECT_EQ(model.view().tokenizer(), nullptr);
  EXPECT_EQ(model.view().embeddings(), nullptr);
  EXPECT_EQ(model.view().memory().sum(), 0);
}

TEST(AnswerScores, AreExactUnlessAStateSaysOtherwise) {
  AnswerScores answers;
  answers.scores = Eigen::MatrixXd::Zero(2, 2);
  EXPECT_EQ(answers.state(1, 1), ScoreState::kExact);
  EXPECT_TRUE(answers.is_known(1, 1));
  answers.states = AnswerScores::States::Constant(2, 2, ScoreState::kExact);
  answers.states(0, 1) = ScoreState::kBounded;
  answers.states(1, 0) = ScoreState::kUnknown;
  EXPECT_TRUE(answers.is_known(0, 1));
  EXPECT_FALSE(answers.is_known(1, 0));
  EXPECT_TRUE(answers.is_known(1, 1));
}

TEST(AnswerScores, MayBeUnknownAltogether) {
  const AnswerScores answers = AnswerScores::unknown(3, 2, "the server said 500");
  EXPECT_EQ(answers.scores.rows(), 3);
  EXPECT_EQ(answers.scores.cols(), 2);
  EXPECT_FALSE(answers.is_known(2, 1));
  EXPECT_EQ(answers.why, "the server said 500");
  EXPECT_EQ(answers.usage, Usage{});
}

}  // namespace
}  // namespace bbprompt
