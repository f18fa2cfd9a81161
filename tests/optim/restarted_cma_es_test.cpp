#include "optim/restarted_cma_es.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "bbprompt/base/error.hpp"
#include "tests/optim/state_checks.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

double flat(const Eigen::VectorXd&) { return 1.0; }

// Every run stops after two generations of equal fitness.
CmaEsOptions impatient(RestartKind kind) {
  return {.population_size = 6, .tol_flat_fitness = 2, .restarts = kind, .max_restarts = 4};
}

RestartedCmaEs make(const CmaEsOptions& options, std::uint64_t seed = 1) {
  return {options, {.start = Eigen::VectorXd::Constant(3, 1.0)}, {.seed = seed}};
}

TEST(RestartedCmaEs, IsCmaEsToTheBitUntilTheFirstRestart) {
  const CmaEsOptions options{.tol_fun = 1e-3, .restarts = RestartKind::kBipop};
  auto restarted = make(options);
  CmaEs plain(options, Eigen::VectorXd::Constant(3, 1.0), {.seed = 1});
  while (!plain.stop_reason()) {
    ASSERT_EQ(restarted.num_restarts(), 0);
    ASSERT_EQ(restarted.ask().points, plain.ask().points);
    ASSERT_EQ(restarted.favourite(), plain.favourite());
    testing::step(restarted, testing::sphere);
    testing::step(plain, testing::sphere);
  }
  EXPECT_EQ(restarted.num_restarts(), 1);
  EXPECT_EQ(restarted.stop_reason(), std::nullopt);
}

TEST(RestartedCmaEs, DoublesThePopulationWithEachIpopRestartAndStopsAfterTheLast) {
  auto optimizer = make(impatient(RestartKind::kIpop));
  std::set<double> means;
  std::int64_t generation = 0;
  for (const Eigen::Index size : {6, 6, 12, 12, 24, 24, 48, 48, 96, 96}) {
    EXPECT_EQ(optimizer.stop_reason(), std::nullopt);
    EXPECT_EQ(optimizer.population_size(), size);
    EXPECT_EQ(optimizer.ask().points.cols(), size);
    EXPECT_EQ(optimizer.ask().generation, generation++);
    means.insert(optimizer.save().arrays.at("run_mean")(0, 0));
    testing::step(optimizer, flat);
  }
  EXPECT_EQ(optimizer.num_restarts(), 4);
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kTolFlatFitness);
  EXPECT_EQ(means.size(), 10u);
}

TEST(RestartedCmaEs, DrawsTheStartsOfLaterRunsAroundTheFirst) {
  CmaEsOptions options = impatient(RestartKind::kIpop);
  options.sigma = 0.25;
  options.tol_flat_fitness = 1;
  options.max_restarts = 1;
  double sum = 0.0, squares = 0.0;
  constexpr int kNumSeeds = 300;
  for (int seed = 1; seed <= kNumSeeds; ++seed) {
    auto optimizer = make(options, static_cast<std::uint64_t>(seed));
    testing::step(optimizer, flat);
    const Eigen::VectorXd start = optimizer.save().arrays.at("run_mean");
    sum += start.sum();
    squares += (start.array() - 1.0).square().sum();
  }
  EXPECT_NEAR(sum / (3 * kNumSeeds), 1.0, 4 * 0.25 / std::sqrt(3.0 * kNumSeeds));
  EXPECT_NEAR(squares / (3 * kNumSeeds), 0.0625, 4 * 0.0625 * std::sqrt(2.0 / (3 * kNumSeeds)));
}

TEST(RestartedCmaEs, BalancesTheTwoRegimesOfBipop) {
  CmaEsOptions options = impatient(RestartKind::kBipop);
  std::set<Eigen::Index> small_sizes;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto optimizer = make(options, seed);
    double spent_large = 0.0, spent_small = 0.0, last_large = 0.0;
    Eigen::Index large_size = 6;
    for (int run = 0; !optimizer.stop_reason(); ++run) {
      ASSERT_EQ(optimizer.num_restarts(), run);
      const bool is_small = spent_small < spent_large;
      const auto size = optimizer.population_size();
      const double sigma = optimizer.statistics().sigma;
      if (run > 0 && !is_small) large_size *= 2;
      if (is_small) {
        small_sizes.insert(size);
        EXPECT_GE(size, std::min<Eigen::Index>(6, large_size / 2));
        EXPECT_LE(size, std::max<Eigen::Index>(6, large_size / 2));
        EXPECT_GT(sigma, 0.01);
        EXPECT_LT(sigma, 1.0);
      } else {
        EXPECT_EQ(size, large_size);
        EXPECT_EQ(sigma, 1.0);
      }
      double spent = 0.0;
      while (optimizer.num_restarts() == run && !optimizer.stop_reason()) {
        testing::step(optimizer, flat);
        spent += static_cast<double>(size);
      }
      const double limit =
          is_small ? std::max(static_cast<double>(size), last_large / 2.0) : HUGE_VAL;
      EXPECT_LE(spent, limit);
      if (!is_small) last_large = spent;
      (is_small ? spent_small : spent_large) += spent;
    }
    EXPECT_EQ(large_size, 6 << 4);
  }
  EXPECT_GT(small_sizes.size(), 5u);
}

TEST(RestartedCmaEs, EndsAtTheTarget) {
  CmaEsOptions options = impatient(RestartKind::kIpop);
  options.target = 1.0;
  options.has_target = true;
  auto optimizer = make(options);
  testing::step(optimizer, flat);
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kTarget);
  EXPECT_EQ(optimizer.num_restarts(), 0);
}

TEST(RestartedCmaEs, FavoursTheBestPointUntilTheCurrentRunIsBetter) {
  auto optimizer = make(impatient(RestartKind::kIpop));
  testing::step(optimizer, flat);
  EXPECT_EQ(optimizer.favourite(), optimizer.save().arrays.at("run_mean"));
  const Eigen::VectorXd best = optimizer.ask().points.col(0);
  optimizer.tell(Eigen::VectorXd::Constant(6, 0.5));  // the second flat generation
  ASSERT_EQ(optimizer.num_restarts(), 1);
  EXPECT_EQ(optimizer.favourite(), best);
  testing::step(optimizer, flat);
  EXPECT_EQ(optimizer.favourite(), best);
  (void)optimizer.ask();
  Eigen::VectorXd fitness = Eigen::VectorXd::Constant(12, 1.0);
  fitness[7] = 0.25;
  optimizer.tell(fitness);
  EXPECT_EQ(optimizer.favourite(), optimizer.save().arrays.at("run_mean"));
}

TEST(RestartedCmaEs, KeepsIntegersInTheirRange) {
  for (const auto kind : {RestartKind::kIpop, RestartKind::kBipop}) {
    RestartedCmaEs optimizer(impatient(kind),
                             {.start = Eigen::VectorXd::Zero(4), .num_categories = {2, 9, 0, 1}},
                             {.seed = 5});
    while (!optimizer.stop_reason()) {
      const Eigen::MatrixXd x = optimizer.ask().points;
      ASSERT_GE(x.topRows(2).minCoeff(), 0.0);
      ASSERT_LE(x.row(0).maxCoeff(), 1.0);
      ASSERT_LE(x.row(1).maxCoeff(), 8.0);
      testing::step(optimizer, flat);
    }
  }
}

TEST(RestartedCmaEs, ContinuesBitForBitWithinRunsAndAtRestarts) {
  for (const auto kind : {RestartKind::kIpop, RestartKind::kBipop}) {
    for (const auto covariance : {CovarianceKind::kFull, CovarianceKind::kSeparable}) {
      const auto make_one = [&](std::uint64_t seed) {
        CmaEsOptions options = impatient(kind);
        options.covariance = covariance;
        return std::make_unique<RestartedCmaEs>(make(options, seed));
      };
      testing::expect_to_continue_bit_for_bit(make_one, flat, 12);
      testing::expect_to_continue_bit_for_bit(
          make_one, [](const auto& x) { return std::floor(x.squaredNorm()); }, 30);
      testing::expect_to_refuse_damage(make_one, flat, 5);
    }
  }
}

TEST(RestartedCmaEs, RefusesOptionsThatCannotBe) {
  EXPECT_THROW((void)make({.restarts = RestartKind::kNone}), Error);
  EXPECT_THROW((void)make({.restarts = RestartKind::kIpop, .max_restarts = -1}), Error);
  EXPECT_THROW((void)make({.sigma = 0.0, .restarts = RestartKind::kIpop}), Error);
}

}  // namespace
}  // namespace bbprompt
