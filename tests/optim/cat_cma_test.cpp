#include "optim/cat_cma.hpp"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <cmath>

#include "optim/random_search.hpp"
#include "tests/optim/categorical_functions.hpp"

namespace bbprompt {
namespace {

using testing::categories;
using testing::Function;

void expect_margins(const CatCma& optimizer) {
  for (Eigen::Index i = 0; i < optimizer.dimension(); ++i) {
    const auto row = optimizer.distribution().row(i);
    ASSERT_GE(row.minCoeff(), optimizer.margin(i));
    ASSERT_NEAR(row.sum(), 1.0, 1e-12);
  }
}

TEST(CatCma, HasThePublishedDefaults) {
  const CatCma optimizer({}, categories(50, 100), {});
  EXPECT_EQ(optimizer.population_size(), 15);
  EXPECT_NEAR(optimizer.margin(0), 6.3e-5, 0.05e-5);
  EXPECT_EQ(CatCma({}, categories(1, 2), {}).population_size(), 4);
  EXPECT_NEAR(CatCma({}, categories({2, 11}), {}).margin(1), (1.0 - std::sqrt(0.73)) / 10, 1e-15);
}

// F of the K - 1 free probabilities is diag(1/q_j) + 1/q_K.
TEST(RootFisher, IsARootOfTheFisherInformation) {
  CategoricalDistribution q({4, 2});
  q.probabilities << 0.1, 0.2, 0.3, 0.4, 0.9, 0.1;
  Eigen::VectorXd g(6);
  g << 0.3, -0.7, 0.1, 0.3, -0.2, 0.2;
  const Eigen::VectorXd root = root_fisher(q, g);
  ASSERT_EQ(root.size(), 4);
  Eigen::Matrix3d fisher = Eigen::Vector3d(1 / 0.1, 1 / 0.2, 1 / 0.3).asDiagonal();
  fisher.array() += 1 / 0.4;
  const double first = g.head(3).dot(fisher * g.head(3));
  EXPECT_NEAR(root.head(3).squaredNorm(), first, 1e-12);
  EXPECT_NEAR(root[3] * root[3], 0.04 / 0.9 + 0.04 / 0.1, 1e-12);
  EXPECT_NEAR(root.squaredNorm(), (g.array().square() / q.probabilities.array()).sum(), 1e-12);
}

// One generation of two candidates by hand: the better one takes all the weight.
TEST(CatCma, MakesTheFirstStepOfTheFormulas) {
  CatCma optimizer({.population_size = 2}, categories(2, 4), {.seed = 3});
  const auto points = optimizer.ask().points;
  optimizer.tell(Eigen::Vector2d(2.0, 1.0));
  // G = onehot - 1/4: 0.75 and -0.25; F-norm over 2 coordinates sqrt(2 (0.5625 + 0.1875) * 4).
  const double step = 1.0 / std::sqrt(6.0);
  for (Eigen::Index i = 0; i < 2; ++i) {
    for (Eigen::Index j = 0; j < 4; ++j) {
      const double expected = 0.25 + step * (points(i, 1) == j ? 0.75 : -0.25);
      EXPECT_NEAR(optimizer.distribution().row(i)[j], expected, 1e-12);
    }
  }
  // beta = 1/sqrt(6); ||s||^2 = gamma = beta (2 - beta), so delta = exp(beta gamma (1/1.5 - 1)).
  const double beta = 1.0 / std::sqrt(6.0);
  const double gamma = beta * (2.0 - beta);
  EXPECT_NEAR(optimizer.save().arrays["gamma"](0, 0), gamma, 1e-12);
  EXPECT_NEAR(optimizer.save().arrays["delta"](0, 0), std::exp(-beta * gamma / 3.0), 1e-12);
}

TEST(CatCma, KeepsEveryProbabilityAboveTheMarginUnderAnyFitness) {
  const std::vector<int> counts = {2, 3, 50, 7};
  RandomStream random({.seed = 1, .purpose = "adversary"});
  double clock = 0.0;
  const Function adversaries[] = {
      [](const auto& x) { return x.sum(); },
      [](const auto& x) { return x[0] == 0.0 ? -1e300 : 1e300; },
      [&](const auto&) { return random.normal(); },
      [&](const auto&) { return random.below(2) == 0 ? 0.0 : 1.0; },
      [&](const auto& x) { return std::fmod(clock += 1.0, 4000.0) < 2000.0 ? x.sum() : -x.sum(); },
  };
  for (const auto& adversary : adversaries) {
    CatCma optimizer({}, categories(counts), {});
    for (int g = 0; g < 3000; ++g) {
      testing::step(optimizer, adversary);
      ASSERT_NO_FATAL_FAILURE(expect_margins(optimizer)) << g;
    }
    for (const auto& [name, values] : optimizer.save().arrays) EXPECT_TRUE(values.allFinite());
  }
}

struct Race {
  const char* name;
  Function function;
  int n, count, max_evaluations;
};

// Evaluations until the favourite is the optimum.
template <typename Kind>
int evaluations_to_optimum(Kind optimizer, const Race& race) {
  int evaluations = 0;
  while (race.function(optimizer.favourite()) > 0.0 && evaluations < race.max_evaluations) {
    testing::step(optimizer, race.function);
    evaluations += static_cast<int>(optimizer.population_size());
  }
  return evaluations;
}

TEST(CatCma, FindsTheOptimumWhereRandomSearchDoesNot) {
  const Race races[] = {
      {"one max", testing::one_max(5), 10, 5, 1500},
      {"one max of many", testing::one_max(50), 10, 50, 10000},
      {"leading", testing::leading(4), 8, 4, 2500},
  };
  for (const auto& race : races) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const auto domain = categories(race.n, race.count);
      const int taken = evaluations_to_optimum(CatCma({}, domain, {.seed = seed}), race);
      EXPECT_LT(taken, race.max_evaluations) << race.name << " " << seed;
      RandomSearch random({}, domain, {.seed = seed});
      EXPECT_GE(evaluations_to_optimum(std::move(random), race), race.max_evaluations);
      RecordProperty(race.name + std::to_string(seed), taken);
    }
  }
}

TEST(CatCma, DependsOnRanksOnly) {
  const testing::PairLoss loss(6, 8, 1);
  CatCma plain({}, categories(6, 8), {});
  CatCma stretched({}, categories(6, 8), {});
  for (int g = 0; g < 200; ++g) {
    testing::step(plain, loss);
    testing::step(stretched, [&](const auto& x) { return std::exp(40.0 * loss(x)) - 1e9; });
    ASSERT_EQ(plain.save().arrays, stretched.save().arrays);
  }
}

TEST(CatCma, StaysAsItIsUnderConstantFitness) {
  CatCma optimizer({}, categories(5, 6), {});
  for (int g = 0; g < 100; ++g) testing::step(optimizer, [](const auto&) { return 0.25; });
  EXPECT_EQ(optimizer.distribution().probabilities, Eigen::VectorXd::Constant(30, 1.0 / 6.0));
  EXPECT_EQ(optimizer.ask().generation, 100);
}

TEST(CatCma, GivesEqualFitnessEqualWeight) {
  CatCma optimizer({.population_size = 6}, categories(1, 1000), {});
  const auto points = optimizer.ask().points;
  optimizer.tell((Eigen::VectorXd(6) << 1, 0, 1, 0, 1, 0).finished());
  const auto& p = optimizer.distribution();
  const auto at = [&](Eigen::Index k) { return p.probabilities[p.place(0, points(0, k))]; };
  EXPECT_EQ(at(1), at(3));
  EXPECT_EQ(at(1), at(5));
  EXPECT_EQ(at(0), at(2));
  EXPECT_GT(at(1), at(0));
}

}  // namespace
}  // namespace bbprompt
