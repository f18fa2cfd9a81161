#include "optim/cma_es_parameters.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace bbprompt {
namespace {

TEST(CmaEsParameters, HasTheDefaultPopulationOfTheTutorial) {
  // floor(4 + 3 ln N), by hand.
  for (const auto& [n, lambda] :
       {std::pair(1, 4), std::pair(2, 6), std::pair(5, 8), std::pair(10, 10), std::pair(100, 17),
        std::pair(500, 22), std::pair(2000, 26)}) {
    const auto p = make_cma_es_parameters(n, {});
    EXPECT_EQ(p.population_size, lambda) << n;
    EXPECT_EQ(p.num_parents, lambda / 2) << n;
  }
}

TEST(CmaEsParameters, MatchesTheFiguresOfBlackBoxTuning) {
  // N = 500 and lambda = 20 with pycma's defaults.
  const auto p = make_cma_es_parameters(500, {.population_size = 20});
  EXPECT_NEAR(p.mu_eff, 5.94, 0.005);
  EXPECT_NEAR(p.c_1, 8.0e-6, 5e-8);
  EXPECT_NEAR(p.c_mu, 3.5e-5, 5e-7);
  EXPECT_NEAR(p.eigen_gap, 4.7, 0.05);
  const auto separable = make_cma_es_parameters(
      500, {.covariance = CovarianceKind::kSeparable, .population_size = 20});
  EXPECT_NEAR(separable.c_1, 1.8e-3, 5e-5);
  EXPECT_NEAR(separable.c_mu, 7.4e-3, 5e-5);
  EXPECT_NEAR(separable.c_c, 0.04528981987691317, 1e-15);
}

TEST(CmaEsParameters, MatchesAnIndependentComputationInTenDimensions) {
  // Computed with NumPy from the formulas of the tutorial.
  const auto p = make_cma_es_parameters(10, {});
  const double weights[] = {0.45627265,  0.2707531,   0.16223112,  0.08523355,  0.02550959,
                            -0.08001261, -0.22176416, -0.34455494, -0.45286409, -0.54974992};
  ASSERT_EQ(p.weights.size(), 10);
  for (Eigen::Index i = 0; i < 10; ++i) EXPECT_NEAR(p.weights[i], weights[i], 5e-9);
  EXPECT_NEAR(p.mu_eff, 3.1672992814107026, 1e-14);
  EXPECT_NEAR(p.c_sigma, 0.31961425291063345, 1e-15);
  EXPECT_NEAR(p.d_sigma, 1.3196142529106334, 1e-15);
  EXPECT_NEAR(p.c_c, 0.29499038303562225, 1e-15);
  EXPECT_NEAR(p.c_1, 0.015283824524751714, 1e-16);
  EXPECT_NEAR(p.c_mu, 0.023551776650417484, 1e-16);
  EXPECT_NEAR(p.chi_n, std::sqrt(10.0) * (1.0 - 0.025 + 1.0 / 2100.0), 1e-14);
  EXPECT_LT(p.eigen_gap, 1.0);
}

TEST(CmaEsParameters, ComputesTheSmallestCaseAsByHand) {
  // lambda = 2: one parent; w' = ln 1.5 and ln 0.75, so mu_eff = mu_eff^- = 1; N = 2.
  const auto p = make_cma_es_parameters(2, {.population_size = 2});
  EXPECT_DOUBLE_EQ(p.mu_eff, 1.0);
  EXPECT_DOUBLE_EQ(p.weights[0], 1.0);
  EXPECT_DOUBLE_EQ(p.c_sigma, 3.0 / 6.0);
  EXPECT_DOUBLE_EQ(p.d_sigma, 1.5);
  EXPECT_DOUBLE_EQ(p.c_c, 4.5 / 7.0);
  EXPECT_DOUBLE_EQ(p.c_1, (2.0 / 6.0) * 2.0 / (3.3 * 3.3 + 1.0));
  EXPECT_DOUBLE_EQ(p.c_mu, 2.0 * 0.25 / 17.0);
  // min(1 + c_1/c_mu = 2.9, 1 + 2/3, (1 - c_1 - c_mu)/(2 c_mu) = 15.5)
  EXPECT_DOUBLE_EQ(p.weights[1], -(1.0 + 2.0 / 3.0));
}

TEST(CmaEsParameters, KeepsItsInvariantsOverAWideRange) {
  for (const auto covariance : {CovarianceKind::kFull, CovarianceKind::kSeparable}) {
    for (const int n : {1, 2, 3, 10, 100, 5000}) {
      for (const int lambda : {2, 3, 5, 20, 101, 4000}) {
        const auto p =
            make_cma_es_parameters(n, {.covariance = covariance, .population_size = lambda});
        EXPECT_NEAR(p.weights.head(p.num_parents).sum(), 1.0, 1e-12);
        EXPECT_GT(p.weights.head(p.num_parents).minCoeff(), 0.0);
        EXPECT_LE(p.weights.tail(lambda - p.num_parents).maxCoeff(), 0.0);
        EXPECT_NEAR(p.mu_eff, 1.0 / p.weights.head(p.num_parents).squaredNorm(), 1e-9 * p.mu_eff);
        EXPECT_GE(p.c_mu, 0.0);
        EXPECT_GT(p.c_1, 0.0);
        EXPECT_LE(p.c_1 + p.c_mu, 1.0);
        EXPECT_LE(p.c_c, 1.0);
        EXPECT_LT(p.c_sigma, 1.0);
        // Decay minus what the negative weights can take out of any direction stays positive.
        const double negative = -p.weights.tail(lambda - p.num_parents).sum();
        EXPECT_GE(1.0 - p.c_1 - p.c_mu - p.c_mu * n * negative, -1e-12);
      }
    }
  }
}

TEST(CmaEsParameters, HasNoNegativeWeightsUnlessActive) {
  const auto p = make_cma_es_parameters(10, {.is_active = false});
  EXPECT_TRUE((p.weights.tail(5).array() == 0.0).all());
  EXPECT_NEAR(p.weights.sum(), 1.0, 1e-15);
}

}  // namespace
}  // namespace bbprompt
