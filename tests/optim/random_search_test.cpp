#include "optim/random_search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

RandomSearch make(std::uint64_t seed = 1) {
  return {{.population_size = 6, .sigma = 0.5},
          {.start = Eigen::VectorXd::Constant(3, 2.0)},
          {.seed = seed}};
}

TEST(RandomSearch, DrawsFromANormalAroundTheStart) {
  RandomSearch search({.population_size = 20000, .sigma = 0.5},
                      {.start = Eigen::VectorXd::Constant(3, 2.0)}, {});
  const Eigen::MatrixXd points = search.ask().points;
  for (Eigen::Index i = 0; i < 3; ++i) {
    const double mean = points.row(i).mean();
    EXPECT_NEAR(mean, 2.0, 0.02);
    EXPECT_NEAR(std::sqrt((points.row(i).array() - mean).square().mean()), 0.5, 0.01);
  }
}

TEST(RandomSearch, DrawsEachCoordinateOfAMixedDomainFromItsOwn) {
  RandomSearch search({.population_size = 20000, .sigma = 0.5},
                      {.start = Eigen::Vector3d(2.0, 1.5, 0.0), .num_categories = {0, 4, 1}}, {});
  EXPECT_EQ(search.favourite(), Eigen::Vector3d(2.0, 2.0, 0.0));
  const Eigen::MatrixXd points = search.ask().points;
  EXPECT_NEAR(points.row(0).mean(), 2.0, 0.02);
  for (int category = 0; category < 4; ++category) {
    EXPECT_NEAR((points.row(1).array() == category).cast<double>().mean(), 0.25, 0.02);
  }
  EXPECT_TRUE((points.row(2).array() == 0.0).all());
}

TEST(RandomSearch, FavoursTheFirstBestPointOfAllGenerations) {
  auto search = make();
  EXPECT_EQ(search.favourite(), Eigen::VectorXd::Constant(3, 2.0));
  Eigen::VectorXd best;
  double best_value = std::numeric_limits<double>::infinity();
  for (int g = 0; g < 30; ++g) {
    const auto population = search.ask();
    Eigen::VectorXd fitness = testing::evaluate(population, testing::sphere);
    fitness = (fitness * 4.0).array().floor();  // ties
    for (Eigen::Index i = 0; i < fitness.size(); ++i) {
      if (fitness[i] < best_value) {
        best_value = fitness[i];
        best = population.points.col(i);
      }
    }
    search.tell(fitness);
    ASSERT_EQ(search.favourite(), best);
  }
  EXPECT_FALSE(search.stop_reason());
}

TEST(RandomSearch, ContinuesBitForBitFromASavedState) {
  for (const bool is_mid_generation : {false, true}) {
    auto whole = make();
    auto resumed = make(99);
    for (int g = 0; g < 4; ++g) testing::step(whole, testing::sphere);
    if (is_mid_generation) (void)whole.ask();
    resumed.restore(whole.save());
    for (int g = 0; g < 4; ++g) {
      if (g > 0 || !is_mid_generation) {
        ASSERT_EQ(resumed.ask().points, whole.ask().points);
      }
      const auto fitness = testing::evaluate(make().ask(), testing::sphere);
      whole.tell(fitness);
      resumed.tell(fitness);
      ASSERT_EQ(resumed.favourite(), whole.favourite());
    }
  }
}

TEST(RandomSearch, RefusesCorruptStatesAndStaysAsItWas) {
  auto search = make();
  testing::step(search, testing::sphere);
  const auto good = search.save();
  const auto population = search.ask().points;
  const std::vector<std::function<void(OptimizerState&)>> cases = {
      [](auto& s) { s.kind = "cma_es"; },
      [](auto& s) { s.arrays.erase("best"); },
      [](auto& s) { s.arrays["best"](0, 0) = std::nan(""); },
      [](auto& s) { s.arrays["best"].conservativeResize(2, 1); },
      [](auto& s) { s.arrays["best_fitness"](0, 0) = std::nan(""); },
      [](auto& s) { s.integers.erase("generation"); },
      [](auto& s) { s.integers["generation"] = -1; },
      [](auto& s) { s.integers["population_size"] = 7; },
      [](auto& s) { s.integers["is_asked"] = 2; },
  };
  for (const auto& spoil : cases) {
    auto state = good;
    spoil(state);
    EXPECT_THROW(search.restore(state), Error);
    EXPECT_EQ(search.ask().points, population);
  }
}

}  // namespace
}  // namespace bbprompt
