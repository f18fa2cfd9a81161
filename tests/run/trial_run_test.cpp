#include "bbprompt/run/trial_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/task/metric.hpp"
#include "tests/run/small_experiment.hpp"
#include "tests/run/toy_model.hpp"
#include "tests/run/trial_parts.hpp"

namespace bbprompt {
namespace {

using testing::small_experiment;

class TrialRunTest : public ::testing::Test {
 protected:
  explicit TrialRunTest(const ExperimentSpec& spec = small_experiment()) : trial_(spec, models_) {}

  using Change = std::function<void(const WorkItem&, WorkResult&)>;

  // Evaluates one group for real; `change` may spoil results.
  void step(TrialRun& run, const Change& change = {}) {
    auto group = run.next_group();
    for (const WorkItem& item : group.items(0, 0, 0)) {
      WorkResult result = trial_.evaluator.run(item);
      ASSERT_TRUE(result.ok()) << result.error;
      if (change) change(item, result);
      group.settle(item, result);
      if (item.split == Split::kDev && item.kind == WorkItem::Kind::kPoint)
        dev_points_.push_back(item.point);
    }
    run.absorb(group, 1.0);
  }

  TrialRun fresh_run() {
    return TrialRun({.id = "t", .method = "soft", .resolved_yaml = "x: 1"}, trial_.problem);
  }

  double metric_on(Split split, const std::vector<double>& point) {
    const auto n = static_cast<std::int64_t>(trial_.problem.examples(split).size());
    const auto result =
        trial_.evaluator.run({.split = split, .begin = 0, .end = n, .point = point});
    const RowMatrixXd scores = Eigen::Map<const RowMatrixXd>(result.label_scores.data(), n, 2);
    std::vector<std::int32_t> predicted;
    for (Eigen::Index i = 0; i < n; ++i) predicted.push_back(scores(i, 1) > scores(i, 0) ? 1 : 0);
    return metric_value(trial_.problem.spec().task.metric,
                        count_confusion(trial_.problem.gold(split), predicted, 2));
  }

  // Mean of -log softmax(scores)[gold], of two labels.
  double cross_entropy_on_dev(const std::vector<double>& point) {
    return cross_entropy_on(Split::kDev, point);
  }
  double cross_entropy_on(Split split, const std::vector<double>& point) {
    const auto n = static_cast<std::int64_t>(trial_.problem.examples(split).size());
    const auto scores =
        trial_.evaluator.run({.split = split, .begin = 0, .end = n, .point = point}).label_scores;
    double sum = 0.0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      const int gold = trial_.problem.gold(split)[i];
      const double lead = scores[2 * i + static_cast<std::size_t>(gold)] -
                          scores[2 * i + static_cast<std::size_t>(1 - gold)];
      sum += std::log1p(std::exp(-lead));
    }
    return sum / static_cast<double>(n);
  }

  ModelPool models_{testing::factory_of<testing::ToyModel>(testing::ToyModel::Look{})};
  testing::TrialParts trial_;
  std::vector<std::vector<double>> dev_points_;
};

TEST_F(TrialRunTest, SpendsItsBudgetAndNeverMore) {
  auto run = fresh_run();
  while (!run.is_finished()) step(run);
  const TrialRecord& record = run.record();
  EXPECT_EQ(record.state, TrialState::kDone) << record.failure;
  EXPECT_EQ(record.stop_reason, "budget");
  // 27 evaluations pay for 4 generations of 6, not for 5.
  EXPECT_EQ(record.generations.size(), 4U);
  EXPECT_EQ(record.usage.at("search").num_evaluations, 24);
  EXPECT_EQ(record.usage.at("search").usage.num_queries, 24 * 8);
  EXPECT_EQ(record.usage.at("test").usage.num_queries, 2 * 8 + 2 * 16 + 6);
  EXPECT_EQ(record.usage.at("dev").usage.num_queries, 6 * record.usage.at("dev").num_evaluations);
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

TEST_F(TrialRunTest, TheRuleDevLossTestsThePromptOfLeastDevLoss) {
  auto spec = small_experiment();
  spec.selection.rule = SelectionRule::kDevLoss;
  TrialProblem context(spec, models_.view(spec.model));
  TrialRun run({.id = "t", .method = "soft", .resolved_yaml = ""}, context);
  while (!run.is_finished()) step(run);
  double least = std::numeric_limits<double>::infinity();
  for (const auto& point : dev_points_) least = std::min(least, cross_entropy_on_dev(point));
  const ScoredPrompt& best = run.record().best;
  EXPECT_NEAR(best.splits.at("dev").loss, least, 1e-6);
  EXPECT_NEAR(cross_entropy_on_dev(best.prompt.point), least, 1e-6);
}

TEST_F(TrialRunTest, TheRulesOfLossesTestThePromptOfLeastLoss) {
  for (const SelectionRule rule : {SelectionRule::kTrainDevLoss, SelectionRule::kTrainLoss}) {
    auto spec = small_experiment();
    spec.selection.rule = rule;
    dev_points_.clear();
    TrialProblem context(spec, models_.view(spec.model));
    TrialRun run({.id = "t", .method = "soft", .resolved_yaml = ""}, context);
    while (!run.is_finished()) step(run);
    const double dev_share = rule == SelectionRule::kTrainDevLoss ? 1.0 : 0.0;
    const auto loss_of = [&](const std::vector<double>& point) {
      return cross_entropy_on(Split::kTrain, point) +
             dev_share * cross_entropy_on(Split::kDev, point);
    };
    double least = std::numeric_limits<double>::infinity();
    for (const auto& point : dev_points_) least = std::min(least, loss_of(point));
    EXPECT_NEAR(loss_of(run.record().best.prompt.point), least, 1e-6);
  }
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
    if (item.split == Split::kTrain && item.member == 2) result.fail("no answer");
  });
  EXPECT_EQ(run.record().state, TrialState::kRunning);
  EXPECT_EQ(run.record().usage.at("search").num_failed, 1);
  EXPECT_TRUE(std::isinf(run.record().generations.back().worst_fitness));
  EXPECT_TRUE(std::isfinite(run.record().generations.back().median_fitness));
  while (!run.is_finished()) step(run);
  EXPECT_EQ(run.record().state, TrialState::kDone);
}

TEST_F(TrialRunTest, AGenerationThatFailsWholeFailsTheTrial) {
  auto run = fresh_run();
  step(run, [](const WorkItem&, WorkResult& result) { result.fail("server gone"); });
  EXPECT_EQ(run.record().state, TrialState::kFailed);
  EXPECT_THAT(run.record().failure, ::testing::HasSubstr("server gone"));
}

TEST_F(TrialRunTest, CanFailByASingleEvaluationWhichIsCounted) {
  auto run = fresh_run();
  step(run);
  (void)run.next_group();
  run.fail_item(Split::kTrain, "server gone");
  EXPECT_EQ(run.record().state, TrialState::kFailed);
  EXPECT_THAT(run.record().failure, ::testing::HasSubstr("at every attempt: server gone"));
  EXPECT_EQ(run.record().usage.at("search").num_failed, 1);
}

TEST_F(TrialRunTest, AFailedFinalEvaluationFailsTheTrial) {
  auto run = fresh_run();
  while (!run.is_finished()) {
    step(run, [](const WorkItem& item, WorkResult& result) {
      if (item.split == Split::kTest) result.fail("server gone");
    });
  }
  EXPECT_EQ(run.record().state, TrialState::kFailed);
}

TEST_F(TrialRunTest, RefusesTheCheckpointOfOtherData) {
  auto run = fresh_run();
  step(run);
  auto spec = small_experiment();
  spec.seed = 9;
  TrialProblem other_context(spec, models_.view(spec.model));
  TrialRun other({.id = "t", .method = "soft", .resolved_yaml = "x: 1"}, other_context);
  try {
    other.restore(run.save(), "some.checkpoint.h5");
    FAIL() << "did not throw";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("some.checkpoint.h5"));
  }
}

TEST_F(TrialRunTest, RefusesABudgetBelowOneGenerationInAnyUnit) {
  // A generation is 6 evaluations of 8 queries in 2 calls.
  const std::vector<BudgetOptions> budgets = {{.evaluations = 5},
                                              {.evaluations = 0, .queries = 47},
                                              {.evaluations = 0, .calls = 11},
                                              {.evaluations = 0, .tokens = 300}};
  for (const BudgetOptions& budget : budgets) {
    auto spec = small_experiment();
    spec.budget = budget;
    TrialProblem context(spec, models_.view(spec.model));
    EXPECT_THROW(TrialRun({.id = "t", .method = "soft", .resolved_yaml = ""}, context),
                 ConfigError);
  }
}

struct DiscreteTrialRunTest : TrialRunTest {
  // Three words at two positions: few prompts, so that many come again.
  static ExperimentSpec few_prompts() {
    auto spec = small_experiment();
    spec.prompt.kind = PromptKind::kDiscrete;
    spec.prompt.length = 2;
    spec.prompt.discrete.words = {"great", "awful", "the"};
    spec.prompt.discrete.dimension_per_token = 2;
    spec.budget.evaluations = 60;
    return spec;
  }
  DiscreteTrialRunTest() : TrialRunTest(few_prompts()) {}
};

TEST_F(DiscreteTrialRunTest, AsksNoPromptTwiceAndCountsWhatTheCacheAnswers) {
  auto run = fresh_run();
  std::multiset<std::string> asked;
  while (!run.is_finished()) {
    auto group = run.next_group();
    std::set<std::pair<Split, std::int32_t>> members;
    for (const WorkItem& item : group.items(0, 0, 0)) {
      if (item.split == Split::kTrain && run.record().stop_reason.empty() &&
          members.insert({item.split, item.member}).second) {
        asked.insert(trial_.problem.prompt_key(item.point));
      }
      group.settle(item, trial_.evaluator.run(item));
    }
    run.absorb(group, 1.0);
  }
  const auto& usage = run.record().usage.at("search");
  EXPECT_EQ(usage.num_evaluations, 60);
  EXPECT_GT(usage.num_cached, 40);
  EXPECT_EQ(usage.usage.num_queries, (usage.num_evaluations - usage.num_cached) * 8);
  EXPECT_EQ(asked.size(), std::set<std::string>(asked.begin(), asked.end()).size());
  EXPECT_EQ(static_cast<std::int64_t>(asked.size()), usage.num_evaluations - usage.num_cached);
}

TEST_F(DiscreteTrialRunTest, KeepsTheCacheAcrossARestart) {
  auto whole = fresh_run();
  while (!whole.is_finished()) step(whole);
  for (const int cut : {1, 3, 6}) {
    auto first = fresh_run();
    for (int i = 0; i < cut; ++i) step(first);
    auto second = fresh_run();
    second.restore(first.save(), "file");
    while (!second.is_finished()) step(second);
    EXPECT_EQ(digest(second.record()), digest(whole.record())) << "cut behind group " << cut;
  }
}

TEST_F(DiscreteTrialRunTest, ASearchThatOnlyRepeatsItselfEnds) {
  auto spec = few_prompts();
  spec.budget = {.evaluations = 0, .queries = 1000000};
  spec.optimizer.cma_es.is_stagnation_stop = false;
  spec.optimizer.kind = OptimizerKind::kRandomSearch;
  TrialProblem context(spec, models_.view(spec.model));
  TrialRun run({.id = "t", .method = "discrete", .resolved_yaml = ""}, context);
  while (!run.is_finished()) step(run);
  EXPECT_EQ(run.record().stop_reason, "cached");
  EXPECT_LE(run.record().usage.at("search").usage.num_queries, 9 * 8);
}

TEST_F(TrialRunTest, KeepsEveryLimitOfTheBudget) {
  for (const BudgetOptions& budget : {BudgetOptions{.evaluations = 0, .queries = 200},
                                      BudgetOptions{.evaluations = 0, .calls = 50},
                                      BudgetOptions{.evaluations = 0, .tokens = 5000},
                                      BudgetOptions{.evaluations = 13, .queries = 1000}}) {
    auto spec = small_experiment();
    spec.budget = budget;
    TrialProblem context(spec, models_.view(spec.model));
    TrialRun run({.id = "t", .method = "soft", .resolved_yaml = ""}, context);
    while (!run.is_finished()) step(run);
    const auto& used = run.record().usage.at("search");
    const auto per_evaluation =
        used.usage.num_tokens / used.num_evaluations;  // soft: always the same
    EXPECT_EQ(run.record().stop_reason, "budget");
    const auto is_tight = [](std::int64_t limit, std::int64_t spent, std::int64_t per_generation) {
      return limit > 0 && spent <= limit && spent + per_generation > limit;
    };
    EXPECT_TRUE(is_tight(budget.evaluations, used.num_evaluations, 6) ||
                is_tight(budget.queries, used.usage.num_queries, 48) ||
                is_tight(budget.calls, used.usage.num_calls, 12) ||
                is_tight(budget.tokens, used.usage.num_tokens, 6 * per_evaluation));
    EXPECT_TRUE(budget.queries == 0 || used.usage.num_queries <= budget.queries);
  }
}

TEST_F(TrialRunTest, CalibratedScoresLoseTheirMeanOnTrainEverywhere) {
  auto spec = small_experiment();
  spec.scoring.calibration = Calibration::kFewShot;
  testing::TrialParts trial(spec, models_);
  TrialRun run({.id = "t", .method = "soft", .resolved_yaml = ""}, trial.problem);
  while (!run.is_finished()) step(run);
  const ScoredPrompt& best = run.record().best;
  const auto scores = [&](Split split) {
    const auto n = static_cast<std::int64_t>(trial.problem.examples(split).size());
    const auto result =
        trial.evaluator.run({.split = split, .begin = 0, .end = n, .point = best.prompt.point});
    return RowMatrixXd(Eigen::Map<const RowMatrixXd>(result.label_scores.data(), n, 2));
  };
  const Eigen::RowVectorXd means = scores(Split::kTrain).colwise().mean();
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest}) {
    const RowMatrixXd calibrated = scores(split).rowwise() - means;
    const auto& found = best.splits.at(to_string(split)).predicted;
    for (Eigen::Index i = 0; i < calibrated.rows(); ++i) {
      if (std::abs(calibrated(i, 1) - calibrated(i, 0)) < 1e-4) continue;  // batches differ in bits
      EXPECT_EQ(found[static_cast<std::size_t>(i)], calibrated(i, 1) > calibrated(i, 0) ? 1 : 0);
    }
  }
}

TEST_F(TrialRunTest, TheRuleLastTestsTheLastFavourite) {
  auto spec = small_experiment();
  spec.selection.rule = SelectionRule::kLast;
  TrialProblem context(spec, models_.view(spec.model));
  TrialRun run({.id = "t", .method = "soft", .resolved_yaml = ""}, context);
  dev_points_.clear();
  while (!run.is_finished()) step(run);
  EXPECT_EQ(run.record().best.prompt.point, dev_points_.back());
  EXPECT_EQ(run.record().best.generation, run.record().generations.back().generation);
}

TEST_F(TrialRunTest, WithoutTheBaselineNoQueryGoesToTheManualPrompt) {
  auto spec = small_experiment();
  spec.is_manual_scored = false;
  TrialProblem context(spec, models_.view(spec.model));
  TrialRun run({.id = "t", .method = "soft", .resolved_yaml = ""}, context);
  while (!run.is_finished()) step(run);
  EXPECT_TRUE(run.record().manual.splits.empty());
  EXPECT_EQ(run.record().usage.at("test").usage.num_queries, 8 + 16);
}

}  // namespace
}  // namespace bbprompt
