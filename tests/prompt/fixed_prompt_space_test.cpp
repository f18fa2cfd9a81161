#include "bbprompt/prompt/fixed_prompt_space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;

// Three labels in turn, `per_class` examples each, ten tokens a demonstration.
DemonstrationInputs demonstration_inputs(int per_class, std::int64_t max_tokens = 1000) {
  DemonstrationInputs parts{.labels = {}, .num_tokens = {}, .max_tokens = max_tokens, .seed = 5};
  for (int i = 0; i < 3 * per_class; ++i) {
    parts.labels.push_back(i % 3);
    parts.num_tokens.push_back(10);
  }
  return parts;
}

std::vector<std::vector<std::int64_t>> all_draws(const PromptSpace& space) {
  std::vector<std::vector<std::int64_t>> draws;
  for (const Eigen::VectorXd& point : space.fixed_points()) {
    const auto prompt = space.decode({point.data(), static_cast<std::size_t>(point.size())});
    draws.push_back(std::get<PromptDemonstrations>(prompt).examples);
  }
  return draws;
}

TEST(ManualPromptSpace, HasOnePromptAndOnePoint) {
  const ManualPromptSpace space("Say:");
  ASSERT_EQ(space.fixed_points().size(), 1U);
  EXPECT_EQ(space.dimension(), 1);
  EXPECT_EQ(space.domain().num_categories, std::vector<int>{1});
  const double zero = 0.0;
  EXPECT_EQ(std::get<PromptText>(space.decode({&zero, 1})).text, "Say:");
  for (const double wrong : {1.0, -1.0, 0.5}) EXPECT_THROW((void)space.decode({&wrong, 1}), Error);
}

TEST(DemonstrationPromptSpace, DrawsEachLabelEquallyOftenInEveryRound) {
  const DemonstrationPromptSpace space({.per_class = 4, .draws = 6, .max_field_tokens = 7},
                                       demonstration_inputs(9));
  EXPECT_EQ(space.domain().num_categories, std::vector<int>{6});
  const auto draws = all_draws(space);
  ASSERT_EQ(draws.size(), 6U);
  for (const auto& examples : draws) {
    ASSERT_EQ(examples.size(), 12U);
    EXPECT_EQ(std::set(examples.begin(), examples.end()).size(), 12U);
    for (std::size_t round = 0; round < 12; round += 3) {
      std::set<std::int64_t> labels;
      for (std::size_t i = round; i < round + 3; ++i) labels.insert(examples[i] % 3);
      EXPECT_EQ(labels.size(), 3U);
    }
  }
  EXPECT_TRUE(space.notes().empty());
  const double first = 0.0;
  EXPECT_EQ(std::get<PromptDemonstrations>(space.decode({&first, 1})).max_field_tokens, 7);
}

TEST(DemonstrationPromptSpace, IsTheSameForTheSameSeedAndDiffersBetweenDrawsAndSeeds) {
  const DemonstrationOptions options{.per_class = 2, .draws = 8};
  const auto draws = all_draws(DemonstrationPromptSpace(options, demonstration_inputs(9)));
  EXPECT_EQ(draws, all_draws(DemonstrationPromptSpace(options, demonstration_inputs(9))));
  EXPECT_EQ(std::set(draws.begin(), draws.end()).size(), 8U);
  auto other = demonstration_inputs(9);
  other.seed = 6;
  EXPECT_NE(draws, all_draws(DemonstrationPromptSpace(options, other)));
}

TEST(DemonstrationPromptSpace, LeavesOutFromTheEndWhatDoesNotFit) {
  auto parts = demonstration_inputs(9, 70);
  for (std::size_t i = 0; i < parts.num_tokens.size(); ++i) {
    parts.num_tokens[i] = 8 + static_cast<std::int64_t>(i % 5);
  }
  const DemonstrationOptions options{.per_class = 3, .draws = 10};
  const DemonstrationPromptSpace space(options, parts);
  parts.max_tokens = 1000;
  const auto whole = all_draws(DemonstrationPromptSpace(options, parts));
  const auto cut = all_draws(space);
  ASSERT_EQ(cut.size(), whole.size());
  for (std::size_t d = 0; d < cut.size(); ++d) {
    const auto total = [&](std::size_t count) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < count; ++i) {
        sum += parts.num_tokens[static_cast<std::size_t>(whole[d][i])];
      }
      return sum;
    };
    EXPECT_TRUE(std::equal(cut[d].begin(), cut[d].end(), whole[d].begin()));
    EXPECT_LE(total(cut[d].size()), 70);
    EXPECT_GT(total(cut[d].size() + 1), 70);
  }
  ASSERT_EQ(space.notes().size(), 1U);
  EXPECT_THAT(space.notes()[0], HasSubstr("of 9 fit into half of the model's length"));
}

TEST(DemonstrationPromptSpace, LeavesOutDrawsThatRepeatEarlierOnes) {
  // Three examples in a row: six orders at most.
  const DemonstrationPromptSpace space({.per_class = 1, .draws = 200}, demonstration_inputs(1));
  EXPECT_EQ(space.fixed_points().size(), 6U);
  ASSERT_EQ(space.notes().size(), 1U);
  EXPECT_THAT(space.notes()[0], HasSubstr("6 of 200 draws differ"));
}

TEST(DemonstrationPromptSpace, RefusesWhatCannotBeShown) {
  EXPECT_THROW(DemonstrationPromptSpace({.per_class = 3, .draws = 1}, demonstration_inputs(2)),
               Error);
  EXPECT_THROW(DemonstrationPromptSpace({.per_class = 0, .draws = 1}, demonstration_inputs(2)),
               Error);
  EXPECT_THROW(DemonstrationPromptSpace({.per_class = 1, .draws = 1}, demonstration_inputs(2, 9)),
               Error);
}

}  // namespace
}  // namespace bbprompt
