#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "prompt/soft_prompt_space.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kLength = 2;
constexpr int kHidden = 64;
constexpr double kSigma = 0.2;

SoftPromptSpaceInputs deep_inputs(int num_layers = 1) {
  return {.length = kLength,
          .hidden_size = kHidden,
          .embedding_deviation = 0.3,
          .sigma = kSigma,
          .base_ids = {10, 11},
          .seed = 3,
          .num_layers = num_layers};
}

// A space for a model with these deviations before its layers 1, 2, ...
SoftPromptSpace scaled(const SoftPromptOptions& options,
                       const std::vector<double>& layer_deviations) {
  SoftPromptSpace space(options, deep_inputs(static_cast<int>(layer_deviations.size()) + 1));
  space.set_layer_scales(layer_deviations);
  return space;
}

SoftPromptOptions options(int dimension, double alpha = 1.0) {
  return {.layers = SoftPromptLayers::kAll, .dimension = dimension, .alpha = alpha};
}

PromptVectors decode(const SoftPromptSpace& space, const std::vector<double>& point) {
  return std::get<PromptVectors>(space.decode(point));
}

std::vector<double> random_point(Eigen::Index dimension) {
  RandomStream random({.seed = 1, .purpose = "test_point"});
  std::vector<double> point(static_cast<std::size_t>(dimension));
  for (double& value : point) value = kSigma * random.normal();
  return point;
}

// Sums over the entries of a projection.
struct Sums {
  double count = 0, first = 0, second = 0, fourth = 0;

  void add(const RowMatrixXf& column) {
    const Eigen::ArrayXXd values = column.cast<double>().array();
    count += static_cast<double>(values.size());
    first += values.sum();
    second += values.square().sum();
    fourth += values.square().square().sum();
  }
};

TEST(DeepPromptSpace, ProjectionsHaveThePublishedVarianceInEveryLayer) {
  // std = alpha * s / (sqrt(d) * sigma), s: std_E, then each layer's deviation. Over n normal
  // numbers the mean has deviation std / sqrt(n), the variance var * sqrt(2 / n), and the kurtosis
  // sqrt(24 / n); bounds at 5 of these. Unit vectors of all blocks read one column of each A.
  constexpr int kDimension = 500;
  constexpr double kAlpha = 0.8;
  const std::vector<double> scales = {0.3, 1.7, 0.05};
  const SoftPromptSpace space = scaled(options(kDimension, kAlpha), {scales[1], scales[2]});
  std::vector<Sums> sums(scales.size());
  for (std::size_t column = 0; column < kDimension; ++column) {
    std::vector<double> unit(static_cast<std::size_t>(space.dimension()), 0.0);
    for (std::size_t layer = 0; layer < scales.size(); ++layer)
      unit[layer * kDimension + column] = 1.0;
    const PromptVectors prompt = decode(space, unit);
    sums[0].add(*prompt.vectors);
    for (std::size_t layer = 1; layer < scales.size(); ++layer)
      sums[layer].add(*prompt.layers[layer - 1]);
  }
  for (std::size_t layer = 0; layer < scales.size(); ++layer) {
    const Sums& sum = sums[layer];
    const double std = kAlpha * scales[layer] / (std::sqrt(kDimension) * kSigma);
    EXPECT_EQ(sum.count, kLength * kHidden * kDimension);
    EXPECT_LT(std::abs(sum.first / sum.count), 5 * std / std::sqrt(sum.count)) << layer;
    EXPECT_LT(std::abs(sum.second / sum.count / (std * std) - 1), 5 * std::sqrt(2 / sum.count))
        << layer;
    EXPECT_LT(std::abs(sum.fourth / sum.count / std::pow(std, 4) - 3),
              5 * std::sqrt(96 / sum.count))
        << layer;
  }
}

TEST(DeepPromptSpace, HasOneBlockOfCoordinatesPerLayer) {
  const SoftPromptSpace space = scaled(options(7), {1.0, 1.0, 1.0});
  EXPECT_EQ(space.dimension(), 28);
  const SearchDomain domain = space.domain();
  EXPECT_EQ(domain.start, Eigen::VectorXd::Zero(28));
  EXPECT_THAT(domain.block_sizes, ElementsAre(7, 7, 7, 7));
  // Each block moves its own layer alone.
  const auto all = random_point(28);
  const PromptVectors whole = decode(space, all);
  for (std::size_t layer = 0; layer < 4; ++layer) {
    std::vector<double> one(28, 0.0);
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(7 * layer), 7,
                one.begin() + static_cast<std::ptrdiff_t>(7 * layer));
    const PromptVectors prompt = decode(space, one);
    ASSERT_EQ(prompt.layers.size(), 3U);
    for (std::size_t other = 0; other < 4; ++other) {
      const auto& found = other == 0 ? *prompt.vectors : *prompt.layers[other - 1];
      const auto& expected = other == 0 ? *whole.vectors : *whole.layers[other - 1];
      if (other == layer) {
        EXPECT_EQ(found, expected);
      } else {
        EXPECT_EQ(found.cwiseAbs().maxCoeff(), 0.0F);
      }
    }
  }
}

TEST(DeepPromptSpace, LayersHaveProjectionsOfTheirOwnAndTheFirstIsThatOfAnOrdinaryPrompt) {
  const SoftPromptSpace deep = scaled(options(7), {0.3, 0.3});
  auto point = random_point(7);
  SoftPromptOptions ordinary = options(7);
  ordinary.layers = SoftPromptLayers::kInput;
  const SoftPromptSpace flat(ordinary, deep_inputs(3));
  const PromptVectors expected = decode(flat, point);
  EXPECT_TRUE(expected.layers.empty());
  EXPECT_TRUE(flat.domain().block_sizes.empty());
  point.insert(point.end(), point.begin(), point.begin() + 7);
  point.insert(point.end(), point.begin(), point.begin() + 7);
  const PromptVectors prompt = decode(deep, point);
  EXPECT_EQ(*prompt.vectors, *expected.vectors);
  EXPECT_NE(*prompt.layers[0], *prompt.vectors);
  EXPECT_NE(*prompt.layers[1], *prompt.vectors);
  EXPECT_NE(*prompt.layers[1], *prompt.layers[0]);
}

TEST(DeepPromptSpace, WithoutProjectionEveryCoordinateOfEveryLayerIsItsOwn) {
  const SoftPromptSpace space = scaled(options(0), {0.7});
  ASSERT_EQ(space.dimension(), 2 * kLength * kHidden);
  EXPECT_THAT(space.domain().block_sizes, ElementsAre(kLength * kHidden, kLength * kHidden));
  std::vector<double> point(2 * kLength * kHidden, 0.0);
  point[kLength * kHidden + kHidden + 5] = 2.0;
  const PromptVectors prompt = decode(space, point);
  EXPECT_EQ(prompt.vectors->cwiseAbs().maxCoeff(), 0.0F);
  EXPECT_FLOAT_EQ((*prompt.layers[0])(1, 5), static_cast<float>(2.0 * 0.7 / kSigma));
  EXPECT_EQ((prompt.layers[0]->array() != 0.0F).count(), 1);
}

TEST(DeepPromptSpace, RefusesLayersThatDoNotVary) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double deviation : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()})
    EXPECT_THROW((void)scaled(options(7), {1.0, deviation}), Error) << deviation;
}

TEST(DeepPromptSpace, IsAnInputPromptOfItsDimensionUntilItsLayersAreScaled) {
  SoftPromptSpace space(options(7), deep_inputs(3));
  EXPECT_TRUE(space.needs_layer_scales());
  EXPECT_EQ(space.dimension(), 21);
  EXPECT_THAT(space.domain().block_sizes, ElementsAre(7, 7, 7));
  const auto point = random_point(21);
  const PromptVectors before = decode(space, point);
  EXPECT_TRUE(before.layers.empty());
  EXPECT_THROW(space.set_layer_scales(std::vector<double>{1.0}), Error);
  EXPECT_TRUE(space.needs_layer_scales());
  space.set_layer_scales(std::vector<double>{1.0, 2.0});
  const PromptVectors after = decode(space, point);
  EXPECT_EQ(*after.vectors, *before.vectors);
  EXPECT_EQ(after.layers.size(), 2U);
  EXPECT_EQ(space.dimension(), 21);
}

TEST(ConcatenatedPrompt, StandsAloneOnItsBaseVectors) {
  SoftPromptOptions alone{.mode = SoftPromptMode::kConcatenate, .dimension = 7};
  auto parts = deep_inputs();
  const PromptVectors added = decode(SoftPromptSpace({.dimension = 7}, parts), random_point(7));
  parts.base_ids.clear();
  const PromptVectors from_zeros = decode(SoftPromptSpace(alone, parts), random_point(7));
  EXPECT_TRUE(from_zeros.base_ids.empty());
  EXPECT_EQ(*from_zeros.vectors, *added.vectors);
  parts.base_vectors = RowMatrixXf::Random(kLength, kHidden);
  const SoftPromptSpace space(alone, parts);
  EXPECT_EQ(*decode(space, random_point(7)).vectors, *added.vectors + parts.base_vectors);
  EXPECT_EQ(*decode(space, std::vector<double>(7, 0.0)).vectors, parts.base_vectors);
}

TEST(ConcatenatedPrompt, RefusesBasesThatDoNotFit) {
  const SoftPromptOptions alone{.mode = SoftPromptMode::kConcatenate, .dimension = 7};
  auto parts = deep_inputs();
  EXPECT_THROW(SoftPromptSpace(alone, parts), Error);  // base tokens
  parts.base_ids.clear();
  EXPECT_THROW(SoftPromptSpace({.dimension = 7}, parts), Error);  // none where they are needed
  parts.base_vectors = RowMatrixXf::Zero(kLength + 1, kHidden);
  EXPECT_THROW(SoftPromptSpace(alone, parts), Error);
  parts.base_vectors = RowMatrixXf::Zero(kLength, kHidden - 1);
  EXPECT_THROW(SoftPromptSpace(alone, parts), Error);
}

}  // namespace
}  // namespace bbprompt
