#include "optim/policy_gradient_estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/optim/categorical_functions.hpp"

namespace bbprompt {
namespace {

using testing::kInfinity;
using testing::kNan;

CategoricalDistribution two_by_three() {
  CategoricalDistribution p({2, 3});
  p.probabilities << 0.3, 0.7, 0.5, 0.1, 0.4;
  return p;
}

double loss_of(const Eigen::VectorXd& x) {
  constexpr double kLosses[2][3] = {{0.4, 1.3, 0.9}, {0.7, 0.2, 1.1}};
  return kLosses[static_cast<int>(x[0])][static_cast<int>(x[1])];
}

double probability(const CategoricalDistribution& p, const Eigen::VectorXd& x) {
  double product = 1.0;
  for (Eigen::Index i = 0; i < p.size(); ++i) product *= p.probabilities[p.place(i, x[i])];
  return product;
}

std::vector<Eigen::VectorXd> all_points() {
  std::vector<Eigen::VectorXd> points;
  for (int a = 0; a < 2; ++a) {
    for (int b = 0; b < 3; ++b) points.emplace_back(Eigen::Vector2d(a, b));
  }
  return points;
}

double expected_loss(const CategoricalDistribution& p) {
  double sum = 0.0;
  for (const auto& x : all_points()) sum += probability(p, x) * loss_of(x);
  return sum;
}

// Of F(p), which is linear in each probability: central differences are exact but for rounding.
Eigen::VectorXd gradient_by_differences(const CategoricalDistribution& p) {
  Eigen::VectorXd gradient(p.probabilities.size());
  for (Eigen::Index j = 0; j < gradient.size(); ++j) {
    auto up = p, down = p;
    up.probabilities[j] += 0.05;
    down.probabilities[j] -= 0.05;
    gradient[j] = (expected_loss(up) - expected_loss(down)) / 0.1;
  }
  return gradient;
}

// Calls `visit` with every population of this size and its probability.
template <typename Visit>
void for_each_population(const CategoricalDistribution& p, Eigen::Index size, const Visit& visit) {
  const auto points = all_points();
  const auto total = static_cast<std::size_t>(std::pow(points.size(), size));
  for (std::size_t index = 0; index < total; ++index) {
    ScoredPoints population{.points = Eigen::MatrixXd(2, size), .losses = Eigen::VectorXd(size)};
    double weight = 1.0;
    std::size_t rest = index;
    for (Eigen::Index k = 0; k < size; ++k, rest /= points.size()) {
      const auto& x = points[rest % points.size()];
      population.points.col(k) = x;
      population.losses[k] = loss_of(x);
      weight *= probability(p, x);
    }
    visit(population, weight);
  }
}

TEST(ScoreGradient, IsUnbiasedOverEveryPopulationThatCanBeDrawn) {
  const auto p = two_by_three();
  const Eigen::VectorXd expected = gradient_by_differences(p).array() - expected_loss(p);
  for (const Eigen::Index size : {2, 3, 5}) {
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(5);
    double total = 0.0;
    for_each_population(p, size, [&](const ScoredPoints& population, double weight) {
      mean += weight * score_gradient(p, population);
      total += weight;
    });
    EXPECT_NEAR(total, 1.0, 1e-12);
    EXPECT_LT((mean - expected).norm(), 1e-11) << size << "\n" << mean << "\n" << expected;
  }
}

TEST(ScoreGradient, HasLessVarianceThanWithoutABaseline) {
  const auto p = two_by_three();
  const Eigen::VectorXd expected = gradient_by_differences(p).array() - expected_loss(p);
  double with_baseline = 0.0, without = 0.0;
  for_each_population(p, 4, [&](const ScoredPoints& population, double weight) {
    with_baseline += weight * (score_gradient(p, population) - expected).squaredNorm();
    Eigen::VectorXd plain = Eigen::VectorXd::Zero(5);
    for (Eigen::Index k = 0; k < 4; ++k) {
      for (Eigen::Index i = 0; i < 2; ++i) {
        const auto place = p.place(i, population.points(i, k));
        plain[place] += population.losses[k] / p.probabilities[place] / 4.0;
      }
    }
    without += weight * (plain - gradient_by_differences(p)).squaredNorm();
  });
  EXPECT_LT(with_baseline, 0.6 * without);
}

TEST(ReleasedGradient, IsTwiceTheScoreGradientWhereNoProbabilityIsZero) {
  const auto p = two_by_three();
  for_each_population(p, 3, [&](const ScoredPoints& population, double) {
    ASSERT_LT((released_gradient(p, population) - 2.0 * score_gradient(p, population)).norm(),
              1e-12);
  });
}

TEST(ReleasedGradient, IsNanWhereAProbabilityIsZeroAndTheScoreGradientIsNot) {
  CategoricalDistribution p({2, 3});
  p.probabilities << 0.5, 0.5, 0.0, 0.5, 0.5;
  ScoredPoints population{.points = Eigen::MatrixXd(2, 3), .losses = Eigen::Vector3d(1, 2, 4)};
  population.points << 0, 1, 1, 1, 2, 1;
  auto released = released_gradient(p, population);
  EXPECT_TRUE(std::isnan(released[2]));
  EXPECT_TRUE(score_gradient(p, population).allFinite());
  clip_norm(released, 3.0);
  EXPECT_TRUE(released.array().isNaN().all());
}

TEST(UsableLosses, CountFailedOnesAsTheWorstOfTheOthers) {
  const auto losses = usable_losses(
      (Eigen::VectorXd(6) << 0.5, kNan, 0.9, kInfinity, -kInfinity, 1e300).finished());
  ASSERT_TRUE(losses);
  EXPECT_EQ(*losses, (Eigen::VectorXd(6) << 0.5, 0.9, 0.9, 0.9, 0.9, 0.9).finished());
}

TEST(UsableLosses, AreNoneWhereFewerThanTwoAreLeft) {
  EXPECT_FALSE(usable_losses(Eigen::Vector3d(kNan, 1.0, kInfinity)));
  EXPECT_FALSE(usable_losses(Eigen::Vector2d(kNan, kInfinity)));
  EXPECT_TRUE(usable_losses(Eigen::Vector2d(1.0, 1.0)));
}

TEST(ClipNorm, ScalesLongGradientsOnly) {
  Eigen::VectorXd g = Eigen::Vector2d(3.0, 4.0);
  clip_norm(g, 0.0);
  EXPECT_EQ(g, Eigen::Vector2d(3.0, 4.0));
  clip_norm(g, 5.0);
  EXPECT_EQ(g, Eigen::Vector2d(3.0, 4.0));
  clip_norm(g, 1.0);
  EXPECT_LT((g - Eigen::Vector2d(0.6, 0.8)).norm(), 1e-15);
}

// By hand: a first step of AdamW is rate * sign(g) / (1 + epsilon / |g|) after the decay; the
// second has m = 0.9 * 0.1 g1 + 0.1 g2 over 1 - 0.81 and v = 0.001 (0.999 g1^2 + g2^2) over
// 1 - 0.998001.
TEST(Descend, IsAdamWithDecoupledDecay) {
  const DescentRule rule{.rate = 0.01, .decay = 0.1, .is_adam = true};
  Eigen::VectorXd p = Eigen::Vector2d(0.25, 0.75);
  Moments moments{.first = Eigen::VectorXd::Zero(2), .second = Eigen::VectorXd::Zero(2)};
  descend(rule, Eigen::Vector2d(2.0, 0.0), p, moments);
  EXPECT_NEAR(p[0], 0.25 * 0.999 - 0.01, 1e-9);
  EXPECT_NEAR(p[1], 0.75 * 0.999, 1e-15);
  const double before = p[0];
  descend(rule, Eigen::Vector2d(-1.0, 0.0), p, moments);
  const double m = (0.09 * 2.0 - 0.1) / 0.19;
  const double v = (0.000999 * 4.0 + 0.001) / 0.001999;
  EXPECT_NEAR(p[0], before * 0.999 - 0.01 * m / std::sqrt(v), 1e-9);
  EXPECT_EQ(moments.num_steps, 2);
}

TEST(Descend, IsAPlainStepToo) {
  Eigen::VectorXd p = Eigen::Vector2d(0.25, 0.75);
  Moments moments{.first = Eigen::VectorXd::Zero(2), .second = Eigen::VectorXd::Zero(2)};
  descend({.rate = 0.5, .decay = 0.2, .is_adam = false}, Eigen::Vector2d(0.1, -0.1), p, moments);
  EXPECT_LT((p - Eigen::Vector2d(0.175, 0.725)).norm(), 1e-15);
}

}  // namespace
}  // namespace bbprompt
