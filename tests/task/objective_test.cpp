#include "bbprompt/task/objective.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

Eigen::VectorXd scores(std::initializer_list<double> values) {
  Eigen::VectorXd vector(static_cast<Eigen::Index>(values.size()));
  Eigen::Index i = 0;
  for (const double value : values) vector[i++] = value;
  return vector;
}

double loss(ObjectiveKind kind, const Eigen::VectorXd& z, int label, double margin = 2.0) {
  return Objective({.kind = kind, .margin = margin}).loss(z, label);
}

TEST(Predict, TakesTheLargestScoreAndTheLowestIndexOnTies) {
  EXPECT_EQ(predict(scores({1, 3, 2})), 1);
  EXPECT_EQ(predict(scores({1, 3, 3})), 1);
  EXPECT_EQ(predict(scores({0, 0})), 0);
  EXPECT_EQ(predict(scores({-2, -1})), 1);
}

TEST(CrossEntropy, IsMinusTheLogProbabilityAmongTheLabels) {
  // softmax(ln 1, ln 2, ln 5) = (1, 2, 5) / 8
  const auto z = scores({std::log(1.0), std::log(2.0), std::log(5.0)});
  EXPECT_NEAR(loss(ObjectiveKind::kCrossEntropy, z, 0), std::log(8.0), 1e-15);
  EXPECT_NEAR(loss(ObjectiveKind::kCrossEntropy, z, 1), std::log(4.0), 1e-15);
  EXPECT_NEAR(loss(ObjectiveKind::kCrossEntropy, z, 2), std::log(1.6), 1e-15);
}

TEST(CrossEntropy, StandsLargeScores) {
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kCrossEntropy, scores({1e4, -1e4}), 0), 0.0);
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kCrossEntropy, scores({1e4, -1e4}), 1), 2e4);
  EXPECT_NEAR(loss(ObjectiveKind::kCrossEntropy, scores({1e6 + 1, 1e6}), 0),
              std::log1p(std::exp(-1.0)), 1e-9);
}

TEST(ReleasedHinge, HasTheSignOfAnAttack) {
  // max(0, z_y - max_other + margin) - margin, as the released code computes it.
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kReleasedHinge, scores({1, 2.5, 2}), 1), 0.5);
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kReleasedHinge, scores({0, 5, 1}), 2), -2.0);
  // Raising the true label's score raises this loss and lowers the right one.
  EXPECT_GT(loss(ObjectiveKind::kReleasedHinge, scores({3, 1}), 0),
            loss(ObjectiveKind::kReleasedHinge, scores({2, 1}), 0));
  EXPECT_LT(loss(ObjectiveKind::kHinge, scores({2.5, 1}), 0),
            loss(ObjectiveKind::kHinge, scores({2, 1}), 0));
}

TEST(Hinge, SumsTheMarginsThatWrongLabelsBreak) {
  // margin 2, true label 1 of (1, 2.5, 2, -4): max(0, 0.5) + max(0, 1.5) + max(0, -4.5)
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kHinge, scores({1, 2.5, 2, -4}), 1), 2.0);
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kHinge, scores({0, 0, 0}), 0), 4.0);
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kHinge, scores({3, 1}), 0), 0.0);
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kHinge, scores({3, 1}), 1), 4.0);
  EXPECT_DOUBLE_EQ(loss(ObjectiveKind::kHinge, scores({3, 1}), 1, 0.0), 2.0);
}

TEST(Objective, EveryKindFallsAsTheTrueLabelsScoreRises) {
  for (const auto kind :
       {ObjectiveKind::kCrossEntropy, ObjectiveKind::kHinge, ObjectiveKind::kErrorRate}) {
    EXPECT_GT(loss(kind, scores({-1, 0, 0.5}), 0), loss(kind, scores({1, 0, 0.5}), 0));
  }
}

TEST(ErrorRate, FollowsThePrediction) {
  EXPECT_EQ(loss(ObjectiveKind::kErrorRate, scores({1, 1}), 0), 0.0);
  EXPECT_EQ(loss(ObjectiveKind::kErrorRate, scores({1, 1}), 1), 1.0);
  EXPECT_EQ(loss(ObjectiveKind::kErrorRate, scores({1, 2}), 1), 0.0);
}

TEST(Objective, RefusesScoresThatAreNotNumbers) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW((void)predict(scores({0, bad})), Error);
    EXPECT_THROW((void)predict(scores({bad, 0})), Error);
    for (const auto kind :
         {ObjectiveKind::kCrossEntropy, ObjectiveKind::kHinge, ObjectiveKind::kErrorRate}) {
      EXPECT_THROW((void)loss(kind, scores({0, bad, 1}), 0), Error);
    }
  }
  EXPECT_THROW((void)predict(scores({})), Error);
  EXPECT_THROW((void)loss(ObjectiveKind::kHinge, scores({0, 1}), 2), Error);
  EXPECT_THROW((void)loss(ObjectiveKind::kHinge, scores({0, 1}), -1), Error);
  EXPECT_THROW(Objective({.kind = ObjectiveKind::kHinge, .margin = -1.0}), Error);
  EXPECT_THROW(Objective({.kind = ObjectiveKind::kHinge, .margin = NAN}), Error);
}

TEST(ObjectiveKindNames, GoBothWays) {
  for (const auto* name : {"cross_entropy", "hinge", "error_rate"}) {
    EXPECT_EQ(to_string(parse_objective_kind(name)), name);
  }
  EXPECT_EQ(parse_objective_kind("hinge"), ObjectiveKind::kHinge);
  EXPECT_THROW((void)parse_objective_kind("ce"), Error);
}

}  // namespace
}  // namespace bbprompt
