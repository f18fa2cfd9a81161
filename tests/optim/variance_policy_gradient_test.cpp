#include "optim/variance_policy_gradient.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "optim/random_search.hpp"
#include "tests/optim/categorical_functions.hpp"

namespace bbprompt {
namespace {

using testing::categories;
using testing::PairLoss;

constexpr auto kReleased = PolicyGradientVariant::kReleased;

double least(const VariancePolicyGradient& optimizer) {
  return optimizer.distribution().probabilities.minCoeff();
}

double least_sum(const VariancePolicyGradient& optimizer) {
  double sum = std::numeric_limits<double>::infinity();
  for (Eigen::Index i = 0; i < optimizer.dimension(); ++i) {
    sum = std::min(sum, optimizer.distribution().row(i).sum());
  }
  return sum;
}

// The author's own suggestion for the released program: 20 positions, 100 candidates, I 30.
const PolicyGradientOptions kSuggested{.population_size = 30, .learning_rate = 1e-3};

TEST(ReleasedPolicyGradient, RunsIntoNanWithTheSuggestedSettingsAndSaysSo) {
  auto options = kSuggested;
  options.variant = kReleased;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const PairLoss loss(20, 100, seed);
    VariancePolicyGradient optimizer(options, categories(20, 100), {.seed = seed});
    int first_zero = -1;
    int g = 0;
    for (; g < 60 && !optimizer.stop_reason(); ++g) {
      if (first_zero < 0 && least(optimizer) == 0.0) first_zero = g;
      testing::step(optimizer, loss);
    }
    EXPECT_EQ(optimizer.stop_reason(), StopReason::kZeroProbability);
    EXPECT_EQ(first_zero, g - 1) << "one step after the first zero";
    EXPECT_GE(g, 10);
    EXPECT_LE(g, 40);
    // The last distribution that can be drawn from stays.
    const auto kept = optimizer.distribution().probabilities;
    EXPECT_TRUE(kept.allFinite());
    EXPECT_EQ(kept.minCoeff(), 0.0);
    const auto favourite = optimizer.favourite();
    for (int more = 0; more < 3; ++more) testing::step(optimizer, loss);
    EXPECT_EQ(optimizer.distribution().probabilities, kept);
    EXPECT_EQ(optimizer.favourite(), favourite);
    // And survives saving.
    VariancePolicyGradient resumed(options, categories(20, 100), {});
    resumed.restore(optimizer.save());
    EXPECT_EQ(resumed.stop_reason(), StopReason::kZeroProbability);
    EXPECT_EQ(resumed.ask().points, optimizer.ask().points);
  }
}

TEST(PolicyGradient, GoesOnWithTheSameSettings) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const PairLoss loss(20, 100, seed);
    VariancePolicyGradient optimizer(kSuggested, categories(20, 100), {.seed = seed});
    for (int g = 0; g < 120; ++g) {
      testing::step(optimizer, loss);
      ASSERT_GE(least(optimizer), 1e-3 / 100);
      ASSERT_NEAR(least_sum(optimizer), 1.0, 1e-12);
    }
    EXPECT_FALSE(optimizer.stop_reason());
    EXPECT_LT(loss.standard(optimizer.favourite()), -5.0);
  }
}

TEST(ReleasedPolicyGradient, LeavesRowsUnderOneUnrepaired) {
  const PairLoss loss(10, 200, 1);
  VariancePolicyGradient optimizer({.variant = kReleased}, categories(10, 200), {});
  for (int g = 0; g < 30; ++g) testing::step(optimizer, loss);
  EXPECT_LT(least_sum(optimizer), 1.0 - 1e-5);
  EXPECT_GT(least_sum(optimizer), 0.99);
}

struct Setting {
  int n, count;
  double rate, least, greatest;
};

TEST(ReleasedPolicyGradient, HardlyMovesWithItsDefaults) {
  const Setting settings[] = {{10, 200, 1e-4, 0.6, 1.4}, {6, 20, 5e-5, 0.95, 1.05}};
  for (const auto& [n, count, rate, lower, upper] : settings) {
    const PairLoss loss(n, count, 1);
    VariancePolicyGradient released({.variant = kReleased, .learning_rate = rate},
                                    categories(n, count), {});
    VariancePolicyGradient corrected({}, categories(n, count), {});
    for (int g = 0; g < 30; ++g) {
      testing::step(released, loss);
      testing::step(corrected, loss);
    }
    const Eigen::VectorXd relative = released.distribution().probabilities * count;
    EXPECT_GT(relative.minCoeff(), lower);
    EXPECT_LT(relative.maxCoeff(), upper);
    for (Eigen::Index i = 0; i < n; ++i) {
      EXPECT_GT(corrected.distribution().row(i).maxCoeff() * count, 3.0) << i;
    }
  }
}

TEST(PolicyGradient, HasTheRatesItDocuments) {
  const auto rate = [](const PolicyGradientOptions& options) {
    return VariancePolicyGradient(options, categories(2, 3), {}).learning_rate();
  };
  EXPECT_EQ(rate({}), 1e-2);
  EXPECT_EQ(rate({.rule = GradientRule::kSgd}), 3e-3);
  EXPECT_EQ(rate({.variant = kReleased}), 1e-4);
  EXPECT_EQ(rate({.learning_rate = 0.5}), 0.5);
}

// Mean over seeds of how far under the mean loss a method ends, in standard deviations.
template <typename Make>
double mean_gain(int num_generations, const Make& make) {
  double gain = 0.0;
  constexpr int kSeeds = 4;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const PairLoss loss(10, 100, seed);
    RandomStream noise({.seed = seed, .purpose = "noise"});
    auto optimizer = make(OptimizerSeed{.seed = seed});
    for (int g = 0; g < num_generations; ++g) {
      testing::step(optimizer, [&](const auto& x) { return loss(x) + 0.03 * noise.normal(); });
    }
    gain -= loss.standard(optimizer.favourite()) / kSeeds;
  }
  return gain;
}

TEST(PolicyGradient, LearnsNoisyLossesBeyondRandomSearch) {
  const auto domain = categories(10, 100);
  const auto random = mean_gain(
      60, [&](OptimizerSeed seed) { return RandomSearch({.population_size = 20}, domain, seed); });
  for (const auto rule : {GradientRule::kAdamW, GradientRule::kSgd}) {
    const auto corrected = mean_gain(60, [&](OptimizerSeed seed) {
      return VariancePolicyGradient({.rule = rule}, domain, seed);
    });
    EXPECT_GT(corrected, random + 1.0);
  }
}

TEST(PolicyGradient, TurnsAwayFromFailedCandidatesAndNeverLosesThem) {
  VariancePolicyGradient optimizer({.learning_rate = 0.05}, categories(3, 4), {});
  const auto fails_at_2 = [](const Eigen::VectorXd& x) {
    return x[0] == 2.0 ? std::numeric_limits<double>::quiet_NaN() : 0.5 + 0.1 * x[1];
  };
  for (int g = 0; g < 200; ++g) testing::step(optimizer, fails_at_2);
  const auto& p = optimizer.distribution();
  EXPECT_LT(p.row(0)[2], 0.1);
  EXPECT_GE(p.row(0)[2], 1e-3 / 4);
  EXPECT_EQ(optimizer.favourite()[1], 0.0);
}

TEST(PolicyGradient, FavoursTheLowestOfEqualCategories) {
  EXPECT_EQ(VariancePolicyGradient({}, categories({3, 5}), {}).favourite(),
            Eigen::VectorXd::Zero(2));
}

}  // namespace
}  // namespace bbprompt
