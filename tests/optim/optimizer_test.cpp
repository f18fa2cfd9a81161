#include "bbprompt/optim/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

using testing::kInfinity;
using testing::kNan;

TEST(StopReason, HasTheNamesOfPycma) {
  EXPECT_EQ(to_string(StopReason::kTolFun), "tolfun");
  EXPECT_EQ(to_string(StopReason::kTolFacUpX), "tolfacupx");
  EXPECT_EQ(to_string(StopReason::kNoEffectCoord), "noeffectcoord");
  EXPECT_EQ(to_string(StopReason::kTarget), "ftarget");
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(StopReason::kTarget); ++i) {
    names.insert(to_string(static_cast<StopReason>(i)));
  }
  EXPECT_EQ(names.size(), 12u);
}

TEST(MakeOptimizer, MakesTheKindAskedFor) {
  const Eigen::VectorXd start = Eigen::VectorXd::Zero(4);
  OptimizerOptions options;
  EXPECT_EQ(make_optimizer(options, {.start = start}, {})->kind(), "cma_es");
  EXPECT_EQ(make_optimizer(options, {.start = start}, {})->population_size(), 8);
  options.cma_es.covariance = CovarianceKind::kSeparable;
  EXPECT_EQ(make_optimizer(options, {.start = start}, {})->kind(), "separable_cma_es");
  options.kind = OptimizerKind::kRandomSearch;
  EXPECT_EQ(make_optimizer(options, {.start = start}, {})->kind(), "random_search");
  EXPECT_EQ(make_optimizer(options, {.start = start}, {})->population_size(), 20);
}

struct BadOptions {
  const char* name;
  std::function<void(OptimizerOptions&, Eigen::VectorXd&)> spoil;
};

TEST(MakeOptimizer, RefusesOptionsThatCannotBe) {
  const std::vector<BadOptions> cases = {
      {"empty start", [](auto&, auto& start) { start.resize(0); }},
      {"start not finite", [](auto&, auto& start) { start[1] = kNan; }},
      {"population of one",
       [](auto& o, auto&) { o.cma_es.population_size = o.random_search.population_size = 1; }},
      {"negative population",
       [](auto& o, auto&) { o.cma_es.population_size = o.random_search.population_size = -3; }},
      {"sigma zero", [](auto& o, auto&) { o.cma_es.sigma = o.random_search.sigma = 0.0; }},
      {"sigma negative", [](auto& o, auto&) { o.cma_es.sigma = o.random_search.sigma = -1.0; }},
      {"sigma NaN", [](auto& o, auto&) { o.cma_es.sigma = o.random_search.sigma = kNan; }},
      {"sigma infinite",
       [](auto& o, auto&) { o.cma_es.sigma = o.random_search.sigma = kInfinity; }},
  };
  for (const auto kind : {OptimizerKind::kCmaEs, OptimizerKind::kRandomSearch}) {
    for (const auto& bad : cases) {
      OptimizerOptions options;
      options.kind = kind;
      Eigen::VectorXd start = Eigen::VectorXd::Zero(3);
      bad.spoil(options, start);
      EXPECT_THROW((void)make_optimizer(options, {.start = start}, {}), Error) << bad.name;
    }
  }
}

TEST(MakeOptimizer, RefusesTolerancesThatCannotBe) {
  const std::vector<std::function<void(CmaEsOptions&)>> cases = {
      [](auto& o) { o.tol_fun = -1.0; },
      [](auto& o) { o.tol_fun_hist = kNan; },
      [](auto& o) { o.tol_x = -1e-9; },
      [](auto& o) { o.tol_fac_up_x = kNan; },
      [](auto& o) { o.tol_up_sigma = -1.0; },
      [](auto& o) { o.tol_condition_cov = -1.0; },
      [](auto& o) { o.tol_flat_fitness = -1; },
      [](auto& o) { o.max_iterations = -1; },
      [](auto& o) { o.has_target = true, o.target = kNan; },
  };
  for (const auto& spoil : cases) {
    OptimizerOptions options;
    spoil(options.cma_es);
    EXPECT_THROW((void)make_optimizer(options, {.start = Eigen::VectorXd::Zero(3)}, {}), Error);
  }
}

class EveryKind : public ::testing::TestWithParam<std::pair<OptimizerKind, CovarianceKind>> {
 protected:
  std::unique_ptr<Optimizer> make(OptimizerSeed seed = {}) const {
    OptimizerOptions options;
    options.kind = GetParam().first;
    options.cma_es.covariance = GetParam().second;
    return make_optimizer(options, {.start = Eigen::VectorXd::Constant(5, 1.0)}, seed);
  }
};
INSTANTIATE_TEST_SUITE_P(
    Optimizer, EveryKind,
    ::testing::Values(std::pair(OptimizerKind::kCmaEs, CovarianceKind::kFull),
                      std::pair(OptimizerKind::kCmaEs, CovarianceKind::kSeparable),
                      std::pair(OptimizerKind::kRandomSearch, CovarianceKind::kFull)));

TEST_P(EveryKind, AsksTheSamePopulationUntilTold) {
  const auto optimizer = make();
  const auto first = optimizer->ask();
  EXPECT_EQ(optimizer->ask().points, first.points);
  EXPECT_EQ(first.generation, 0);
  EXPECT_EQ(first.points.rows(), 5);
  EXPECT_EQ(first.points.cols(), optimizer->population_size());
  optimizer->tell(testing::evaluate(first, testing::sphere));
  const auto second = optimizer->ask();
  EXPECT_EQ(second.generation, 1);
  EXPECT_NE(second.points, first.points);
}

TEST_P(EveryKind, IsAFunctionOfSeedAndTrial) {
  const auto first = make({.seed = 3, .trial = 4})->ask().points;
  EXPECT_EQ(make({.seed = 3, .trial = 4})->ask().points, first);
  EXPECT_NE(make({.seed = 4, .trial = 4})->ask().points, first);
  EXPECT_NE(make({.seed = 3, .trial = 5})->ask().points, first);
}

TEST_P(EveryKind, RefusesFitnessThatAnswersNoPopulation) {
  const auto optimizer = make();
  const Eigen::VectorXd fitness = Eigen::VectorXd::Zero(optimizer->population_size());
  EXPECT_THROW(optimizer->tell(fitness), Error);
  const auto asked = optimizer->ask();
  EXPECT_THROW(optimizer->tell(fitness.head(2)), Error);
  EXPECT_THROW(optimizer->tell(Eigen::VectorXd()), Error);
  EXPECT_EQ(optimizer->ask().points, asked.points);
  optimizer->tell(fitness);
  EXPECT_THROW(optimizer->tell(fitness), Error);
}

TEST_P(EveryKind, TakesNanAsInfinity) {
  const auto with_nan = make();
  const auto with_infinity = make();
  for (int g = 0; g < 20; ++g) {
    Eigen::VectorXd fitness = testing::evaluate(with_nan->ask(), testing::sphere);
    EXPECT_EQ(with_infinity->ask().points, with_nan->ask().points);
    fitness[g % 5] = kInfinity;
    fitness[6] = kInfinity;
    with_infinity->tell(fitness);
    fitness[g % 5] = kNan;
    with_nan->tell(fitness);
  }
  EXPECT_EQ(with_nan->favourite(), with_infinity->favourite());
}

TEST_P(EveryKind, SurvivesFitnessWithoutInformation) {
  for (const double value : {0.0, 1e300, kNan, kInfinity, -kInfinity}) {
    const auto optimizer = make();
    for (int g = 0; g < 60; ++g) testing::step(*optimizer, [&](const auto&) { return value; });
    EXPECT_TRUE(optimizer->ask().points.allFinite()) << value;
    EXPECT_TRUE(optimizer->favourite().allFinite()) << value;
  }
}

TEST_P(EveryKind, StartsWithItsOptionsAsStatistics) {
  const auto statistics = make()->statistics();
  EXPECT_EQ(statistics.sigma, 1.0);
  EXPECT_EQ(statistics.axis_ratio, 1.0);
  EXPECT_EQ(statistics.min_deviation, 1.0);
  EXPECT_EQ(statistics.max_deviation, 1.0);
}

}  // namespace
}  // namespace bbprompt
