#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <set>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/optim/optimizer_options.hpp"
#include "tests/optim/categorical_functions.hpp"

namespace bbprompt {
namespace {

using testing::kInfinity;
using testing::kNan;
const std::vector<int> kCounts = {2, 7, 30, 3, 12};

struct Kind {
  const char* name;  // what kind() says
  OptimizerOptions options;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

OptimizerOptions options_of(OptimizerKind kind) {
  OptimizerOptions options;
  options.kind = kind;
  return options;
}

std::vector<Kind> kinds() {
  std::vector<Kind> kinds = {
      {"random_search", options_of(OptimizerKind::kRandomSearch)},
      {"cat_cma", options_of(OptimizerKind::kCatCma)},
      {"policy_gradient", options_of(OptimizerKind::kPolicyGradient)},
      {"policy_gradient", options_of(OptimizerKind::kPolicyGradient)},
      {"released_policy_gradient", options_of(OptimizerKind::kPolicyGradient)}};
  kinds[3].options.policy_gradient.rule = GradientRule::kSgd;
  kinds[4].options.policy_gradient.variant = PolicyGradientVariant::kReleased;
  return kinds;
}

double loss(const Eigen::VectorXd& x) { return 1.0 + 0.1 * std::sin(x.dot(x) + 3.0 * x[2]); }

class CategoricalOptimizer : public ::testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Optimizer> make(OptimizerSeed seed = {}) const {
    return make_optimizer(GetParam().options, testing::categories(kCounts), seed);
  }
};
INSTANTIATE_TEST_SUITE_P(Optimizer, CategoricalOptimizer, ::testing::ValuesIn(kinds()),
                         [](const auto& kind) {
                           return std::string(kind.param.name) + std::to_string(kind.index);
                         });

void expect_categories(const Eigen::MatrixXd& points) {
  ASSERT_EQ(points.rows(), std::ssize(kCounts));
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    for (const double value : points.row(i)) {
      ASSERT_EQ(value, std::floor(value));
      ASSERT_GE(value, 0.0);
      ASSERT_LT(value, kCounts[static_cast<std::size_t>(i)]);
    }
  }
}

TEST_P(CategoricalOptimizer, AsksForCategoriesAndTheSameOnesUntilTold) {
  const auto optimizer = make();
  EXPECT_EQ(optimizer->kind(), GetParam().name);
  for (int g = 0; g < 30; ++g) {
    const auto population = optimizer->ask();
    expect_categories(population.points);
    expect_categories(optimizer->favourite());
    EXPECT_EQ(population.points.cols(), optimizer->population_size());
    EXPECT_EQ(population.generation, g);
    EXPECT_EQ(optimizer->ask().points, population.points);
    optimizer->tell(testing::evaluate(population, loss));
    EXPECT_NE(optimizer->ask().points, population.points);
  }
  EXPECT_EQ(optimizer->statistics().max_deviation, optimizer->statistics().sigma);
}

TEST_P(CategoricalOptimizer, DrawsUniformlyAtFirstAndSamplesWithoutAnEffect) {
  const auto optimizer = make();
  const auto before = optimizer->save();
  const Eigen::MatrixXd points = optimizer->sample(30000);
  expect_categories(points);
  EXPECT_EQ(optimizer->sample(30000), points);
  EXPECT_EQ(optimizer->sample(5), points.leftCols(5));
  EXPECT_EQ(optimizer->save().arrays, before.arrays);
  EXPECT_EQ(optimizer->save().integers, before.integers);
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const int count = kCounts[static_cast<std::size_t>(i)];
    const double expected = 1.0 / count;
    for (int j = 0; j < count; ++j) {
      const double share = (points.row(i).array() == j).cast<double>().mean();
      EXPECT_NEAR(share, expected, 5.0 * std::sqrt(expected * (1.0 - expected) / 30000));
    }
  }
}

TEST_P(CategoricalOptimizer, IsAFunctionOfSeedAndTrial) {
  const auto first = make({.seed = 3, .trial = 4})->ask().points;
  EXPECT_EQ(make({.seed = 3, .trial = 4})->ask().points, first);
  EXPECT_NE(make({.seed = 4, .trial = 4})->ask().points, first);
  EXPECT_NE(make({.seed = 3, .trial = 5})->ask().points, first);
}

TEST_P(CategoricalOptimizer, RefusesFitnessThatAnswersNoPopulation) {
  const auto optimizer = make();
  const Eigen::VectorXd fitness = Eigen::VectorXd::Zero(optimizer->population_size());
  EXPECT_THROW(optimizer->tell(fitness), Error);
  const auto asked = optimizer->ask();
  EXPECT_THROW(optimizer->tell(fitness.head(2)), Error);
  EXPECT_EQ(optimizer->ask().points, asked.points);
  optimizer->tell(fitness);
  EXPECT_THROW(optimizer->tell(fitness), Error);
}

TEST_P(CategoricalOptimizer, TakesNanAsInfinity) {
  const auto with_nan = make();
  const auto with_infinity = make();
  for (int g = 0; g < 20; ++g) {
    Eigen::VectorXd fitness = testing::evaluate(with_nan->ask(), loss);
    EXPECT_EQ(with_infinity->ask().points, with_nan->ask().points);
    fitness[g % 5] = fitness[6] = kInfinity;
    with_infinity->tell(fitness);
    fitness[g % 5] = kNan;
    with_nan->tell(fitness);
  }
  EXPECT_EQ(with_nan->save().arrays, with_infinity->save().arrays);
}

TEST_P(CategoricalOptimizer, SurvivesFitnessWithoutInformation) {
  for (const double value : {0.0, 1e300, kNan, kInfinity, -kInfinity}) {
    const auto optimizer = make();
    for (int g = 0; g < 60; ++g) testing::step(*optimizer, [&](const auto&) { return value; });
    expect_categories(optimizer->ask().points);
    expect_categories(optimizer->favourite());
    for (const auto& [name, values] : optimizer->save().arrays) {
      EXPECT_TRUE(values.allFinite() || name == "best_fitness") << name << " " << value;
    }
  }
}

TEST_P(CategoricalOptimizer, SurvivesOneUsableFitnessAmongFailedOnes) {
  const auto optimizer = make();
  for (int g = 0; g < 60; ++g) {
    Eigen::VectorXd fitness = Eigen::VectorXd::Constant(optimizer->ask().points.cols(), kInfinity);
    fitness[g % fitness.size()] = 0.5;
    optimizer->tell(fitness);
  }
  expect_categories(optimizer->ask().points);
  EXPECT_FALSE(optimizer->stop_reason());
}

TEST_P(CategoricalOptimizer, ContinuesBitForBitFromASavedState) {
  for (const bool is_mid_generation : {false, true}) {
    const auto whole = make({.seed = 5, .trial = std::uint64_t{1} << 63});
    const auto resumed = make({.seed = 99});
    for (int g = 0; g < 6; ++g) testing::step(*whole, loss);
    if (is_mid_generation) (void)whole->ask();
    resumed->restore(whole->save());
    EXPECT_EQ(resumed->sample(9), whole->sample(9));
    for (int g = 0; g < 6; ++g) {
      const auto fitness = testing::evaluate(whole->ask(), loss);
      if (g > 0 || !is_mid_generation) {
        ASSERT_EQ(resumed->ask().points, whole->ask().points);
      }
      whole->tell(fitness);
      resumed->tell(fitness);
      ASSERT_EQ(resumed->save().arrays, whole->save().arrays);
      ASSERT_EQ(resumed->save().integers, whole->save().integers);
    }
  }
}

TEST_P(CategoricalOptimizer, RefusesCorruptStatesAndStaysAsItWas) {
  const auto source = make();
  for (int g = 0; g < 5; ++g) testing::step(*source, loss);
  const auto target = make({.seed = 9});
  const auto population = target->ask().points;
  const auto before = target->save();
  const auto refuses = [&](const std::string& name, const auto& spoil) {
    auto state = source->save();
    spoil(state);
    EXPECT_THROW(target->restore(state), Error) << name;
    EXPECT_EQ(target->save().arrays, before.arrays) << name;
    EXPECT_EQ(target->save().integers, before.integers) << name;
    EXPECT_EQ(target->ask().points, population) << name;
  };
  refuses("kind", [](auto& s) { s.kind = "cma_es"; });
  for (const auto& entry : source->save().arrays) {
    const std::string& name = entry.first;
    refuses(name + " missing", [&](auto& s) { s.arrays.erase(name); });
    refuses(name + " NaN", [&](auto& s) { s.arrays[name](0, 0) = kNan; });
    refuses(name + " longer", [&](auto& s) { s.arrays[name].conservativeResize(99, 1); });
    refuses(name + " empty", [&](auto& s) { s.arrays[name].resize(0, 0); });
    if (name != "path" && name != "first_moment" && name != "best_fitness") {
      refuses(name + " negative", [&](auto& s) { s.arrays[name](0, 0) = -0.5; });
    }
    if (name == "probabilities") {
      refuses("probability above 1", [&](auto& s) { s.arrays[name](1, 0) = 1.5; });
    }
    if (name == "best") {
      refuses("no such category", [&](auto& s) { s.arrays[name](0, 0) = 2.0; });
      refuses("half a category", [&](auto& s) { s.arrays[name](1, 0) = 0.5; });
    }
  }
  for (const auto& entry : source->save().integers) {
    const std::string& name = entry.first;
    refuses(name + " missing", [&](auto& s) { s.integers.erase(name); });
    if (name == "seed" || name == "trial") continue;
    refuses(name + " negative", [&](auto& s) { s.integers[name] = -1; });
    if (name == "generation") continue;
    refuses(name + " too large", [&](auto& s) { s.integers[name] = 1000; });
  }
  EXPECT_NO_THROW(target->restore(source->save()));
}

TEST(CategoricalOptimizers, RefuseSumsAndFloorsOfAnotherConfiguration) {
  for (const auto kind : {OptimizerKind::kCatCma, OptimizerKind::kPolicyGradient}) {
    const auto optimizer = make_optimizer(options_of(kind), testing::categories(3, 10), {});
    auto state = optimizer->save();
    state.arrays["probabilities"](4, 0) += 1e-6;
    EXPECT_THROW(optimizer->restore(state), Error);
    state = optimizer->save();
    state.arrays["probabilities"](4, 0) = 1e-9;
    state.arrays["probabilities"](5, 0) = 0.2 - 1e-9;
    EXPECT_THROW(optimizer->restore(state), Error);
  }
}

TEST(MakeOptimizer, RefusesRealCoordinatesWhereOnlyCategoriesAreSearched) {
  const auto message = [](OptimizerKind kind, const SearchDomain& domain) -> std::string {
    try {
      (void)make_optimizer(options_of(kind), domain, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const SearchDomain mixed{.start = Eigen::Vector2d(0.5, 1.0), .num_categories = {0, 50}};
  EXPECT_EQ(message(OptimizerKind::kPolicyGradient, mixed),
            "policy_gradient: searches categories, but coordinate 0 is real; use cma_es or "
            "random_search, or a prompt whose coordinates are categories");
  EXPECT_EQ(message(OptimizerKind::kCatCma, testing::categories({3, 1})),
            "cat_cma: searches categories, but coordinate 1 has a single category; use cma_es or "
            "random_search, or a prompt whose coordinates are categories");
  EXPECT_NE(message(OptimizerKind::kCatCma, {.start = Eigen::VectorXd::Zero(3)}), "");
  EXPECT_EQ(message(OptimizerKind::kRandomSearch, mixed), "");
}

TEST(MakeOptimizer, RefusesDomainsThatCannotBe) {
  const std::vector<SearchDomain> cases = {
      {.start = Eigen::Vector2d::Zero(), .num_categories = {3}},
      {.start = Eigen::Vector2d::Zero(), .num_categories = {3, -1}},
      {.start = Eigen::Vector2d(0.0, 3.0), .num_categories = {3, 3}},
      {.start = Eigen::Vector2d(0.0, -1.0), .num_categories = {3, 3}},
      {.start = Eigen::VectorXd(), .num_categories = {}},
  };
  for (const auto kind : {OptimizerKind::kCmaEs, OptimizerKind::kRandomSearch,
                          OptimizerKind::kPolicyGradient, OptimizerKind::kCatCma}) {
    for (const auto& domain : cases) {
      EXPECT_THROW((void)make_optimizer(options_of(kind), domain, {}), Error);
    }
  }
}

TEST(MakeOptimizer, RefusesOptionsOfCategoricalOptimizersThatCannotBe) {
  const std::vector<std::function<void(OptimizerOptions&)>> cases = {
      [](auto& o) { o.policy_gradient.population_size = 1; },
      [](auto& o) { o.policy_gradient.learning_rate = -0.1; },
      [](auto& o) { o.policy_gradient.learning_rate = kNan; },
      [](auto& o) { o.policy_gradient.weight_decay = -0.1; },
      [](auto& o) { o.policy_gradient.clip = kInfinity; },
      [](auto& o) { o.policy_gradient.min_probability = 0.0; },
      [](auto& o) { o.policy_gradient.min_probability = 1.1; },
      [](auto& o) { o.kind = OptimizerKind::kCatCma, o.cat_cma.population_size = 1; },
      [](auto& o) { o.kind = OptimizerKind::kCatCma, o.cat_cma.population_size = -4; },
  };
  for (const auto& spoil : cases) {
    auto options = options_of(OptimizerKind::kPolicyGradient);
    spoil(options);
    EXPECT_THROW((void)make_optimizer(options, testing::categories(3, 4), {}), Error);
  }
}

TEST(StopReason, NamesZeroProbability) {
  EXPECT_EQ(to_string(StopReason::kZeroProbability), "zeroprobability");
}

}  // namespace
}  // namespace bbprompt
