#include "bbprompt/base/random_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace bbprompt {
namespace {

TEST(RandomStream, DependsOnEveryPartOfItsName) {
  const RandomStreamId base{.seed = 1, .trial = 2, .generation = 3, .purpose = "a"};
  std::vector<std::uint64_t> firsts = {RandomStream(base).next()};
  for (auto id : {RandomStreamId{2, 2, 3, "a"}, RandomStreamId{1, 3, 3, "a"},
                  RandomStreamId{1, 2, 4, "a"}, RandomStreamId{1, 2, 3, "b"}}) {
    firsts.push_back(RandomStream(id).next());
  }
  std::sort(firsts.begin(), firsts.end());
  EXPECT_EQ(std::unique(firsts.begin(), firsts.end()), firsts.end());
}

TEST(RandomStream, ContinuesFromTheNumberDrawn) {
  const RandomStreamId id{.seed = 5, .purpose = "resume"};
  RandomStream whole(id);
  for (std::uint64_t drawn = 0; drawn < 13; ++drawn) {
    RandomStream resumed(id, drawn);
    EXPECT_EQ(resumed.num_drawn(), drawn);
    RandomStream copy = whole;
    EXPECT_EQ(resumed.next(), copy.next());
    EXPECT_EQ(resumed.next(), copy.next());
    (void)whole.next();
  }
}

TEST(RandomStream, UniformAndNormalHaveTheirMoments) {
  RandomStream random({.seed = 7, .purpose = "moments"});
  constexpr int kCount = 200000;
  double sum = 0.0, square = 0.0, fourth = 0.0, uniform_sum = 0.0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    sum += x;
    square += x * x;
    fourth += x * x * x * x;
    const double u = random.uniform();
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    uniform_sum += u;
  }
  EXPECT_NEAR(sum / kCount, 0.0, 0.01);
  EXPECT_NEAR(square / kCount, 1.0, 0.015);
  EXPECT_NEAR(fourth / kCount, 3.0, 0.1);
  EXPECT_NEAR(uniform_sum / kCount, 0.5, 0.003);
}

TEST(RandomStream, BelowIsUniformAndShuffleKeepsTheElements) {
  RandomStream random({.seed = 9, .purpose = "below"});
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
  std::vector<int> values(20);
  std::iota(values.begin(), values.end(), 0);
  auto shuffled = values;
  random.shuffle(std::span(shuffled));
  EXPECT_NE(shuffled, values);
  EXPECT_TRUE(std::is_permutation(shuffled.begin(), shuffled.end(), values.begin()));
}

}  // namespace
}  // namespace bbprompt
