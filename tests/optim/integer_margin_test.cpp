#include "optim/integer_margin.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "optim/cma_es.hpp"
#include "tests/optim/state_checks.hpp"
#include "tests/optim/test_functions.hpp"

namespace bbprompt {
namespace {

// P(X > x) for X ~ N(0, 1).
double tail(double x) { return 0.5 * std::erfc(x / std::sqrt(2.0)); }

// One integer coordinate with K categories, inside in units of K / 4.
struct Coordinate {
  int num_categories;
  double mean;
  double stretch;
  double deviation;

  [[nodiscard]] double category() const {
    return std::clamp(std::ceil(mean * num_categories / 4.0 - 0.5), 0.0, num_categories - 1.0);
  }
  [[nodiscard]] double limit(double category) const {
    return (category + 0.5) / (num_categories / 4.0);
  }
  // Probability of a lower integer than the mean's, and of a higher one.
  [[nodiscard]] double below() const {
    if (category() == 0.0) return 0.0;
    return tail((mean - limit(category() - 1.0)) / (stretch * deviation));
  }
  [[nodiscard]] double above() const {
    if (category() == num_categories - 1.0) return 0.0;
    return tail((limit(category()) - mean) / (stretch * deviation));
  }
};

Coordinate corrected(Coordinate c, const IntegerMargin& margin) {
  Eigen::VectorXd mean(1), stretch(1), deviation(1);
  mean << c.mean;
  stretch << c.stretch;
  deviation << c.deviation;
  margin.correct(mean, stretch, deviation);
  c.mean = mean[0];
  c.stretch = stretch[0];
  return c;
}

IntegerMargin margin_of(int num_categories, Eigen::Index population_size) {
  return {{.start = Eigen::VectorXd::Zero(1), .num_categories = {num_categories}}, population_size};
}

TEST(UpperNormalQuantile, HasTheValuesOfTables) {
  const std::vector<std::pair<double, double>> table = {{0.5, 0.0},
                                                        {0.25, 0.674489750196082},
                                                        {0.025, 1.959963984540054},
                                                        {0.001, 3.090232306167813},
                                                        {1e-9, 5.997807015007687}};
  for (const auto& [p, x] : table) EXPECT_NEAR(upper_normal_quantile(p), x, 1e-12) << p;
}

TEST(IntegerMargin, MovesAFarMeanToTheQuantileOfTheLimit) {
  // K = 2: the limit 0.5 is 1 inside; alpha = 1 / 40, quantile 1.96.
  const auto margin = margin_of(2, 40);
  EXPECT_DOUBLE_EQ(margin.alpha(), 0.025);
  EXPECT_NEAR(corrected({2, -7.0, 1.0, 0.1}, margin).mean, 1.0 - 0.1959963984540054, 1e-12);
  EXPECT_NEAR(corrected({2, 9.0, 2.0, 0.1}, margin).mean, 1.0 + 2 * 0.1959963984540054, 1e-12);
  EXPECT_EQ(corrected({2, 1.1, 1.0, 0.1}, margin).mean, 1.1);
}

TEST(IntegerMargin, GivesBothNeighboursOfAnInnerMeanHalfOfIt) {
  // In the middle of integer 2 of 0 .. 4 with hardly any deviation: alpha / 2 on both sides.
  const auto margin = margin_of(5, 20);
  const Coordinate c = corrected({5, 1.6, 1.0, 1e-6}, margin);
  EXPECT_NEAR(c.mean, 1.6, 1e-12);
  EXPECT_NEAR(c.below(), 0.025, 1e-12);
  EXPECT_NEAR(c.above(), 0.025, 1e-12);
}

TEST(IntegerMargin, HoldsForAnyDistribution) {
  RandomStream random({.seed = 1, .purpose = "margin"});
  for (int i = 0; i < 20000; ++i) {
    const int num_categories = 2 + static_cast<int>(random.below(i % 2 == 0 ? 4 : 300));
    const auto margin = margin_of(num_categories, 3 + static_cast<Eigen::Index>(random.below(200)));
    const Coordinate before{.num_categories = num_categories,
                            .mean = 2.0 + 2.5 * random.normal(),
                            .stretch = std::exp(4.0 * random.normal()),
                            .deviation = std::exp(6.0 * random.normal())};
    const Coordinate after = corrected(before, margin);
    const double least = margin.alpha() * (1.0 - 1e-9);
    ASSERT_GE(after.below() + after.above(), least) << i;
    if (before.category() > 0 && before.category() < num_categories - 1) {
      ASSERT_GE(after.below(), 0.5 * least) << i;
      ASSERT_GE(after.above(), 0.5 * least) << i;
    }
    if (after.mean == before.mean) {
      ASSERT_GE(before.below() + before.above(), least) << i;
    } else {
      ASSERT_EQ(after.category(), before.category()) << i;
    }
    const Coordinate twice = corrected(after, margin);  // nothing is left to correct
    ASSERT_NEAR(twice.mean, after.mean, 1e-9 * (1.0 + std::abs(after.mean))) << i;
    ASSERT_NEAR(twice.stretch, after.stretch, 1e-6 * after.stretch) << i;
  }
}

SearchDomain integers(Eigen::Index n, int num_categories, double start = 0.0) {
  return {.start = Eigen::VectorXd::Constant(n, start),
          .num_categories = std::vector<int>(static_cast<std::size_t>(n), num_categories)};
}

struct Adversary {
  const char* name;
  testing::Function function;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
void PrintTo(const Adversary& adversary, std::ostream* out) { *out << adversary.name; }

class IntegerCmaEs : public ::testing::TestWithParam<std::tuple<Adversary, CovarianceKind>> {};
INSTANTIATE_TEST_SUITE_P(
    Margin, IntegerCmaEs,
    ::testing::Combine(
        ::testing::Values(Adversary{"to the lowest", [](const auto& x) { return x.sum(); }},
                          Adversary{"to the highest", [](const auto& x) { return -x.sum(); }},
                          Adversary{"to one inner point",
                                    [](const auto& x) { return (x.array() - 2.0).abs().sum(); }},
                          Adversary{"flat", [](const auto&) { return 0.0; }},
                          Adversary{"parity",
                                    [](const auto& x) { return std::fmod(x.sum(), 2.0); }},
                          Adversary{"not a number", [](const auto&) { return std::nan(""); }}),
        ::testing::Values(CovarianceKind::kFull, CovarianceKind::kSeparable)));

TEST_P(IntegerCmaEs, KeepsTheMarginAndAsksWholeNumbersUnderAdversarialFitness) {
  const auto& [adversary, covariance] = GetParam();
  SearchDomain domain = integers(5, 6, 3.0);
  domain.num_categories = {2, 3, 6, 0, 200};
  domain.start << 0, 1, 5, 0, 100;
  CmaEs optimizer({.covariance = covariance}, domain, {.seed = 3});
  const double alpha = 1.0 / static_cast<double>(5 * optimizer.population_size());
  for (int g = 0; g < 400; ++g) {
    const auto population = optimizer.ask();
    const Eigen::MatrixXd sampled = optimizer.sample(4);
    for (Eigen::Index i = 0; i < 5; ++i) {
      const int categories = domain.num_categories[static_cast<std::size_t>(i)];
      if (categories == 0) continue;
      for (const auto* points : {&population.points, &sampled}) {
        ASSERT_EQ(points->row(i), points->row(i).array().round().matrix());
        ASSERT_GE(points->row(i).minCoeff(), 0.0);
        ASSERT_LT(points->row(i).maxCoeff(), categories);
      }
      const auto state = optimizer.save();
      const auto& c = state.arrays.at("covariance");
      const double variance = covariance == CovarianceKind::kFull ? c(i, i) : c(i, 0);
      const Coordinate now{.num_categories = categories,
                           .mean = state.arrays.at("mean")(i, 0),
                           .stretch = state.arrays.at("stretch")(i, 0),
                           .deviation = state.arrays.at("sigma")(0, 0) * std::sqrt(variance)};
      ASSERT_GE(now.below() + now.above(), alpha * (1.0 - 1e-6)) << g << " " << i;
      ASSERT_EQ(optimizer.favourite()[i], now.category());
    }
    optimizer.tell(testing::evaluate(population, adversary.function));
  }
}

// Ellipsoid in the reals and OneMax in the bits, the paper's mixed function with this trap: the
// reals shrink sigma, and with it every chance of a bit to flip.
double ellipsoid_one_max(const Eigen::VectorXd& x) {
  const Eigen::Index n = x.size() / 2;
  return testing::ellipsoid(x.head(n)) + static_cast<double>(n) - x.tail(n).sum();
}
// The reals weigh so much more than the integers that sigma shrinks with them first.
double steep_reals(const Eigen::VectorXd& x) {
  const Eigen::Index n = x.size() / 2;
  return 1e3 * testing::sphere(x.head(n)) + (x.tail(n).array() - 7.0).square().sum();
}

struct Mixed {
  const char* name;
  testing::Function function;
  int num_categories;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
void PrintTo(const Mixed& mixed, std::ostream* out) { *out << mixed.name; }

class MixedFunction : public ::testing::TestWithParam<Mixed> {
 protected:
  static constexpr int kNumSeeds = 12;

  // How many of the seeds reach 1e-9 within 20000 evaluations.
  static int num_solved(const SearchDomain& domain, const testing::Function& function) {
    int count = 0;
    for (std::uint64_t seed = 1; seed <= kNumSeeds; ++seed) {
      CmaEs optimizer({.sigma = 0.5}, domain, {.seed = seed});
      double best = HUGE_VAL;
      for (int evaluations = 0; evaluations < 20000 && best > 1e-9 && !optimizer.stop_reason();) {
        const auto fitness = testing::evaluate(optimizer.ask(), function);
        best = std::min(best, fitness.minCoeff());
        evaluations += static_cast<int>(fitness.size());
        optimizer.tell(fitness);
      }
      if (best <= 1e-9) ++count;
    }
    return count;
  }
};
INSTANTIATE_TEST_SUITE_P(Margin, MixedFunction,
                         ::testing::Values(Mixed{"one max", ellipsoid_one_max, 2},
                                           Mixed{"steep reals", steep_reals, 12}));

TEST_P(MixedFunction, IsSolvedWherePlainRoundingIsStuck) {
  const auto& mixed = GetParam();
  constexpr Eigen::Index kHalf = 5;
  SearchDomain domain{.start = Eigen::VectorXd::Zero(2 * kHalf)};
  domain.start.head(kHalf).setConstant(3.0);
  SearchDomain with_integers = domain;
  with_integers.num_categories.assign(2 * kHalf, 0);
  std::fill(with_integers.num_categories.begin() + kHalf, with_integers.num_categories.end(),
            mixed.num_categories);
  const auto rounded = [&](const Eigen::VectorXd& inside) {
    Eigen::VectorXd x = inside;
    for (double& value : x.tail(kHalf)) {
      value = std::clamp(std::round(value * mixed.num_categories / 4.0), 0.0,
                         mixed.num_categories - 1.0);
    }
    return mixed.function(x);
  };
  const int plain = num_solved(domain, rounded);
  const int with_margin = num_solved(with_integers, mixed.function);
  RecordProperty("plain", plain);
  RecordProperty("with_margin", with_margin);
  EXPECT_GE(with_margin, kNumSeeds - 1);
  EXPECT_LE(plain, kNumSeeds / 2) << "the function is no trap for rounding";
}

TEST(IntegerCmaEs, FindsTheOneBestOfAllIntegerPoints) {
  const auto function = [](const Eigen::VectorXd& x) { return 8.0 - x.sum(); };
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CmaEs optimizer({}, integers(8, 2), {.seed = seed});
    EXPECT_EQ(optimizer.kind(), "integer_cma_es");
    int g = 0;
    while (g < 200 && testing::evaluate(optimizer.ask(), function).minCoeff() > 0.0) {
      testing::step(optimizer, function);
      ++g;
    }
    EXPECT_LT(g, 200) << seed;
  }
}

TEST(IntegerCmaEs, TakesOneCategoryAlone) {
  CmaEs optimizer({}, integers(3, 1), {});
  for (int g = 0; g < 5; ++g) testing::step(optimizer, testing::sphere);
  EXPECT_EQ(optimizer.ask().points.cwiseAbs().maxCoeff(), 0.0);
}

TEST(IntegerCmaEs, ContinuesBitForBitAndRefusesDamage) {
  SearchDomain domain = integers(4, 7, 2.0);
  domain.num_categories[1] = 0;
  for (const auto covariance : {CovarianceKind::kFull, CovarianceKind::kSeparable}) {
    const auto make = [&](std::uint64_t seed) {
      return std::make_unique<CmaEs>(CmaEsOptions{.covariance = covariance}, domain,
                                     OptimizerSeed{.seed = seed});
    };
    testing::expect_to_continue_bit_for_bit(make, testing::sphere, 25);
    testing::expect_to_refuse_damage(make, testing::sphere, 6);
    auto state = make(1)->save();
    state.arrays["stretch"](0, 0) = 0.0;
    EXPECT_ANY_THROW(make(2)->restore(state));
  }
}

}  // namespace
}  // namespace bbprompt
