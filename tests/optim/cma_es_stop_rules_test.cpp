#include "optim/cma_es_stop_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "optim/cma_es.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

using testing::ellipsoid;
using testing::sphere;
using testing::step;

using testing::kInfinity;

CmaEsOptions all_off() {
  return {.tol_fun = 0.0,
          .tol_fun_hist = 0.0,
          .tol_x = 0.0,
          .tol_fac_up_x = 0.0,
          .tol_up_sigma = 0.0,
          .tol_condition_cov = 0.0,
          .tol_flat_fitness = 0,
          .is_stagnation_stop = false,
          .max_iterations = 100000};
}

// All that was told, and the distribution after it.
struct Trace {
  std::vector<Eigen::VectorXd> fitness;
  OptimizerState state;

  double best(std::size_t g) const { return fitness[g].minCoeff(); }
  // Largest minus smallest best value of the last `count` generations; infinite while fewer.
  double best_range(std::size_t count) const {
    if (fitness.size() < count) return kInfinity;
    double low = kInfinity, high = -kInfinity;
    for (std::size_t g = fitness.size() - count; g < fitness.size(); ++g) {
      low = std::min(low, best(g));
      high = std::max(high, best(g));
    }
    return high - low;
  }
  double sigma() const { return state.arrays.at("sigma")(0, 0); }
  Eigen::VectorXd mean() const { return state.arrays.at("mean"); }
  Eigen::VectorXd deviations() const {
    return sigma() * state.arrays.at("covariance").diagonal().cwiseSqrt();
  }
  double longest() const { return state.arrays.at("axis_lengths").maxCoeff(); }
  double shortest() const { return state.arrays.at("axis_lengths").minCoeff(); }
};

struct Rule {
  StopReason reason;
  std::function<void(CmaEsOptions&)> switch_on;
  Eigen::VectorXd start;
  testing::Function function;
  std::function<bool(const Trace&)> holds;  // written apart from the implementation
  int at_least;                             // generations it must take
};

// Two dimensions: lambda 6, so that the recent generations are 10 + 30 * 2 / 6 = 20.
std::vector<Rule> rules() {
  const Eigen::VectorXd one = Eigen::Vector2d(1.0, 1.0);
  return {
      {StopReason::kTarget, [](auto& o) { o.has_target = true, o.target = 1e-3; }, one, sphere,
       [](const Trace& t) { return t.fitness.back().minCoeff() <= 1e-3; }, 3},
      {StopReason::kTolFun, [](auto& o) { o.tol_fun = 1e-6; }, one,
       [](const auto& x) { return 1.0 + sphere(x); },
       [](const Trace& t) {
         return t.best_range(20) < 1e-6 &&
                t.fitness.back().maxCoeff() - t.fitness.back().minCoeff() < 1e-6;
       },
       25},
      {StopReason::kTolFunHist, [](auto& o) { o.tol_fun_hist = 1e-9; }, one,
       [](const auto& x) { return std::max(0.1, sphere(x)); },
       [](const Trace& t) { return t.best_range(20) < 1e-9; }, 20},
      {StopReason::kTolX, [](auto& o) { o.tol_x = 1e-4; }, one, sphere,
       [](const Trace& t) {
         return t.deviations().maxCoeff() < 1e-4 &&
                (t.sigma() * t.state.arrays.at("p_c").cwiseAbs()).maxCoeff() < 1e-4;
       },
       15},
      {StopReason::kTolFacUpX, [](auto& o) { o.tol_fac_up_x = 50.0; }, one,
       [](const auto& x) { return x[0]; },
       [](const Trace& t) { return t.deviations().maxCoeff() > 50.0; }, 4},
      {StopReason::kTolUpSigma, [](auto& o) { o.tol_up_sigma = 3.0; }, one,
       [](const auto& x) { return x[0]; },
       [](const Trace& t) { return t.sigma() > 3.0 * t.longest(); }, 2},
      {StopReason::kTolConditionCov, [](auto& o) { o.tol_condition_cov = 1e4; }, one, ellipsoid,
       [](const Trace& t) { return std::pow(t.longest() / t.shortest(), 2) > 1e4; }, 10},
      {StopReason::kTolFlatFitness, [](auto& o) { o.tol_flat_fitness = 7; }, one,
       [](const auto&) { return 0.25; }, [](const Trace& t) { return t.fitness.size() >= 7; }, 7},
      // t = 100 + 100 * 2^1.5 / 6 = 147.1; a window is floor(147.1 / 10) = 14 samples of every 5th
      // generation, and two windows are full after 140 generations.
      {StopReason::kTolStagnation, [](auto& o) { o.is_stagnation_stop = true; }, one,
       [](const auto&) { return 0.25; }, [](const Trace& t) { return t.fitness.size() >= 140; },
       140},
      {StopReason::kNoEffectAxis, [](auto&) {}, one,
       [](const auto& x) { return sphere(x - Eigen::Vector2d(1.0, 1.0)); },
       [](const Trace& t) {
         const auto k = static_cast<Eigen::Index>(t.fitness.size() % 2);
         const Eigen::VectorXd nudge = 0.1 * t.sigma() * t.state.arrays.at("axis_lengths")(k, 0) *
                                       t.state.arrays.at("eigenvectors").col(k);
         return t.mean() + nudge == t.mean();
       },
       50},
      {StopReason::kNoEffectCoord, [](auto&) {}, Eigen::Vector2d(1.0, 0.0),
       [](const auto& x) { return sphere(x - Eigen::Vector2d(1.0, 0.0)); },
       [](const Trace& t) { return t.mean()[0] + 0.2 * t.deviations()[0] == t.mean()[0]; }, 50},
      {StopReason::kMaxIterations, [](auto& o) { o.max_iterations = 9; }, one, sphere,
       [](const Trace& t) { return t.fitness.size() >= 9; }, 9},
      // 100 + 150 * 25 / sqrt(6) = 1630.9
      {StopReason::kMaxIterations, [](auto& o) { o.max_iterations = 0; }, one,
       [](const auto& x) { return std::hypot(x[0], x[1]); },
       [](const Trace& t) { return t.fitness.size() >= 1630; }, 1630},
  };
}

TEST(CmaEsStopRules, FireOnAFunctionMadeForThemAndNotBefore) {
  for (const auto& rule : rules()) {
    auto options = all_off();
    rule.switch_on(options);
    CmaEs optimizer(options, rule.start, {.seed = 3});
    Trace trace;
    for (int g = 0; g < 4000 && !optimizer.stop_reason(); ++g) {
      trace.fitness.push_back(testing::evaluate(optimizer.ask(), rule.function));
      optimizer.tell(trace.fitness.back());
      trace.state = optimizer.save();
      ASSERT_EQ(optimizer.stop_reason().has_value(), rule.holds(trace))
          << to_string(rule.reason) << " in generation " << g + 1;
    }
    ASSERT_TRUE(optimizer.stop_reason()) << to_string(rule.reason);
    EXPECT_EQ(to_string(*optimizer.stop_reason()), to_string(rule.reason));
    EXPECT_GE(static_cast<int>(trace.fitness.size()), rule.at_least) << to_string(rule.reason);
  }
}

TEST(CmaEsStopRules, StayQuietWhenSwitchedOff) {
  for (const auto& rule : rules()) {
    if (rule.reason >= StopReason::kNoEffectAxis && rule.reason <= StopReason::kMaxIterations) {
      continue;  // these have no switch
    }
    CmaEs optimizer(all_off(), rule.start, {.seed = 3});
    for (int g = 0; g < 200; ++g) {
      step(optimizer, rule.function);
      ASSERT_NE(optimizer.stop_reason(), rule.reason) << to_string(rule.reason) << " " << g;
    }
  }
}

TEST(CmaEsStopRules, StayOnceTheyHold) {
  auto options = all_off();
  options.has_target = true;
  options.target = 0.0;
  CmaEs optimizer(options, Eigen::Vector2d(1.0, 1.0), {});
  step(optimizer, sphere);
  EXPECT_FALSE(optimizer.stop_reason());
  step(optimizer, [](const auto& x) { return -sphere(x); });
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kTarget);
  step(optimizer, sphere);
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kTarget);
}

TEST(CmaEsStopRules, CountFlatGenerationsInARowOnly) {
  auto options = all_off();
  options.tol_flat_fitness = 3;
  CmaEs optimizer(options, Eigen::Vector2d(1.0, 1.0), {});
  for (int g = 0; g < 30; ++g) {
    step(optimizer, [&](const auto& x) { return g % 3 == 2 ? sphere(x) : 1.0; });
    ASSERT_FALSE(optimizer.stop_reason()) << g;
  }
  for (int g = 0; g < 3; ++g) step(optimizer, [](const auto&) { return 1.0; });
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kTolFlatFitness);
}

TEST(CmaEsStopRules, LetTheDefaultsLiveWithTheTiesOfASmallSplit) {
  // Error rate on 32 examples: a multiple of 1/32, often the same for the whole population.
  CmaEs optimizer({.population_size = 20}, Eigen::VectorXd::Zero(50), {});
  for (int g = 0; g < 60; ++g) {
    step(optimizer, [](const auto& x) { return std::round(16.0 + 0.3 * x[0]) / 32.0; });
    ASSERT_FALSE(optimizer.stop_reason()) << g << to_string(*optimizer.stop_reason());
  }
}

TEST(CmaEsStopRules, DoNotCallProgressStagnation) {
  auto options = all_off();
  options.is_stagnation_stop = true;
  CmaEs improving(options, Eigen::Vector2d(1.0, 1.0), {});
  double level = 0.0;
  for (int g = 0; g < 400; ++g) {
    level -= 1.0;
    step(improving, [&](const auto&) { return level; });
    ASSERT_FALSE(improving.stop_reason()) << g;
  }
}

TEST(CmaEsStopRules, ReportNoEffectOfCoordinatesForTheSeparableKind) {
  auto options = all_off();
  options.covariance = CovarianceKind::kSeparable;
  CmaEs optimizer(options, Eigen::Vector2d(1e20, 1e20), {});
  step(optimizer, sphere);
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kNoEffectCoord);
}

TEST(SummarizeFitness, LeavesInfiniteValuesOutOfTheRange) {
  const auto mixed = summarize_fitness({3.0, kInfinity, 1.0, 2.5});
  EXPECT_EQ(mixed.best, 1.0);
  EXPECT_EQ(mixed.median, 3.0);
  EXPECT_EQ(mixed.range, 2.0);
  EXPECT_FALSE(mixed.is_flat);
  const auto lost = summarize_fitness({kInfinity, kInfinity});
  EXPECT_EQ(lost.range, kInfinity);
  EXPECT_TRUE(lost.is_flat);
  EXPECT_EQ(summarize_fitness({5.0, kInfinity}).range, kInfinity);
}

}  // namespace
}  // namespace bbprompt
