#include "prompt/soft_prompt_space.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

SoftPromptSpaceInputs soft_inputs() {
  return {.length = 5,
          .hidden_size = 128,
          .embedding_deviation = 0.3,
          .sigma = 0.5,
          .base_ids = {10, 11, 12, 13, 14},
          .seed = 3};
}

const PromptVectors& as_vectors(const Prompt& prompt) { return std::get<PromptVectors>(prompt); }

std::vector<double> random_point(Eigen::Index dimension, double sigma) {
  RandomStream random({.seed = 1, .purpose = "test_point"});
  std::vector<double> point(static_cast<std::size_t>(dimension));
  for (double& value : point) value = sigma * random.normal();
  return point;
}

TEST(SoftPromptSpace, ProjectionHasThePublishedVariance) {
  // BBT: std = alpha * std_E / (sqrt(d) * sigma). Unit vectors read A column by column.
  const SoftPromptSpace space({.dimension = 60, .alpha = 0.8, .init = ""}, soft_inputs());
  double square_sum = 0.0;
  double sum = 0.0;
  for (Eigen::Index column = 0; column < space.dimension(); ++column) {
    std::vector<double> unit(static_cast<std::size_t>(space.dimension()), 0.0);
    unit[static_cast<std::size_t>(column)] = 1.0;
    const auto prompt = space.decode(unit);
    square_sum += as_vectors(prompt).vectors->cast<double>().squaredNorm();
    sum += as_vectors(prompt).vectors->cast<double>().sum();
  }
  const double num_entries = 60.0 * 5 * 128;
  const double expected = 0.8 * 0.3 / (std::sqrt(60.0) * 0.5);
  EXPECT_NEAR(std::sqrt(square_sum / num_entries), expected, 0.02 * expected);
  EXPECT_NEAR(sum / num_entries, 0.0, 0.02 * expected);
}

TEST(SoftPromptSpace, FirstGenerationHasTheScaleOfWordEmbeddingsTimesAlpha) {
  for (const int dimension : {20, 200, 0}) {
    const SoftPromptSpace space({.dimension = dimension, .alpha = 0.5, .init = ""}, soft_inputs());
    const auto prompt = space.decode(random_point(space.dimension(), soft_inputs().sigma));
    const auto& vectors = *as_vectors(prompt).vectors;
    const double scale =
        std::sqrt(vectors.cast<double>().squaredNorm() / static_cast<double>(vectors.size()));
    EXPECT_NEAR(scale, 0.5 * 0.3, 0.25 * 0.5 * 0.3) << dimension;
  }
}

TEST(SoftPromptSpace, StartsAtTheBaseTokensAlone) {
  const SoftPromptSpace space({.dimension = 60, .alpha = 1.0, .init = ""}, soft_inputs());
  const Eigen::VectorXd start = space.domain().start;
  const auto prompt = space.decode({start.data(), static_cast<std::size_t>(start.size())});
  EXPECT_EQ(as_vectors(prompt).vectors->cwiseAbs().maxCoeff(), 0.0F);
  EXPECT_EQ(as_vectors(prompt).base_ids, soft_inputs().base_ids);
}

TEST(SoftPromptSpace, WithoutProjectionEveryCoordinateIsItsOwn) {
  const SoftPromptSpace space({.dimension = 0, .alpha = 1.0, .init = ""}, soft_inputs());
  ASSERT_EQ(space.dimension(), 5 * 128);
  std::vector<double> point(5 * 128, 0.0);
  point[128 + 7] = 2.0;
  const auto prompt = space.decode(point);
  const auto& vectors = *as_vectors(prompt).vectors;
  EXPECT_FLOAT_EQ(vectors(1, 7), 2.0F * 0.3F / 0.5F);
  EXPECT_EQ((vectors.array() != 0.0F).count(), 1);
}

TEST(SoftPromptSpace, SeedsGiveDifferentProjectionsAndTheSameSeedTheSame) {
  const auto point = random_point(60, 1.0);
  const SoftPromptOptions options{.dimension = 60, .alpha = 1.0, .init = ""};
  auto other = soft_inputs();
  other.seed = 4;
  const auto first = SoftPromptSpace(options, soft_inputs()).decode(point);
  const auto again = SoftPromptSpace(options, soft_inputs()).decode(point);
  const auto different = SoftPromptSpace(options, other).decode(point);
  EXPECT_EQ(*as_vectors(first).vectors, *as_vectors(again).vectors);
  EXPECT_NE(*as_vectors(first).vectors, *as_vectors(different).vectors);
}

TEST(SoftPromptSpace, RefusesWhatCannotBe) {
  const SoftPromptOptions options{.dimension = 60, .alpha = 1.0, .init = ""};
  const SoftPromptSpace space(options, soft_inputs());
  EXPECT_THROW((void)space.decode(std::vector<double>(59, 0.0)), Error);
  std::vector<double> nan(60, 0.0);
  nan[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW((void)space.decode(nan), Error);
  auto none = soft_inputs();
  none.hidden_size = 0;
  EXPECT_THROW(SoftPromptSpace(options, none), Error);
  none = soft_inputs();
  none.base_ids.pop_back();
  EXPECT_THROW(SoftPromptSpace(options, none), Error);
}

}  // namespace
}  // namespace bbprompt
