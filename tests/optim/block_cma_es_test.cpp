#include "optim/block_cma_es.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "optim/cma_es.hpp"
#include "tests/optim/state_checks.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

SearchDomain three_blocks() {
  return {.start = Eigen::VectorXd::Constant(9, 1.0), .block_sizes = {2, 4, 3}};
}

// Distance to (1, 2, 3 ...) / 4, a sum over coordinates and thus over blocks.
double to_steps(const Eigen::VectorXd& x) {
  return (x - Eigen::VectorXd::LinSpaced(x.size(), 0.25, 0.25 * static_cast<double>(x.size())))
      .squaredNorm();
}
// Every block depends on every other.
double coupled(const Eigen::VectorXd& x) {
  return testing::sphere(x) + std::pow(x.sum() - 3.0, 2) + std::sin(5.0 * x[0] * x[8]);
}

TEST(BlockCmaEs, IsCmaEsToTheBitForOneBlock) {
  const SearchDomain domain{.start = Eigen::VectorXd::Constant(5, 1.0), .block_sizes = {5}};
  BlockCmaEs blocks({}, domain, {.seed = 4});
  CmaEs plain({}, domain.start, {.seed = 4});
  for (int g = 0; g < 50; ++g) {
    ASSERT_EQ(blocks.ask().points, plain.ask().points);
    ASSERT_EQ(blocks.sample(3), plain.sample(3));
    testing::step(blocks, testing::ellipsoid);
    testing::step(plain, testing::ellipsoid);
  }
  EXPECT_EQ(blocks.statistics().sigma, plain.statistics().sigma);
}

TEST(BlockCmaEs, VariesOneBlockAtATimeBesideTheBestOfTheOthers) {
  const SearchDomain domain = three_blocks();
  BlockCmaEs optimizer({}, domain, {.seed = 2});
  const std::vector<Eigen::Index> first = {0, 2, 6};
  std::vector<double> best(3, HUGE_VAL);
  Eigen::VectorXd joint = domain.start;
  for (int g = 0; g < 60; ++g) {
    const auto block = static_cast<std::size_t>(g % 3);
    const Eigen::Index size = domain.block_sizes[block];
    const Population population = optimizer.ask();
    ASSERT_EQ(population.generation, g);
    ASSERT_EQ(population.points.cols(), optimizer.population_size());
    ASSERT_EQ(population.points.cols(), static_cast<int>(4.0 + 3.0 * std::log(size)));
    for (const auto& x : population.points.colwise()) {
      Eigen::VectorXd others = x;
      others.segment(first[block], size) = joint.segment(first[block], size);
      ASSERT_EQ(others, joint);
    }
    const Eigen::VectorXd fitness = testing::evaluate(population, coupled);
    for (Eigen::Index i = 0; i < fitness.size(); ++i) {
      if (fitness[i] >= best[block]) continue;
      best[block] = fitness[i];
      joint.segment(first[block], size) = population.points.col(i).segment(first[block], size);
    }
    optimizer.tell(fitness);
    ASSERT_EQ(optimizer.favourite(), joint);
  }
}

TEST(BlockCmaEs, FollowsInItsFirstBlockTheRunOfThatBlockAlone) {
  BlockCmaEs optimizer({}, three_blocks(), {.seed = 6});
  CmaEs alone({}, Eigen::VectorXd::Constant(2, 1.0), {.seed = 6});
  for (int g = 0; g < 90; ++g) {
    if (g % 3 == 0) {
      ASSERT_EQ(optimizer.ask().points.topRows(2), alone.ask().points);
      // to_steps() of the first block; what the others add changes no rank
      testing::step(alone, to_steps);
    }
    testing::step(optimizer, to_steps);
  }
}

TEST(BlockCmaEs, FindsTheOptimumOfASumOverBlocks) {
  for (const auto covariance : {CovarianceKind::kFull, CovarianceKind::kSeparable}) {
    BlockCmaEs optimizer({.covariance = covariance}, three_blocks(), {.seed = 1});
    int g = 0;
    while (to_steps(optimizer.favourite()) > 1e-8 && g++ < 600) testing::step(optimizer, to_steps);
    EXPECT_LT(g, 600);
  }
}

TEST(BlockCmaEs, DrawsTheBlocksFromStreamsOfTheirOwn) {
  const SearchDomain domain{.start = Eigen::VectorXd::Zero(4), .block_sizes = {2, 2}};
  BlockCmaEs optimizer({}, domain, {.seed = 6});
  const Eigen::MatrixXd first = optimizer.ask().points.topRows(2);
  testing::step(optimizer, testing::sphere);
  EXPECT_NE(optimizer.ask().points.bottomRows(2), first);
}

TEST(BlockCmaEs, PassesOverStoppedBlocksAndStopsWithTheLast) {
  const SearchDomain domain{.start = Eigen::VectorXd::Zero(5), .block_sizes = {2, 3}};
  BlockCmaEs optimizer({.tol_flat_fitness = 3}, domain, {});
  // The first block sees flat fitness from its first generation on, the other one a slope.
  const auto is_first = [&] { return optimizer.population_size() == 6; };
  for (int g = 0; g < 5; ++g) {
    EXPECT_EQ(is_first(), g % 2 == 0);
    testing::step(optimizer, [](const auto& x) { return x.tail(3).sum(); });
  }
  for (int g = 0; g < 4; ++g) {
    EXPECT_FALSE(is_first());
    EXPECT_EQ(optimizer.stop_reason(), std::nullopt);
    testing::step(optimizer, [](const auto& x) { return x.tail(3).sum(); });
  }
  for (int g = 0; g < 3; ++g) testing::step(optimizer, [](const auto&) { return 0.0; });
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kTolFlatFitness);
  const bool was_first = is_first();  // asking on is allowed
  testing::step(optimizer, testing::sphere);
  EXPECT_NE(is_first(), was_first);
}

TEST(BlockCmaEs, StopsWhenOneBlockReachesTheTarget) {
  BlockCmaEs optimizer({.target = 1.0, .has_target = true}, three_blocks(), {});
  testing::step(optimizer, [](const auto&) { return 2.0; });
  EXPECT_EQ(optimizer.stop_reason(), std::nullopt);
  testing::step(optimizer, [](const auto&) { return 1.0; });
  EXPECT_EQ(optimizer.stop_reason(), StopReason::kTarget);
}

TEST(BlockCmaEs, ContinuesBitForBitAndRefusesDamage) {
  SearchDomain domain = three_blocks();
  domain.num_categories = {0, 3, 0, 0, 0, 0, 5, 5, 5};
  for (const auto restarts : {RestartKind::kNone, RestartKind::kIpop, RestartKind::kBipop}) {
    const auto make = [&](std::uint64_t seed) {
      return std::make_unique<BlockCmaEs>(
          CmaEsOptions{.tol_flat_fitness = 2, .restarts = restarts, .max_restarts = 3}, domain,
          OptimizerSeed{.seed = seed});
    };
    const auto stepped = [](const Eigen::VectorXd& x) { return std::floor(coupled(x) / 20.0); };
    testing::expect_to_continue_bit_for_bit(make, stepped, 20);
    testing::expect_to_refuse_damage(make, coupled, 5);
  }
}

TEST(BlockCmaEs, RefusesDomainsThatCannotBe) {
  const std::vector<std::function<void(SearchDomain&)>> cases = {
      [](auto& d) { d.block_sizes = {2, 4, 4}; },
      [](auto& d) { d.block_sizes = {9, 0}; },
      [](auto& d) { d.block_sizes = {10, -1}; },
      [](auto& d) { d.start[3] = std::nan(""); },
      [](auto& d) { d.num_categories = {2, 2}; },
      [](auto& d) { d.num_categories.assign(9, -1); },
      [](auto& d) { d.num_categories.assign(9, 1); },  // the start is 1, outside 0 .. 0
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SearchDomain domain = three_blocks();
    cases[i](domain);
    EXPECT_THROW(BlockCmaEs({}, domain, {}), Error) << i;
    EXPECT_THROW(CmaEs({}, domain, {}), Error) << i;
  }
}

TEST(MakeOptimizer, MakesTheMembersOfTheCmaEsFamily) {
  struct Case {
    RestartKind restarts;
    bool is_per_block;
    bool has_integers;
    std::string kind;
  };
  for (const Case& c : {Case{RestartKind::kNone, false, false, "cma_es"},
                        Case{RestartKind::kNone, false, true, "integer_cma_es"},
                        Case{RestartKind::kNone, true, false, "block_cma_es"},
                        Case{RestartKind::kIpop, false, true, "ipop_integer_cma_es"},
                        Case{RestartKind::kBipop, true, false, "block_bipop_cma_es"}}) {
    OptimizerOptions options;
    options.cma_es.restarts = c.restarts;
    options.cma_es.is_per_block = c.is_per_block;
    SearchDomain domain = three_blocks();
    if (c.has_integers) domain.num_categories.assign(9, 3);
    EXPECT_EQ(make_optimizer(options, domain, {})->kind(), c.kind);
  }
}

}  // namespace
}  // namespace bbprompt
