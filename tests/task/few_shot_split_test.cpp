#include "bbprompt/task/few_shot_split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::vector<LabelOptions> kLabels = {{"neg", {"bad"}}, {"neu", {"okay"}}, {"pos", {"good"}}};

Example example(const std::string& text, int label) {
  return {.text_a = text, .text_b = "", .label = label, .row = 0};
}

// `per_class` examples of each label, all different, sorted by class.
Dataset pool_of(int per_class, const std::string& prefix = "") {
  Dataset pool{.path = "pool.csv", .sha256 = "", .examples = {}};
  for (int label = 0; label < 3; ++label) {
    for (int i = 0; i < per_class; ++i) {
      pool.examples.push_back(
          example(prefix + std::to_string(label) + "/" + std::to_string(i), label));
    }
  }
  return pool;
}

FewShotSplit draw(const FewShotPools& pools, int num_train, int num_dev, std::uint64_t seed = 1) {
  return draw_few_shot_split(
      pools, kLabels, {.train_per_class = num_train, .dev_per_class = num_dev, .max_test = 0},
      seed);
}

std::string refusal(const FewShotPools& pools, int num_train, int num_dev) {
  try {
    (void)draw(pools, num_train, num_dev);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

const Example& at(const Dataset& pool, std::int64_t index) {
  return pool.examples.at(static_cast<std::size_t>(index));
}

TEST(DrawFewShotSplit, TakesKOfEachClassInTurnAndNoneTwice) {
  const Dataset pool = pool_of(20);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const FewShotSplit split = draw({.train = pool}, 8, 5, seed);
    ASSERT_EQ(split.train.size(), 24U);
    ASSERT_EQ(split.dev.size(), 15U);
    std::set<std::int64_t> drawn;
    for (const auto* part : {&split.train, &split.dev}) {
      for (std::size_t i = 0; i < part->size(); ++i) {
        EXPECT_EQ(at(pool, (*part)[i]).label, static_cast<int>(i % 3));
        EXPECT_TRUE(drawn.insert((*part)[i]).second);
      }
    }
  }
}

TEST(DrawFewShotSplit, IsAFunctionOfTheSeed) {
  const Dataset pool = pool_of(40);
  EXPECT_EQ(draw({.train = pool}, 16, 16, 7).train, draw({.train = pool}, 16, 16, 7).train);
  EXPECT_EQ(draw({.train = pool}, 16, 16, 7).dev, draw({.train = pool}, 16, 16, 7).dev);
  EXPECT_NE(draw({.train = pool}, 16, 16, 7).train, draw({.train = pool}, 16, 16, 8).train);
}

TEST(DrawFewShotSplit, StaysTheSameOnEveryMachine) {
  // Computed by a separate Philox4x64-10 and Fisher-Yates shuffle in Python.
  const FewShotSplit split = draw({.train = pool_of(10)}, 2, 1, 42);
  EXPECT_EQ(split.train, (std::vector<std::int64_t>{4, 11, 29, 1, 15, 24}));
  EXPECT_EQ(split.dev, (std::vector<std::int64_t>{5, 14, 21}));
}

TEST(DrawFewShotSplit, ALargerTrainSplitExtendsTheSmallerOne) {
  const Dataset pool = pool_of(40);
  const FewShotSplit small = draw({.train = pool}, 4, 4);
  const FewShotSplit large = draw({.train = pool}, 16, 9);
  EXPECT_TRUE(std::equal(small.train.begin(), small.train.end(), large.train.begin()));
}

TEST(DrawFewShotSplit, DrawsEachExampleEquallyOften) {
  const Dataset pool = pool_of(10);
  std::vector<int> num_drawn(30, 0);
  constexpr int kSeeds = 2000;
  for (int seed = 0; seed < kSeeds; ++seed) {
    for (const auto i : draw({.train = pool}, 3, 1, static_cast<std::uint64_t>(seed)).train) {
      ++num_drawn[static_cast<std::size_t>(i)];
    }
  }
  // Binomial(2000, 0.3): mean 600, standard deviation 20.5; five of them.
  for (const int n : num_drawn) EXPECT_NEAR(n, 600, 103);
}

TEST(DrawFewShotSplit, NeverDrawsOneTextTwice) {
  Dataset pool = pool_of(4);
  const std::vector<Example> originals = pool.examples;
  for (int copy = 0; copy < 5; ++copy) {
    pool.examples.insert(pool.examples.end(), originals.begin(), originals.end());
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const FewShotSplit split = draw({.train = pool}, 2, 2, seed);
    for (const auto* part : {&split.train, &split.dev}) {
      for (const auto i : *part) EXPECT_LT(i, 12) << "a copy of an earlier row";
    }
  }
  EXPECT_THAT(refusal({.train = pool}, 3, 2), HasSubstr("found 4 different texts"));
}

TEST(DrawFewShotSplit, PairsAreTheSameOnlyWhenBothTextsAre) {
  Dataset pool{.path = "pairs.csv", .sha256 = "", .examples = {}};
  for (int label = 0; label < 3; ++label) {
    for (const char* second : {"x", "y"}) {
      pool.examples.push_back(
          {.text_a = std::to_string(label), .text_b = second, .label = label, .row = 0});
    }
  }
  EXPECT_EQ(draw({.train = pool}, 1, 1).train.size(), 3U);
}

TEST(DrawFewShotSplit, LeavesOutTextsOfTwoLabels) {
  Dataset pool = pool_of(3);
  pool.examples.push_back(example("0/1", 2));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const FewShotSplit split = draw({.train = pool}, 1, 1, seed);
    for (const auto* part : {&split.train, &split.dev}) {
      for (const auto i : *part) EXPECT_NE(at(pool, i).text_a, "0/1");
    }
  }
  EXPECT_THAT(refusal({.train = pool}, 2, 1), AllOf(HasSubstr("\"neg\""), HasSubstr("found 2")));
}

TEST(DrawFewShotSplit, TakesDevFromItsOwnPoolWithoutTextsOfTrain) {
  const Dataset train = pool_of(4);
  Dataset dev = pool_of(4);  // the same texts
  const Dataset more = pool_of(2, "new ");
  dev.examples.insert(dev.examples.end(), more.examples.begin(), more.examples.end());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const FewShotSplit split = draw({.train = train, .dev = &dev}, 2, 4, seed);
    std::set<std::string> texts;
    for (const auto i : split.train) texts.insert(at(train, i).text_a);
    for (std::size_t i = 0; i < split.dev.size(); ++i) {
      EXPECT_TRUE(texts.insert(at(dev, split.dev[i]).text_a).second);
      EXPECT_EQ(at(dev, split.dev[i]).label, static_cast<int>(i % 3));
    }
  }
}

TEST(DrawFewShotSplit, TheTrainSplitDoesNotDependOnTheDevPool) {
  const Dataset train = pool_of(10);
  const Dataset dev = pool_of(5, "dev ");
  EXPECT_EQ(draw({.train = train, .dev = &dev}, 4, 4).train, draw({.train = train}, 4, 4).train);
}

TEST(DrawFewShotSplit, NamesTheClassThatIsTooSmall) {
  Dataset pool = pool_of(6);
  pool.examples.pop_back();
  EXPECT_THAT(
      refusal({.train = pool}, 4, 2),
      AllOf(HasSubstr("pool.csv"), HasSubstr("\"pos\""), HasSubstr("4 for train and 2 for dev"),
            HasSubstr("found 5"), HasSubstr("lower few_shot.train_per_class")));
  Dataset dev = pool_of(1, "dev ");
  dev.path = "dev.csv";
  EXPECT_THAT(refusal({.train = pool, .dev = &dev}, 4, 2),
              AllOf(HasSubstr("dev.csv"), HasSubstr("\"neg\""), HasSubstr("expected 2 for dev"),
                    HasSubstr("found 1")));
}

TEST(DrawFewShotSplit, RefusesSplitsWithoutExamples) {
  const Dataset pool = pool_of(6);
  EXPECT_THAT(refusal({.train = pool}, 0, 2), HasSubstr("at least 1"));
  EXPECT_THAT(refusal({.train = pool}, 2, -1), HasSubstr("at least 1"));
}

}  // namespace
}  // namespace bbprompt
