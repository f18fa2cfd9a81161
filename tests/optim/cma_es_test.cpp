#include "optim/cma_es.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>

#include "bbprompt/base/error.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

using testing::ellipsoid;
using testing::rosenbrock;
using testing::sphere;
using testing::step;

// The generation step written naively from the tutorial's Figure 6 and Table 1: dense matrices,
// steps recovered from the candidates, C^(-1/2) by the Denman-Beavers iteration instead of an
// eigenbasis. The separable variant is the same with everything off the diagonal set to zero.
struct NaiveCmaEs {
  Eigen::Index n;
  bool is_separable;
  Eigen::VectorXd weights, mean, p_sigma, p_c;
  double sigma, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu;
  Eigen::MatrixXd c;
  int generation = 0;

  NaiveCmaEs(const Eigen::VectorXd& start, const CmaEsOptions& options, Eigen::Index lambda)
      : n(start.size()),
        is_separable(options.covariance == CovarianceKind::kSeparable),
        weights(lambda),
        mean(start),
        p_sigma(Eigen::VectorXd::Zero(n)),
        p_c(Eigen::VectorXd::Zero(n)),
        sigma(options.sigma),
        c(Eigen::MatrixXd::Identity(n, n)) {
    const auto N = static_cast<double>(n);
    const auto mu = lambda / 2;
    double sum = 0.0, squares = 0.0, sum_minus = 0.0, squares_minus = 0.0;
    for (Eigen::Index i = 0; i < lambda; ++i) {
      weights[i] = std::log(0.5 * (static_cast<double>(lambda) + 1.0)) -
                   std::log(1.0 + static_cast<double>(i));
      (i < mu ? sum : sum_minus) += weights[i];
      (i < mu ? squares : squares_minus) += weights[i] * weights[i];
    }
    mu_eff = sum * sum / squares;
    c_sigma = (mu_eff + 2.0) / (N + mu_eff + 3.0);
    d_sigma = 1.0 + c_sigma + 2.0 * std::max(0.0, std::sqrt((mu_eff - 1.0) / (N + 1.0)) - 1.0);
    if (is_separable) {
      c_c = (1.0 + (1.0 + mu_eff) / N) / (std::sqrt(N) + (1.0 + 2.0 * mu_eff) / N);
      c_1 = 1.0 / (N + 2.0 * std::sqrt(N) + mu_eff / N);
      c_mu = (mu_eff + 1.0 / mu_eff - 1.75) / (N + 4.0 * std::sqrt(N) + 0.5 * mu_eff);
    } else {
      c_c = (4.0 + mu_eff / N) / (N + 4.0 + 2.0 * mu_eff / N);
      c_1 = 2.0 / ((N + 1.3) * (N + 1.3) + mu_eff);
      c_mu = 2.0 * (mu_eff + 1.0 / mu_eff - 1.75) / ((N + 2.0) * (N + 2.0) + mu_eff);
    }
    const double alpha = std::min(
        {1.0 + c_1 / c_mu, 1.0 + 2.0 * (sum_minus * sum_minus / squares_minus) / (mu_eff + 2.0),
         (1.0 - c_1 - c_mu) / (N * c_mu)});
    for (Eigen::Index i = 0; i < lambda; ++i) {
      if (i < mu)
        weights[i] /= sum;
      else
        weights[i] *= options.is_active ? alpha / std::abs(sum_minus) : 0.0;
    }
  }

  Eigen::MatrixXd inverse_root() const {
    Eigen::MatrixXd y = c, z = Eigen::MatrixXd::Identity(n, n);
    for (int i = 0; i < 40; ++i) {
      const Eigen::MatrixXd next = 0.5 * (y + z.inverse());
      z = 0.5 * (z + y.inverse());
      y = next;
    }
    return z;
  }

  void tell(const Eigen::MatrixXd& candidates, const Eigen::VectorXd& fitness) {
    std::vector<Eigen::Index> order(static_cast<std::size_t>(fitness.size()));
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return fitness[a] < fitness[b]; });
    const auto N = static_cast<double>(n);
    const Eigen::MatrixXd whiten = inverse_root();
    Eigen::VectorXd y_w = Eigen::VectorXd::Zero(n);
    Eigen::MatrixXd rank_mu = Eigen::MatrixXd::Zero(n, n);
    double sum = 0.0;
    for (Eigen::Index i = 0; i < weights.size(); ++i) {
      const Eigen::VectorXd y = (candidates.col(order[static_cast<std::size_t>(i)]) - mean) / sigma;
      if (weights[i] > 0.0) y_w += weights[i] * y;
      const double scale = weights[i] >= 0.0 ? 1.0 : N / (whiten * y).squaredNorm();
      rank_mu += scale * weights[i] * y * y.transpose();
      sum += weights[i];
    }
    ++generation;
    mean += sigma * y_w;
    p_sigma =
        (1.0 - c_sigma) * p_sigma + std::sqrt(c_sigma * (2.0 - c_sigma) * mu_eff) * whiten * y_w;
    const double chi = std::sqrt(N) * (1.0 - 0.25 / N + 1.0 / (21.0 * N * N));
    const double scaled = p_sigma.norm() / std::sqrt(1.0 - std::pow(1.0 - c_sigma, 2 * generation));
    const double h = scaled < (1.4 + 2.0 / (N + 1.0)) * chi ? 1.0 : 0.0;
    sigma *= std::exp(c_sigma / d_sigma * (p_sigma.norm() / chi - 1.0));
    p_c = (1.0 - c_c) * p_c + h * std::sqrt(c_c * (2.0 - c_c) * mu_eff) * y_w;
    c = (1.0 + c_1 * (1.0 - h) * c_c * (2.0 - c_c) - c_1 - c_mu * sum) * c +
        c_1 * p_c * p_c.transpose() + c_mu * rank_mu;
    if (is_separable) c = Eigen::MatrixXd(c.diagonal().asDiagonal());
  }
};

double relative_distance(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  return (a - b).cwiseAbs().maxCoeff() / b.cwiseAbs().maxCoeff();
}

struct Variant {
  CovarianceKind covariance;
  bool is_active;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
void PrintTo(const Variant& variant, std::ostream* out) {
  *out << (variant.covariance == CovarianceKind::kFull ? "full" : "separable")
       << (variant.is_active ? ", active" : ", not active");
}
class EveryVariant : public ::testing::TestWithParam<Variant> {};
INSTANTIATE_TEST_SUITE_P(CmaEs, EveryVariant,
                         ::testing::Values(Variant{CovarianceKind::kFull, true},
                                           Variant{CovarianceKind::kFull, false},
                                           Variant{CovarianceKind::kSeparable, true},
                                           Variant{CovarianceKind::kSeparable, false}));

TEST_P(EveryVariant, AgreesWithANaiveImplementation) {
  // The far start makes the first generations freeze the path (h_sigma = 0), the near one not.
  for (const double start_value : {0.5, 300.0}) {
    const CmaEsOptions options{
        .covariance = GetParam().covariance, .sigma = 0.7, .is_active = GetParam().is_active};
    const Eigen::VectorXd start = Eigen::VectorXd::Constant(6, start_value);
    CmaEs optimizer(options, start, {.seed = 5});
    NaiveCmaEs naive(start, options, optimizer.population_size());
    for (int g = 0; g < 12; ++g) {
      const auto population = optimizer.ask();
      const auto fitness = testing::evaluate(population, rosenbrock);
      optimizer.tell(fitness);
      naive.tell(population.points, fitness);
      const auto state = optimizer.save();
      const Eigen::MatrixXd& c = state.arrays.at("covariance");
      ASSERT_LT(relative_distance(state.arrays.at("mean"), naive.mean), 1e-12) << g;
      ASSERT_NEAR(optimizer.statistics().sigma / naive.sigma, 1.0, 1e-12) << g;
      ASSERT_LT(relative_distance(state.arrays.at("p_sigma"), naive.p_sigma), 1e-12) << g;
      ASSERT_LT(relative_distance(state.arrays.at("p_c"), naive.p_c), 1e-12) << g;
      ASSERT_LT(
          relative_distance(c.cols() == 1 ? Eigen::MatrixXd(c.col(0).asDiagonal()) : c, naive.c),
          1e-12)
          << g;
    }
  }
}

TEST_P(EveryVariant, SamplesTheDistributionItSaves) {
  CmaEs optimizer({.covariance = GetParam().covariance,
                   .population_size = 4000,
                   .is_active = GetParam().is_active},
                  Eigen::VectorXd::Constant(3, 1.0), {});
  for (int g = 0; g < 6; ++g) step(optimizer, ellipsoid);
  const auto state = optimizer.save();
  Eigen::MatrixXd c = state.arrays.at("covariance");
  if (c.cols() == 1) c = Eigen::MatrixXd(c.col(0).asDiagonal());
  const double sigma = optimizer.statistics().sigma;
  const Eigen::MatrixXd steps = (optimizer.ask().points.colwise() - optimizer.favourite()) / sigma;
  const Eigen::MatrixXd sampled = steps * steps.transpose() / 4000.0;
  for (Eigen::Index i = 0; i < 3; ++i) {
    for (Eigen::Index j = 0; j < 3; ++j) {
      EXPECT_NEAR(sampled(i, j), c(i, j), 0.1 * std::sqrt(c(i, i) * c(j, j)));
    }
  }
}

TEST_P(EveryVariant, FollowsRanksAlone) {
  const CmaEsOptions options{.covariance = GetParam().covariance,
                             .is_active = GetParam().is_active};
  CmaEs plain(options, Eigen::VectorXd::Ones(5), {.seed = 2});
  CmaEs warped(options, Eigen::VectorXd::Ones(5), {.seed = 2});
  for (int g = 0; g < 80; ++g) {
    ASSERT_EQ(plain.ask().points, warped.ask().points) << g;
    step(plain, ellipsoid);
    step(warped, [](const auto& x) { return std::log(ellipsoid(x)) * 7.0 - 3.0; });
  }
}

TEST_P(EveryVariant, IsInvariantToTranslation) {
  // Steps depend on ranks alone, so all but the mean is equal in every bit.
  const CmaEsOptions options{.covariance = GetParam().covariance,
                             .is_active = GetParam().is_active};
  const Eigen::VectorXd shift = testing::normals(5, 1, "shift");
  CmaEs plain(options, Eigen::VectorXd::Ones(5), {.seed = 2});
  CmaEs shifted(options, Eigen::VectorXd::Ones(5) + shift, {.seed = 2});
  for (int g = 0; g < 60; ++g) {
    step(plain, ellipsoid);
    step(shifted, [&](const auto& x) { return ellipsoid(x - shift); });
    const auto a = plain.save(), b = shifted.save();
    for (const auto* name : {"sigma", "p_sigma", "p_c", "covariance"}) {
      ASSERT_EQ(a.arrays.at(name), b.arrays.at(name)) << name << " " << g;
    }
    ASSERT_LT((a.arrays.at("mean") + shift - b.arrays.at("mean")).norm(), 1e-13);
  }
}

TEST_P(EveryVariant, IsInvariantToScale) {
  constexpr double kScale = 1024.0;  // a power of two: exact in every operation
  CmaEsOptions options{.covariance = GetParam().covariance, .is_active = GetParam().is_active};
  CmaEs plain(options, Eigen::VectorXd::Ones(5), {.seed = 2});
  options.sigma *= kScale;
  CmaEs scaled(options, kScale * Eigen::VectorXd::Ones(5), {.seed = 2});
  for (int g = 0; g < 60; ++g) {
    ASSERT_EQ(kScale * plain.ask().points, scaled.ask().points) << g;
    step(plain, rosenbrock);
    step(scaled, [=](const auto& x) { return rosenbrock(x / kScale); });
  }
}

TEST_P(EveryVariant, BreaksTiesByIndex) {
  const CmaEsOptions options{.covariance = GetParam().covariance,
                             .is_active = GetParam().is_active};
  CmaEs tied(options, Eigen::VectorXd::Ones(5), {});
  CmaEs ordered(options, Eigen::VectorXd::Ones(5), {});
  const auto lambda = tied.population_size();
  (void)tied.ask();
  (void)ordered.ask();
  tied.tell(Eigen::VectorXd::Zero(lambda));
  ordered.tell(Eigen::VectorXd::LinSpaced(lambda, 0.0, 1.0));
  EXPECT_EQ(tied.ask().points, ordered.ask().points);
}

TEST_P(EveryVariant, ThrowsAndStaysAsItWasWhenNumbersRunOut) {
  CmaEs optimizer({.covariance = GetParam().covariance, .sigma = 1e307}, Eigen::VectorXd::Zero(3),
                  {});
  const auto fall = [](const Eigen::VectorXd& x) { return x[0]; };
  for (int g = 0; g < 200; ++g) {
    const auto before = optimizer.save();
    const auto population = optimizer.ask();
    try {
      optimizer.tell(testing::evaluate(population, fall));
    } catch (const Error&) {
      EXPECT_EQ(optimizer.save().arrays, before.arrays);
      EXPECT_TRUE(optimizer.favourite().allFinite());
      return;
    }
    ASSERT_TRUE(optimizer.favourite().allFinite());
  }
  FAIL() << "a step size of 1e307 grew for 200 generations without an error";
}

TEST_P(EveryVariant, GoesOnPastConvergence) {
  // The condition number runs to its bound on a function of flat directions and round-off.
  CmaEs optimizer({.covariance = GetParam().covariance, .is_active = GetParam().is_active},
                  Eigen::VectorXd::Ones(4), {.seed = 4});
  for (int g = 0; g < 3000; ++g) {
    step(optimizer, [](const auto& x) { return 1.0 + ellipsoid(x); });
    ASSERT_TRUE(optimizer.favourite().allFinite()) << g;
    ASSERT_TRUE(std::isfinite(optimizer.statistics().axis_ratio)) << g;
  }
  EXPECT_TRUE(optimizer.stop_reason());
}

TEST(CmaEs, DecomposesOnlyWhenTheGapHasPassed) {
  CmaEs optimizer({.population_size = 6}, Eigen::VectorXd::Ones(160), {});
  const double gap = optimizer.parameters().eigen_gap;
  ASSERT_GT(gap, 1.0);
  ASSERT_LT(gap, 6.0);
  std::int64_t last = 0;
  auto basis = optimizer.save().arrays.at("eigenvectors");
  for (std::int64_t g = 1; g <= 15; ++g) {
    step(optimizer, sphere);
    const auto state = optimizer.save();
    const bool is_due = static_cast<double>(g - last) >= gap;
    EXPECT_EQ(state.arrays.at("eigenvectors") != basis, is_due) << g;
    if (is_due) last = g;
    EXPECT_EQ(state.integers.at("decomposed_at"), last);
    basis = state.arrays.at("eigenvectors");
  }
  EXPECT_GT(last, 0);
}

TEST(CmaEs, ReportsTheDeviationsOfItsCoordinates) {
  CmaEs optimizer({.covariance = CovarianceKind::kSeparable, .sigma = 0.5},
                  Eigen::VectorXd::Ones(4), {});
  for (int g = 0; g < 50; ++g) step(optimizer, ellipsoid);
  const auto statistics = optimizer.statistics();
  const Eigen::MatrixXd variances = optimizer.save().arrays.at("covariance");
  EXPECT_DOUBLE_EQ(statistics.min_deviation, statistics.sigma * std::sqrt(variances.minCoeff()));
  EXPECT_DOUBLE_EQ(statistics.max_deviation, statistics.sigma * std::sqrt(variances.maxCoeff()));
  EXPECT_NEAR(statistics.axis_ratio, statistics.max_deviation / statistics.min_deviation, 1e-12);
  EXPECT_GT(statistics.axis_ratio, 10.0);
}

TEST(CmaEs, WorksInOneDimension) {
  for (const auto covariance : {CovarianceKind::kFull, CovarianceKind::kSeparable}) {
    CmaEs optimizer({.covariance = covariance}, Eigen::VectorXd::Ones(1), {});
    for (int g = 0; g < 120; ++g) step(optimizer, sphere);
    EXPECT_LT(optimizer.favourite().norm(), 1e-6);
  }
}

}  // namespace
}  // namespace bbprompt
