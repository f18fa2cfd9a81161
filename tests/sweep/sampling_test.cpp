#include "sweep/sampling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using Kind = SweepDistribution::Kind;

SweepDistribution numbers(Kind kind, double low, double high, const std::string& key = "k") {
  return {.key = key, .position = {}, .kind = kind, .low = low, .high = high, .choices = {}};
}

SweepDistribution words(const std::vector<std::string>& texts) {
  SweepDistribution result{.key = "w", .position = {}, .kind = Kind::kChoice, .choices = {}};
  for (const auto& text : texts) {
    ConfigNode node;
    node.kind = ConfigNode::Kind::kScalar;
    node.text = text;
    result.choices.push_back(node);
  }
  return result;
}

std::vector<std::string> texts(const SweepPoint& point) {
  std::vector<std::string> result;
  for (const auto& setting : point) result.push_back(setting.value.text);
  return result;
}

std::vector<std::string> column(const std::vector<SweepPoint>& points, std::size_t key) {
  std::vector<std::string> result;
  result.reserve(points.size());
  for (const auto& point : points) result.push_back(point.at(key).value.text);
  return result;
}

// The first points of the published sequence (Joe and Kuo's new-joe-kuo-6.21201), in eighths.
TEST(Sobol, GivesThePublishedPoints) {
  const std::vector<std::vector<int>> expected = {{0, 0, 0, 0}, {4, 4, 4, 4}, {6, 2, 2, 2},
                                                  {2, 6, 6, 6}, {3, 3, 5, 7}, {7, 7, 1, 3},
                                                  {5, 1, 7, 5}, {1, 5, 3, 1}};
  const auto points = sobol_points(8, 4);
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t d = 0; d < 4; ++d) {
      EXPECT_EQ(points[i][d], static_cast<std::uint64_t>(expected[i][d]) << 61) << i << ' ' << d;
    }
  }
}

TEST(Sobol, EveryDyadicIntervalHoldsItsShareOfEveryBlock) {
  const auto points = sobol_points(1024, 40);
  for (const std::size_t size : {2U, 16U, 128U, 1024U}) {
    const int shift = 64 - static_cast<int>(std::log2(size));
    for (std::size_t start = 0; start < points.size(); start += size) {
      for (std::size_t d = 0; d < 40; ++d) {
        std::set<std::uint64_t> intervals;
        for (std::size_t i = start; i < start + size; ++i) intervals.insert(points[i][d] >> shift);
        EXPECT_EQ(intervals.size(), size) << "dimension " << d << ", block at " << start;
      }
    }
  }
}

// Dimensions 1 and 2 are a (0, 8, 2)-net: one point in every rectangle of 2^-a by 2^-(8-a).
TEST(QuasiRandom, TheShiftKeepsTheNetOfTheFirstTwoDimensions) {
  const SweepSampling sampling{
      .options = {.num_points = 256, .seed = 3},
      .space = {numbers(Kind::kUniform, 0, 1, "a"), numbers(Kind::kUniform, 0, 1, "b")}};
  const auto points = quasi_random_points(sampling);
  for (int a = 0; a <= 8; ++a) {
    std::set<std::pair<int, int>> cells;
    for (const auto& point : points) {
      cells.emplace(static_cast<int>(std::stod(point[0].value.text) * std::exp2(a)),
                    static_cast<int>(std::stod(point[1].value.text) * std::exp2(8 - a)));
    }
    EXPECT_EQ(cells.size(), 256U) << a;
  }
}

// Computed apart from bbprompt: Philox 4x64-10 and the sequence's direction numbers in Python.
TEST(Sampling, PointsAreWhatTheirFormulasSay) {
  const SweepSampling random{
      .options = {.num_points = 4, .seed = 7},
      .space = {numbers(Kind::kUniform, 0.5, 2, "prompt.soft.alpha"),
                numbers(Kind::kLogUniform, 0.01, 100, "optimizer.cma_es.sigma"),
                numbers(Kind::kInteger, 1, 20, "prompt.length"),
                numbers(Kind::kLogInteger, 10, 1000, "prompt.soft.dimension")}};
  const auto points = random_points(random);
  EXPECT_THAT(texts(points[0]), ElementsAre("0.690028", "0.200594", "10", "517"));
  EXPECT_THAT(texts(points[1]), ElementsAre("1.66956", "4.67916", "1", "23"));
  EXPECT_THAT(texts(points[2]), ElementsAre("0.658672", "4.61443", "5", "725"));
  EXPECT_THAT(texts(points[3]), ElementsAre("1.85161", "43.649", "12", "379"));
  const SweepSampling quasi{.options = {.num_points = 5, .seed = 7},
                            .space = {numbers(Kind::kUniform, 0.5, 2, "prompt.soft.alpha"),
                                      numbers(Kind::kInteger, 1, 20, "prompt.length")}};
  const auto even = quasi_random_points(quasi);
  EXPECT_THAT(column(even, 0),
              ElementsAre("0.970507", "1.72051", "1.34551", "0.595507", "0.783007"));
  EXPECT_THAT(column(even, 1), ElementsAre("4", "14", "9", "19", "7"));
}

TEST(ValueAt, FollowsTheQuantiles) {
  struct Case {
    SweepDistribution distribution;
    double u;
    std::string expected;
  };
  const Case kCases[] = {
      {numbers(Kind::kUniform, 2, 4), 0.25, "2.5"},
      {numbers(Kind::kUniform, 0, 1), 1.0 / 3.0, "0.333333"},
      {numbers(Kind::kUniform, -3, 1), 0.75, "0"},
      {numbers(Kind::kUniform, 0, 4000000), 0.123456789, "493827"},
      {numbers(Kind::kUniform, 0.12345618, 0.2), 1e-12, "0.12345618"},
      {numbers(Kind::kLogUniform, 0.01, 1), 0.5, "0.1"},
      {numbers(Kind::kLogUniform, 1e-8, 1e-2), 0.5, "1e-05"},
      {numbers(Kind::kInteger, 1, 4), 0.2499, "1"},
      {numbers(Kind::kInteger, 1, 4), 0.25, "2"},
      {numbers(Kind::kInteger, -2, 2), 0.9999, "2"},
      {numbers(Kind::kLogInteger, 1, 1024), 1e-9, "1"},
      {numbers(Kind::kLogInteger, 1, 1024), 1 - 1e-9, "1024"},
      {words({"x", "y", "z"}), 0.34, "y"},
      {words({"x", "y", "z"}), 1 - 1e-12, "z"},
  };
  for (const auto& [distribution, u, expected] : kCases) {
    EXPECT_EQ(value_at(distribution, u).text, expected) << u;
  }
}

// k is as likely as log-uniform numbers between k - 1/2 and k + 1/2 are.
TEST(ValueAt, LogIntegersHaveTheirProbabilities) {
  constexpr int kNumQuantiles = 100000;
  std::map<std::string, int> counts;
  for (int i = 0; i < kNumQuantiles; ++i) {
    ++counts[value_at(numbers(Kind::kLogInteger, 2, 9), (i + 0.5) / kNumQuantiles).text];
  }
  EXPECT_EQ(counts.size(), 8U);
  for (int k = 2; k <= 9; ++k) {
    const double share = std::log((k + 0.5) / (k - 0.5)) / std::log(9.5 / 1.5);
    EXPECT_NEAR(counts[std::to_string(k)], kNumQuantiles * share, 1.5) << k;
  }
}

TEST(RandomPoints, StayWithinTheirRangesAndReachAllOfThem) {
  const SweepSampling sampling{
      .options = {.num_points = 2000, .seed = 5},
      .space = {numbers(Kind::kUniform, -1, 3, "a"), numbers(Kind::kLogUniform, 0.001, 10, "b"),
                numbers(Kind::kInteger, 3, 7, "c"), words({"x", "y"})}};
  for (const auto& points : {random_points(sampling), quasi_random_points(sampling)}) {
    int num_low = 0;
    int num_small = 0;
    std::map<std::string, int> whole;
    std::map<std::string, int> chosen;
    for (const auto& point : points) {
      const double a = std::stod(point[0].value.text);
      const double b = std::stod(point[1].value.text);
      EXPECT_TRUE(a >= -1 && a <= 3) << a;
      EXPECT_TRUE(b >= 0.001 && b <= 10) << b;
      num_low += a < 1 ? 1 : 0;
      num_small += b < 0.1 ? 1 : 0;
      ++whole[point[2].value.text];
      ++chosen[point[3].value.text];
    }
    // Half of the points each; the standard deviation of a random count is 22.
    EXPECT_NEAR(num_low, 1000, 90);
    EXPECT_NEAR(num_small, 1000, 90);
    EXPECT_NEAR(chosen["x"], 1000, 90);
    EXPECT_EQ(whole.size(), 5U);
    for (const auto& [text, count] : whole) EXPECT_NEAR(count, 400, 72) << text;
  }
}

TEST(Sampling, MorePointsKeepThoseBeforeThemAndMoreKeysKeepTheOthersValues) {
  SweepSampling sampling{.options = {.num_points = 30, .seed = 1},
                         .space = {numbers(Kind::kUniform, 0, 1, "a")}};
  for (const auto draw : {random_points, quasi_random_points}) {
    SweepSampling grown = sampling;
    grown.options.num_points = 100;
    grown.space.push_back(numbers(Kind::kInteger, 1, 9, "b"));
    auto few = column(draw(sampling), 0);
    auto many = column(draw(grown), 0);
    many.resize(few.size());
    EXPECT_EQ(many, few);
    SweepSampling reseeded = sampling;
    reseeded.options.seed = 2;
    EXPECT_NE(column(draw(reseeded), 0), few);
  }
}

TEST(Sampling, GivesNoPointTwice) {
  SweepSampling sampling{.options = {.num_points = 12, .seed = 1},
                         .space = {numbers(Kind::kInteger, 1, 4, "a"), words({"x", "y", "z"})}};
  for (const auto draw : {random_points, quasi_random_points}) {
    std::set<std::vector<std::string>> seen;
    for (const auto& point : draw(sampling)) seen.insert(texts(point));
    EXPECT_EQ(seen.size(), 12U);
  }
  sampling.options.num_points = 13;
  for (const auto draw : {random_points, quasi_random_points}) {
    try {
      (void)draw(sampling);
      FAIL() << "a space of 12 points has given 13";
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("expected a space of 13 different points, found 12"));
    }
  }
}

}  // namespace
}  // namespace bbprompt
