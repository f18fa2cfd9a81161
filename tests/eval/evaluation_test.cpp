#include "bbprompt/eval/evaluation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;

// Knows the words "down" (token 1), "up" (2) and "above" (3).
class Words final : public ModelView {
 public:
  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] std::int64_t count_tokens(const Query& /*query*/) const override { return 0; }
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override {
    return {.id = word == "down" ? 1 : word == "up" ? 2 : 3, .token = std::string(word)};
  }

 private:
  LanguageModelInfo info_;
};

class EvaluationTest : public ::testing::Test {
 protected:
  EvaluationTest() {
    answers_.scores.resize(3, 3);
    answers_.scores << 0.5, 1.0, 2.0, -1.0, 4.0, 8.0, 3.0, 0.0, 0.0;
    answers_.usage = {.num_queries = 3, .num_tokens = 7};
  }
  [[nodiscard]] Evaluation evaluation() const {
    return evaluation_of(answers_, verbalizer_, examples_);
  }

  AnswerScores answers_;
  Verbalizer verbalizer_{{{"down", {"down"}}, {"up", {"up", "above"}}}, Words()};
  std::vector<Example> examples_ = {{.text_a = "x", .label = 1, .row = 11},
                                    {.text_a = "y", .label = 0, .row = 12},
                                    {.text_a = "z", .label = 0, .row = 13}};
};

TEST_F(EvaluationTest, GivesTheLabelScoresOfEveryExample) {
  const Evaluation found = evaluation();
  EXPECT_EQ(found.label_scores, (RowMatrixXd(3, 2) << 0.5, 1.5, -1.0, 6.0, 3.0, 0.0).finished());
  EXPECT_EQ(found.usage, answers_.usage);
  EXPECT_TRUE(found.is_complete());
  EXPECT_EQ(found.describe_missing(), "");
  EXPECT_EQ(found.usage.num_bounded, 0);
}

TEST_F(EvaluationTest, AnUnknownScoreLosesItsExampleAlone) {
  answers_.states = AnswerScores::States::Constant(3, 3, ScoreState::kExact);
  answers_.states(1, 2) = ScoreState::kUnknown;
  answers_.why = "the server said 500";
  const Evaluation found = evaluation();
  EXPECT_FALSE(found.is_complete());
  ASSERT_EQ(found.missing.size(), 1U);
  EXPECT_EQ(found.missing[0].index, 1U);
  EXPECT_EQ(found.missing[0].row, 12);
  EXPECT_TRUE(std::isnan(found.label_scores(1, 0)) && std::isnan(found.label_scores(1, 1)));
  EXPECT_EQ(found.label_scores.row(0), Eigen::RowVector2d(0.5, 1.5));
  EXPECT_EQ(found.label_scores.row(2), Eigen::RowVector2d(3.0, 0.0));
  EXPECT_EQ(found.describe_missing(),
            "1 of 3 examples has no score: the server said 500 (example of row 12)");
}

TEST_F(EvaluationTest, AScoreThatIsNoNumberIsMissing) {
  answers_.scores(0, 0) = std::nan("");
  answers_.scores(2, 1) = -std::numeric_limits<double>::infinity();
  const Evaluation found = evaluation();
  ASSERT_EQ(found.missing.size(), 2U);
  EXPECT_THAT(found.missing[0].why, HasSubstr("not finite"));
  EXPECT_THAT(found.describe_missing(), HasSubstr("2 of 3 examples have no score"));
  EXPECT_THAT(found.describe_missing(), HasSubstr("the first is of row 11"));
}

TEST_F(EvaluationTest, BoundsAreUsedAndCounted) {
  answers_.states = AnswerScores::States::Constant(3, 3, ScoreState::kExact);
  answers_.states(0, 1) = answers_.states(0, 2) = answers_.states(2, 0) = ScoreState::kBounded;
  const Evaluation found = evaluation();
  EXPECT_EQ(found.usage.num_bounded, 3);
  EXPECT_TRUE(found.is_complete());
  EXPECT_EQ(found.label_scores.row(0), Eigen::RowVector2d(0.5, 1.5));
}

TEST_F(EvaluationTest, RefusesAnswersToOtherQueries) {
  examples_.pop_back();
  EXPECT_THROW((void)evaluation(), Error);
  examples_.resize(3);
  answers_.scores.resize(3, 2);
  answers_.scores.setZero();
  EXPECT_THROW((void)evaluation(), Error);
}

}  // namespace
}  // namespace bbprompt
