#include "report/paired_tests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "tests/report/comparison_run.hpp"

namespace bbprompt {
namespace {

using testing::comparison_run;
using ::testing::DoubleNear;
using ::testing::ElementsAre;

// Darwin's maize: crossed minus self-fertilised height of 15 pairs, in eighths of an inch; with the
// tests that Fisher made of it in The Design of Experiments (1935), chapter III: t = 2.148, and 863
// of the 32768 choices of signs have a sum of 314 or more.
const std::vector<double> kMaize{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

// Student's sleep data (Biometrika 6, 1908): extra hours, drug 2 minus drug 1. R 4's t.test prints
// t = 4.0621, df = 9, p-value = 0.002833.
const std::vector<double> kSleep{1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};

TEST(PairedTTest, AgreesWithPublishedValues) {
  const PairedTTest maize = paired_t_test(kMaize);
  EXPECT_NEAR(maize.t.value(), 2.148, 5e-4);
  EXPECT_NEAR(maize.p.value(), 0.0497, 5e-5);
  const PairedTTest sleep = paired_t_test(kSleep);
  EXPECT_NEAR(sleep.t.value(), 4.0621, 5e-5);
  EXPECT_NEAR(sleep.p.value(), 0.002833, 5e-7);
}

TEST(PairedTTest, AgreesWithTheClosedFormsOfFewDegreesOfFreedom) {
  // n - 1 = 1: p = 1 - 2/pi atan t. n - 1 = 2: p = 1 - t / sqrt(2 + t^2).
  const std::vector<double> two{1.0, 2.0};  // mean 1.5, s = 1/sqrt(2), t = 3
  EXPECT_NEAR(paired_t_test(two).t.value(), 3.0, 1e-12);
  EXPECT_NEAR(paired_t_test(two).p.value(), 1.0 - 2.0 / M_PI * std::atan(3.0), 1e-12);
  const std::vector<double> three{0.1, 0.09, 0.11};  // t = 0.1 / (0.01 / sqrt 3)
  const double t = 10.0 * std::sqrt(3.0);
  EXPECT_NEAR(paired_t_test(three).t.value(), t, 1e-9);
  EXPECT_NEAR(paired_t_test(three).p.value(), 1.0 - t / std::sqrt(2.0 + t * t), 1e-12);
}

TEST(PairedTTest, HasNoValueWithoutSpread) {
  for (const auto& differences :
       {std::vector<double>{}, {0.5}, {0.0, 0.0}, {0.1, 0.3 - 0.2, 0.1}}) {
    EXPECT_FALSE(paired_t_test(differences).p.has_value());
    EXPECT_FALSE(paired_t_test(differences).t.has_value());
  }
}

TEST(SignFlipTest, CountsWhatFisherCounted) {
  EXPECT_DOUBLE_EQ(sign_flip_test(kMaize).value(), 2.0 * 863.0 / 32768.0);
}

double enumerated(const std::vector<double>& differences) {
  int hits = 0;
  const auto signed_sum = [&](unsigned signs) {
    double sum = 0.0;
    for (std::size_t i = 0; i < differences.size(); ++i) {
      sum += (signs >> i & 1U) != 0 ? differences[i] : -differences[i];
    }
    return sum;
  };
  const unsigned all = 1U << differences.size();
  const double observed = std::abs(signed_sum(all - 1));
  for (unsigned signs = 0; signs < all; ++signs) {
    if (std::abs(signed_sum(signs)) >= observed - 1e-9) ++hits;
  }
  return static_cast<double>(hits) / all;
}

TEST(SignFlipTest, AgreesWithEveryChoiceOfSigns) {
  RandomStream stream({.purpose = "test"});
  for (std::size_t n = 1; n <= 12; ++n) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::vector<double> differences;
      for (std::size_t i = 0; i < n; ++i) {
        differences.push_back(0.01 * (static_cast<double>(stream.below(21)) - 8.0));  // many ties
      }
      EXPECT_DOUBLE_EQ(sign_flip_test(differences).value(), enumerated(differences)) << n;
    }
  }
}

TEST(SignFlipTest, HandlesTheBorders) {
  EXPECT_FALSE(sign_flip_test({}).has_value());
  EXPECT_EQ(sign_flip_test(std::vector<double>{0.0, 0.0}), 1.0);
  EXPECT_EQ(sign_flip_test(std::vector<double>{0.3}), 1.0);
  EXPECT_EQ(sign_flip_test(std::vector<double>{0.1, 0.1, 0.1, 0.1, 0.1}), 2.0 / 32.0);
  EXPECT_EQ(sign_flip_test(std::vector<double>{0.1, -0.1}), 1.0);
  // As many as are counted exactly: all of one sign and size.
  const std::vector<double> many(kMaxExactPairs, 0.25);
  EXPECT_DOUBLE_EQ(sign_flip_test(many).value(), std::ldexp(2.0, -int{kMaxExactPairs}));
}

TEST(SignFlipTest, DrawsSignsBeyondThatCloseToTheNormalLimit) {
  // 100 differences of +-1 with sum 20: P(|S| >= 20) of the binomial is 0.0569 (exactly 0.056888).
  std::vector<double> differences(60, 1.0);
  differences.insert(differences.end(), 40, -1.0);
  EXPECT_NEAR(sign_flip_test(differences).value(), 0.056888, 0.0025);  // 5 standard errors
  EXPECT_NEAR(sign_flip_test(differences).value(), 0.0563347, 5e-8);   // the same draws everywhere
}

TEST(Holm, IsAsWorkedOutByHand) {
  // Sorted 0.01 0.03 0.04 0.2 -> 4*0.01, 3*0.03, max(2*0.04, 0.09), 0.2
  const std::vector<double> p{0.04, 0.01, 0.2, 0.03};
  EXPECT_THAT(holm_adjusted(p), ElementsAre(DoubleNear(0.09, 1e-15), DoubleNear(0.04, 1e-15),
                                            DoubleNear(0.2, 1e-15), DoubleNear(0.09, 1e-15)));
  EXPECT_THAT(holm_adjusted(std::vector<double>{0.6, 0.9}), ElementsAre(1.0, 1.0));
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(PairedTests, ComparesMethodsTaskByTaskAndOverAll) {
  const ScoreMatrix matrix = score_matrix(comparison_run());
  const PairedTests tests = paired_tests(matrix);
  EXPECT_EQ(tests.baseline, "policy");  // the written prompt stands first but is no method
  ASSERT_EQ(tests.comparisons.size(), 3U);
  // mrpc 0.10 0.09 0.11; rte 0.00 0.06 0.03: mean 0.03, s 0.03, t = sqrt 3.
  const Comparison& mrpc = tests.comparisons[0];
  const Comparison& rte = tests.comparisons[1];
  const Comparison& all = tests.comparisons[2];
  EXPECT_NEAR(mrpc.difference.mean, 0.1, 1e-15);
  const double p_mrpc = 1.0 - std::sqrt(300.0 / 302.0);
  EXPECT_NEAR(mrpc.test->p, p_mrpc, 1e-9);
  EXPECT_NEAR(rte.test->t, std::sqrt(3.0), 1e-9);
  const double p_rte = 1.0 - std::sqrt(3.0 / 5.0);
  EXPECT_NEAR(rte.test->p, p_rte, 1e-9);
  EXPECT_FALSE(all.column.has_value());
  // The two tasks are the units: 0.10 and 0.03, t = 0.065 / 0.035 with one degree of freedom.
  EXPECT_EQ(all.difference.num_values, 2);
  EXPECT_NEAR(all.difference.mean, 0.065, 1e-15);
  const double p_all = 1.0 - 2.0 / M_PI * std::atan(0.065 / 0.035);
  EXPECT_NEAR(all.test->p, p_all, 1e-9);
  EXPECT_DOUBLE_EQ(all.p_sign_flip.value(), 0.5);
  EXPECT_NEAR(mrpc.adjusted.value(), 3.0 * p_mrpc, 1e-9);
  EXPECT_NEAR(rte.adjusted.value(), 2.0 * p_rte, 1e-9);
  EXPECT_NEAR(all.adjusted.value(), 2.0 * p_rte, 1e-9) << "not below the p before it";
  EXPECT_FALSE(mrpc.is_beyond_noise()) << "its test rows are not known";
  EXPECT_FALSE(all.is_beyond_noise());
}

TEST(PairedTests, TakesAnyRowAsBaselineAndRefusesOthers) {
  const ScoreMatrix matrix = score_matrix(comparison_run());
  EXPECT_NEAR(paired_tests(matrix, {.baseline = "cma"}).comparisons[0].difference.mean, -0.1,
              1e-15);
  const PairedTests against_manual = paired_tests(matrix, {.baseline = "manual"});
  EXPECT_EQ(against_manual.comparisons.size(), 6U);
  try {
    (void)paired_tests(matrix, {.baseline = "nothing"});
    ADD_FAILURE() << "an unknown baseline was taken";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "--baseline: expected one of \"manual\", \"policy\", \"cma\", found \"nothing\"");
  }
}

TEST(PairedTests, PairsOnlySeedsThatBothHave) {
  Results results = comparison_run();
  std::erase_if(results.trials, [](const TrialRecord& trial) {
    return trial.method == "cma" && (trial.seed == 2 || trial.task == "rte");
  });
  const PairedTests tests = paired_tests(score_matrix(results));
  ASSERT_EQ(tests.comparisons.size(), 2U);
  EXPECT_EQ(tests.comparisons[0].difference.num_values, 2);
  EXPECT_EQ(tests.comparisons[1].difference.num_values, 1) << "one task";
  EXPECT_TRUE(paired_tests(ScoreMatrix{}).comparisons.empty());
}

}  // namespace
}  // namespace bbprompt
