#include "bbprompt/run/evaluation_group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

EvaluationGroup two_members() {
  return EvaluationGroup({{.split = Split::kTrain, .point = {1.0}, .num_examples = 7},
                          {.split = Split::kDev, .point = {2.0}, .num_examples = 2}},
                         {.shard_size = 3, .num_labels = 2});
}

WorkResult answer(const WorkItem& item) {
  WorkResult result;
  result.id = item.id;
  for (auto i = item.begin; i < item.end; ++i) {
    result.label_scores.push_back(0.1 * static_cast<double>(i));
    result.label_scores.push_back(-static_cast<double>(i));
  }
  result.state = WorkResult::State::kScored;
  const std::int64_t num_queries = item.end - item.begin;
  result.usage = {.num_queries = num_queries, .num_tokens = 10 * num_queries, .num_calls = 1};
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
    EXPECT_EQ(items[i].member, i < 3 ? 0 : 1);
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
    if (item.member == 0 && item.begin == 3) {
      result = {};
      result.id = item.id;
      result.fail("out of memory");
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

// What was settled when a checkpoint was written is not asked again, whatever it was.
TEST(EvaluationGroup, GoesOnFromEverySubsetOfItsResultsToTheSameOutcome) {
  for (unsigned settled = 0; settled < 16; ++settled) {
    auto first = two_members();
    for (const auto& item : first.items(0, 0, 0)) {
      if ((settled >> item.id & 1U) != 0) first.settle(item, answer(item));
    }
    auto again = two_members();
    const auto num_settled = static_cast<std::size_t>(std::popcount(settled));
    EXPECT_EQ(again.restore(first.save()), num_settled);
    const auto rest = again.items(0, 0, 0);
    ASSERT_EQ(rest.size(), 4 - num_settled);
    for (std::size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(rest[i].id, i);
    for (const auto& item : rest) again.settle(item, answer(item));
    ASSERT_TRUE(again.is_settled());
    EXPECT_EQ(again.outcome(0).usage.num_tokens, 70);
    EXPECT_EQ(again.outcome(0).usage.num_calls, 3);
    EXPECT_EQ(again.outcome(0).label_scores(6, 1), -6.0);
    EXPECT_EQ(again.outcome(1).label_scores(1, 0), 0.1);
  }
}

TEST(EvaluationGroup, FailedResultsAreTriedAgain) {
  auto group = two_members();
  WorkResult failed;
  failed.fail("out of memory");
  group.settle(group.items(0, 0, 0)[1], failed);
  EXPECT_TRUE(group.save().results.empty());
}

TEST(EvaluationGroup, TakesNothingFromAnotherGroup) {
  auto group = two_members();
  const auto item = group.items(0, 0, 0).front();
  group.settle(item, answer(item));
  const OpenGroup saved = group.save();
  EvaluationGroup other({{.split = Split::kTrain, .point = {1.5}, .num_examples = 7},
                         {.split = Split::kDev, .point = {2.0}, .num_examples = 2}},
                        {.shard_size = 3, .num_labels = 2});
  EXPECT_EQ(other.restore(saved), 0U);
  EXPECT_EQ(other.items(0, 0, 0).size(), 4U);
}

TEST(EvaluationGroup, IgnoresSavedResultsThatDoNotFit) {
  auto group = two_members();
  const auto item = group.items(0, 0, 0).front();
  group.settle(item, answer(item));
  const OpenGroup good = group.save();
  const std::vector<OpenResult> misfits = {{.member = 2, .begin = 0, .num_scores = 6},
                                           {.member = 0, .begin = 9, .num_scores = 6},
                                           {.member = 0, .begin = 1, .num_scores = 6},
                                           {.member = 0, .begin = 0, .num_scores = 5},
                                           {.member = 0, .begin = 0, .num_scores = 99}};
  for (const OpenResult& misfit : misfits) {
    OpenGroup bad = good;
    bad.results = {misfit};
    EXPECT_EQ(two_members().restore(bad), 0U) << misfit.member << ' ' << misfit.begin;
  }
  OpenGroup twice = good;
  twice.results.push_back(twice.results.front());
  twice.scores.insert(twice.scores.end(), good.scores.begin(), good.scores.end());
  EXPECT_EQ(two_members().restore(twice), 1U);
}

// The scores that answer() has for those examples of the item, and which others are missing.
WorkResult partial(const WorkItem& item, const std::vector<std::int32_t>& known) {
  WorkResult result{.id = item.id, .is_retryable = true};
  result.usage = {.num_queries = item.num_asked(), .num_calls = 1};
  std::vector<std::int32_t> asked = item.only;
  if (asked.empty()) {
    for (std::int32_t i = 0; i < item.end - item.begin; ++i) asked.push_back(i);
  }
  for (const std::int32_t i : asked) {
    if (std::find(known.begin(), known.end(), i) == known.end()) {
      result.missing.push_back(i);
      continue;
    }
    result.label_scores.push_back(0.1 * static_cast<double>(item.begin + i));
    result.label_scores.push_back(-static_cast<double>(item.begin + i));
  }
  if (result.missing.empty()) {
    result.state = WorkResult::State::kScored;
  } else {
    result.error = "no answer";
  }
  return result;
}

// One member of seven examples in shards of five, its first shard not settled.
EvaluationGroup one_member() {
  EvaluationGroup group({{.split = Split::kTrain, .point = {1.0}, .num_examples = 7}},
                        {.shard_size = 5, .num_labels = 2});
  const auto items = group.items(0, 0, 0);
  group.settle(items[1], answer(items[1]));
  return group;
}

RowMatrixXd whole_scores() {
  EvaluationGroup group = one_member();
  const auto item = group.items(0, 0, 0).front();
  group.settle(item, answer(item));
  return group.outcome(0).label_scores;
}

// Every subset that a first answer may know, and every one that a second may know of the rest.
TEST(EvaluationGroupPartial, WhatIsKnownInPartsIsTheSameAsInOneAnswer) {
  const RowMatrixXd expected = whole_scores();
  for (unsigned first = 0; first < 31; ++first) {
    std::vector<std::int32_t> known;
    for (std::int32_t i = 0; i < 5; ++i) {
      if ((first >> static_cast<unsigned>(i) & 1U) != 0) known.push_back(i);
    }
    EvaluationGroup group = one_member();
    WorkItem item = group.items(0, 0, 0).front();
    const WorkResult some = partial(item, known);
    group.keep(item, some);
    item.only = some.missing;
    EXPECT_EQ(group.items(0, 0, 0).front().only, item.only);
    const WorkResult rest = partial(item, item.only);
    ASSERT_TRUE(rest.ok());
    group.settle(item, rest);
    ASSERT_TRUE(group.is_settled());
    const MemberOutcome outcome = group.outcome(0);
    ASSERT_FALSE(outcome.is_failed) << outcome.error;
    EXPECT_EQ(outcome.label_scores, expected) << first;  // to the bit
    const auto num_missing = static_cast<std::int64_t>(item.only.size());
    EXPECT_EQ(outcome.usage.num_queries, 5 + num_missing + 2) << "both answers are paid for";
    EXPECT_EQ(outcome.usage.num_calls, 3);
  }
}

TEST(EvaluationGroupPartial, AFinalFailureFailsTheMemberAndKeepsWhatWasPaid) {
  EvaluationGroup group = one_member();
  WorkItem item = group.items(0, 0, 0).front();
  group.keep(item, partial(item, {0, 1, 2}));
  item.only = {3, 4};
  group.settle(item, partial(item, {3}));
  EXPECT_TRUE(group.is_settled());
  const MemberOutcome outcome = group.outcome(0);
  EXPECT_TRUE(outcome.is_failed);
  EXPECT_EQ(outcome.error, "no answer");
  EXPECT_EQ(outcome.usage.num_queries, 5 + 2 + 2);
  EXPECT_EQ(group.save().results.size(), 1U) << "the shard is tried again";
}

TEST(EvaluationGroupPartial, RefusesWhatDoesNotFit) {
  EvaluationGroup group = one_member();
  WorkItem item = group.items(0, 0, 0).front();
  WorkResult longer = partial(item, {0, 1});
  longer.label_scores.push_back(1.0);
  EXPECT_THROW(group.keep(item, longer), CommError);
  WorkResult nothing_known{.label_scores = {1.0, 2.0}};
  EXPECT_THROW(group.settle(item, nothing_known), CommError) << "scores of no example";
  item.only = {4};
  EXPECT_THROW(group.settle(item, partial(item, {4})), CommError) << "0 to 3 were never answered";
}

// A checkpoint has what is known of an open shard; only the rest is asked.
TEST(EvaluationGroupPartial, IsInTheCheckpoint) {
  const RowMatrixXd expected = whole_scores();
  for (unsigned first = 1; first < 31; ++first) {
    std::vector<std::int32_t> known;
    for (std::int32_t i = 0; i < 5; ++i) {
      if ((first >> static_cast<unsigned>(i) & 1U) != 0) known.push_back(i);
    }
    EvaluationGroup before = one_member();
    const WorkItem whole = before.items(0, 0, 0).front();
    const WorkResult some = partial(whole, known);
    before.keep(whole, some);
    EvaluationGroup group({{.split = Split::kTrain, .point = {1.0}, .num_examples = 7}},
                          {.shard_size = 5, .num_labels = 2});
    EXPECT_GE(group.restore(before.save()), 2U);
    const auto items = group.items(0, 0, 0);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].only, some.missing);
    EXPECT_EQ(group.save().scores, before.save().scores) << "and in the next checkpoint";
    group.settle(items[0], partial(items[0], items[0].only));
    EXPECT_EQ(group.outcome(0).label_scores, expected) << first;
    EXPECT_EQ(group.outcome(0).usage.num_queries, 5 + items[0].num_asked() + 2);
  }
}

TEST(EvaluationGroup, LayersAreMeasuredByOneItem) {
  const auto make = [] {
    return EvaluationGroup({{.split = Split::kTrain,
                             .point = {},
                             .kind = WorkItem::Kind::kLayerScales,
                             .num_examples = 7}},
                           {.shard_size = 3, .num_labels = 2});
  };
  EvaluationGroup group = make();
  const auto items = group.items(0, 0, 0);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].kind, WorkItem::Kind::kLayerScales);
  EXPECT_EQ(items[0].end, 7);
  const std::vector<double> scales = {1.0 / 3.0, 2.0, 3.0, 4.0, 5.0};
  group.settle(
      items[0],
      {.state = WorkResult::State::kScored, .label_scores = scales, .usage = {.num_queries = 7}});
  ASSERT_TRUE(group.is_settled());
  EXPECT_EQ(group.layer_scales(0), scales);
  EXPECT_FALSE(group.outcome(0).is_failed);
  EXPECT_EQ(group.outcome(0).usage.num_queries, 7);
  EvaluationGroup again = make();
  EXPECT_EQ(again.restore(group.save()), 1U);
  EXPECT_EQ(again.layer_scales(0), scales);
  EvaluationGroup failed = make();
  WorkResult failure;
  failure.fail("no such layer");
  failed.settle(items[0], failure);
  EXPECT_TRUE(failed.layer_scales(0).empty());
  EXPECT_EQ(failed.outcome(0).error, "no such layer");
}

}  // namespace
}  // namespace bbprompt
