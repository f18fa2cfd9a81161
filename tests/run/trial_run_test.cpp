#include "bbprompt/run/trial_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/task/metric.hpp"
#include "tests/run/small_experiment.hpp"

namespace bbprompt {
namespace {

using testing::small_experiment;

class TrialRunTest : public ::testing::Test {
 protected:
  explicit TrialRunTest(const ExperimentSpec& spec = small_experiment())
      : context_(spec, models_.get(spec.model)) {}

  using Change = std::function<void(const WorkItem&, WorkResult&)>;

  // Evaluates one group for real; `change` may spoil results.
  void step(TrialRun& run, const Change& change = {}) {
    auto group = run.next_group();
    for (const WorkItem& item : group.items(0, 0, 0)) {
      WorkResult result = context_.run(item);
      ASSERT_TRUE(result.ok()) << result.error;
      if (change) change(item, result);
      group.settle(item, result);
      if (item.split == Split::kDev && !item.is_manual) dev_points_.push_back(item.point);
    }
    run.absorb(group, 1.0);
  }

  TrialRun fresh_run() {
    return TrialRun({.id = "t", .method = "soft", .resolved_yaml = "x: 1"}, context_);
  }

  double metric_on(Split split, const std::vector<double>& point) {
    const auto n = static_cast<std::int64_t>(context_.examples(split).size());
    const auto result = context_.run({.split = split, .begin = 0, .end = n, .point = point});
    return metric_value(context_.spec().task.metric,
                        count_confusion(context_.gold(split), result.predicted, 2));
  }

  ModelPool models_;
  TrialContext context_;
  std::vector<std::vector<double>> dev_points_;
};

TEST_F(TrialRunTest, SpendsItsBudgetAndNeverMore) {
  auto run = fresh_run();
  while (!run.is_finished()) step(run);
  const TrialRecord& record = run.record();
  EXPECT_EQ(record.state, "done") << record.failure;
  EXPECT_EQ(record.stop_reason, "budget");
  // 27 evaluations pay for 4 generations of 6, not for 5.
  EXPECT_EQ(record.generations.size(), 4U);
  EXPECT_EQ(record.usage.at("search").num_evaluations, 24);
  EXPECT_EQ(record.usage.at("search").num_queries, 24 * 8);
  EXPECT_EQ(record.usage.at("test").num_queries, 2 * 8 + 2 * 16 + 6);
  EXPECT_EQ(record.usage.at("dev").num_queries, 6 * record.usage.at("dev").num_evaluations);
}

TEST_F(TrialRunTest, TestsThePromptThatDevSelected) {
  auto run = fresh_run();
  while (!run.is_finished()) step(run);
  const ScoredPrompt& best = run.record().best;
  ASSERT_FALSE(dev_points_.empty());
  double best_dev = 0.0;
  for (const auto& point : dev_points_)
    best_dev = std::max(best_dev, metric_on(Split::kDev, point));
  EXPECT_EQ(best.splits.at("dev").metric, best_dev);
  EXPECT_EQ(metric_on(Split::kDev, best.prompt.point), best_dev);
  EXPECT_EQ(best.splits.at("test").metric, metric_on(Split::kTest, best.prompt.point));
  EXPECT_EQ(best.splits.at("train").metric, metric_on(Split::kTrain, best.prompt.point));
}

TEST_F(TrialRunTest, RestoredBetweenAnyTwoGroupsItEndsTheSame) {
  auto whole = fresh_run();
  int num_groups = 0;
  while (!whole.is_finished()) {
    step(whole);
    ++num_groups;
  }
  for (int cut = 1; cut < num_groups; ++cut) {
    auto first = fresh_run();
    for (int i = 0; i < cut; ++i) step(first);
    auto second = fresh_run();
    second.restore(first.save(), "file");
    while (!second.is_finished()) step(second);
    EXPECT_EQ(digest(second.record()), digest(whole.record())) << "cut behind group " << cut;
  }
}

TEST_F(TrialRunTest, AFailedCandidateIsTheWorstOfItsGenerationAndCounted) {
  auto run = fresh_run();
  step(run, [](const WorkItem& item, WorkResult& result) {
    if (item.split == Split::kTrain && item.candidate == 2) result.error = "no answer";
  });
  EXPECT_EQ(run.record().state, "running");
  EXPECT_EQ(run.record().usage.at("search").num_failed, 1);
  EXPECT_TRUE(std::isinf(run.record().generations.back().worst_fitness));
  EXPECT_TRUE(std::isfinite(run.record().generations.back().median_fitness));
  while (!run.is_finished()) step(run);
  EXPECT_EQ(run.record().state, "done");
}

TEST_F(TrialRunTest, AGenerationThatFailsWholeFailsTheTrial) {
  auto run = fresh_run();
  step(run, [](const WorkItem&, WorkResult& result) { result.error = "server gone"; });
  EXPECT_EQ(run.record().state, "failed");
  EXPECT_THAT(run.record().failure, ::testing::HasSubstr("server gone"));
}

TEST_F(TrialRunTest, AFailedFinalEvaluationFailsTheTrial) {
  auto run = fresh_run();
  while (!run.is_finished()) {
    step(run, [](const WorkItem& item, WorkResult& result) {
      if (item.split == Split::kTest) result.error = "server gone";
    });
  }
  EXPECT_EQ(run.record().state, "failed");
}

TEST_F(TrialRunTest, RefusesTheCheckpointOfOtherData) {
  auto run = fresh_run();
  step(run);
  auto spec = small_experiment();
  spec.seed = 9;
  TrialContext other_context(spec, models_.get(spec.model));
  TrialRun other({.id = "t", .method = "soft", .resolved_yaml = "x: 1"}, other_context);
  try {
    other.restore(run.save(), "some.checkpoint.h5");
    FAIL() << "did not throw";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("some.checkpoint.h5"));
  }
}

TEST_F(TrialRunTest, RefusesABudgetBelowOneGeneration) {
  auto spec = small_experiment();
  spec.budget.evaluations = 5;
  TrialContext context(spec, models_.get(spec.model));
  EXPECT_THROW(TrialRun({.id = "t", .method = "soft", .resolved_yaml = ""}, context), ConfigError);
}

}  // namespace
}  // namespace bbprompt
