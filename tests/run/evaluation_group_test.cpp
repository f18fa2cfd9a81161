#include "bbprompt/run/evaluation_group.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

EvaluationGroup two_members() {
  return EvaluationGroup(
      {{.split = Split::kTrain, .point = {1.0}, .is_manual = false, .num_examples = 7},
       {.split = Split::kDev, .point = {2.0}, .is_manual = false, .num_examples = 2}},
      {.shard_size = 3, .num_labels = 2});
}

WorkResult answer(const WorkItem& item) {
  WorkResult result;
  result.id = item.id;
  for (auto i = item.begin; i < item.end; ++i) {
    result.label_scores.push_back(0.1 * static_cast<double>(i));
    result.label_scores.push_back(-static_cast<double>(i));
  }
  result.num_queries = item.end - item.begin;
  result.num_calls = 1;
  result.num_tokens = 10 * result.num_queries;
  return result;
}

TEST(EvaluationGroup, CutsSplitsIntoFixedShards) {
  const auto items = two_members().items(5, 9, 100);
  ASSERT_EQ(items.size(), 4U);
  const std::vector<std::pair<std::int64_t, std::int64_t>> ranges = {
      {0, 3}, {3, 6}, {6, 7}, {0, 2}};
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].id, 100 + i);
    EXPECT_EQ(items[i].trial, 5);
    EXPECT_EQ(items[i].group, 9);
    EXPECT_EQ(std::make_pair(items[i].begin, items[i].end), ranges[i]);
    EXPECT_EQ(items[i].candidate, i < 3 ? 0 : 1);
    EXPECT_EQ(items[i].point, std::vector<double>{i < 3 ? 1.0 : 2.0});
  }
}

TEST(EvaluationGroup, OutcomesDoNotDependOnTheOrderOfResults) {
  RandomStream random({.seed = 4, .purpose = "order"});
  RowMatrixXd expected(7, 2);
  for (Eigen::Index i = 0; i < 7; ++i) {
    expected.row(i) << 0.1 * static_cast<double>(i), -static_cast<double>(i);
  }
  for (int round = 0; round < 24; ++round) {
    auto group = two_members();
    auto items = group.items(0, 0, 0);
    if (round > 0) random.shuffle(std::span(items));
    for (const auto& item : items) {
      EXPECT_FALSE(group.is_settled());
      group.settle(item, answer(item));
    }
    ASSERT_TRUE(group.is_settled());
    const auto outcome = group.outcome(0);
    EXPECT_EQ(outcome.usage.num_queries, 7);
    EXPECT_EQ(outcome.usage.num_calls, 3);
    EXPECT_EQ(outcome.usage.num_tokens, 70);
    EXPECT_EQ(outcome.label_scores, expected);  // to the bit
    EXPECT_EQ(group.outcome(1).label_scores.rows(), 2);
  }
}

TEST(EvaluationGroup, OneFailedShardFailsItsMemberOnly) {
  auto group = two_members();
  for (const auto& item : group.items(0, 0, 0)) {
    auto result = answer(item);
    if (item.candidate == 0 && item.begin == 3) {
      result = {};
      result.id = item.id;
      result.error = "out of memory";
    }
    group.settle(item, result);
  }
  EXPECT_TRUE(group.outcome(0).is_failed);
  EXPECT_EQ(group.outcome(0).label_scores.size(), 0);
  EXPECT_EQ(group.outcome(0).error, "out of memory");
  EXPECT_FALSE(group.outcome(1).is_failed);
}

TEST(EvaluationGroup, RefusesResultsThatDoNotFit) {
  auto group = two_members();
  const auto items = group.items(0, 0, 0);
  auto result = answer(items[0]);
  result.label_scores.pop_back();
  EXPECT_THROW(group.settle(items[0], result), CommError);
  group.settle(items[0], answer(items[0]));
  EXPECT_THROW(group.settle(items[0], answer(items[0])), CommError);
}

}  // namespace
}  // namespace bbprompt
