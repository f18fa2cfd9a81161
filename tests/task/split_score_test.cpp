#include "bbprompt/task/split_score.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

const RowMatrixXd kScores = (RowMatrixXd(3, 2) << 4.0, 1.0, 3.0, 2.0, 2.0, 0.0).finished();
const std::vector<int> kGold = {0, 1, 0};

TEST(SplitScore, AveragesTheObjectiveAndPredictsTheLargestScore) {
  const Objective objective{{.kind = ObjectiveKind::kCrossEntropy}};
  const auto score = score_split(kScores, kGold, objective, Eigen::VectorXd::Zero(2));
  const double expected =
      (std::log1p(std::exp(-3.0)) + std::log1p(std::exp(1.0)) + std::log1p(std::exp(-2.0))) / 3.0;
  EXPECT_NEAR(score.loss, expected, 1e-15);
  EXPECT_EQ(score.predicted, (std::vector<std::int32_t>{0, 0, 0}));
}

TEST(SplitScore, CalibrationTakesTheMeanScoreOfEachLabelAway) {
  const Eigen::VectorXd means = label_means(kScores);
  EXPECT_EQ(means, Eigen::Vector2d(3.0, 1.0));
  const auto score =
      score_split(kScores, kGold, Objective{{.kind = ObjectiveKind::kErrorRate}}, means);
  // Rows become (1, 0), (0, 1), (-1, -1); a tie goes to the first label.
  EXPECT_EQ(score.predicted, (std::vector<std::int32_t>{0, 1, 0}));
  EXPECT_EQ(score.loss, 0.0);
}

TEST(SplitScore, RefusesSizesThatDoNotFitAndScoresThatAreNoNumbers) {
  const Objective objective{ObjectiveOptions{}};
  const std::vector<int> short_gold = {0, 1};
  EXPECT_THROW((void)score_split(kScores, short_gold, objective, Eigen::VectorXd::Zero(2)), Error);
  EXPECT_THROW((void)score_split(kScores, kGold, objective, Eigen::VectorXd::Zero(3)), Error);
  EXPECT_THROW((void)label_means(RowMatrixXd(0, 2)), Error);
  RowMatrixXd broken = kScores;
  broken(1, 0) = std::nan("");
  EXPECT_THROW((void)score_split(broken, kGold, objective, Eigen::VectorXd::Zero(2)), Error);
}

}  // namespace
}  // namespace bbprompt
