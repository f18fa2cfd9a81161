#include "bbprompt/report/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/report/sample_run.hpp"

namespace bbprompt {
namespace {

using testing::sample_run;
using testing::sample_trial;

TEST(MeanDeviation, MatchesFiguresWorkedOutByHand) {
  const std::vector<double> values{2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};  // squares sum to 32
  const MeanDeviation result = mean_deviation(values);
  EXPECT_EQ(result.num_values, 8);
  EXPECT_DOUBLE_EQ(result.mean, 5.0);
  EXPECT_DOUBLE_EQ(result.deviation.value(), std::sqrt(32.0 / 7.0));
}

TEST(MeanDeviation, HasNoDeviationForOneValueAndNoMeanForNone) {
  const std::vector<double> one{3.0};
  EXPECT_EQ(mean_deviation(one).mean, 3.0);
  EXPECT_FALSE(mean_deviation(one).deviation.has_value());
  EXPECT_TRUE(std::isnan(mean_deviation({}).mean));
  EXPECT_FALSE(mean_deviation({}).deviation.has_value());
}

TEST(Summary, GroupsTasksAndMethodsInTheOrderOfThePlan) {
  const Summary summary = summarize(sample_run());
  ASSERT_EQ(summary.rows.size(), 3U);
  const std::pair<std::string, std::string> expected[] = {
      {"mrpc", "soft"}, {"mrpc", "discrete"}, {"trec", "soft"}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(summary.rows[i].task, expected[i].first);
    EXPECT_EQ(summary.rows[i].method, expected[i].second);
  }
}

TEST(Summary, AveragesOverSeeds) {
  const SummaryRow row = summarize(sample_run()).rows[0];
  EXPECT_EQ(row.num_done, 3);
  EXPECT_EQ(row.num_failed, 0);
  EXPECT_DOUBLE_EQ(row.test.mean, 0.8);  // 0.8 0.7 0.9
  EXPECT_NEAR(row.test.deviation.value(), 0.1, 1e-15);
  EXPECT_DOUBLE_EQ(row.dev.mean, 0.8);  // 0.9 0.9 0.6
  EXPECT_NEAR(row.dev.deviation.value(), std::sqrt(0.03), 1e-15);
  EXPECT_DOUBLE_EQ(row.manual_test.mean, 0.5);
  EXPECT_EQ(row.manual_test.deviation.value(), 0.0);
  EXPECT_NEAR(row.gain.mean, 0.3, 1e-15);
  EXPECT_NEAR(row.gain.deviation.value(), 0.1, 1e-15);
  EXPECT_DOUBLE_EQ(row.queries.mean, 200.0);
}

TEST(Summary, CountsFailedTrialsWithoutAveragingThem) {
  const SummaryRow row = summarize(sample_run()).rows[1];
  EXPECT_EQ(row.num_done, 1);
  EXPECT_EQ(row.num_failed, 1);
  EXPECT_EQ(row.test.num_values, 1);
  EXPECT_DOUBLE_EQ(row.test.mean, 0.45);
  EXPECT_FALSE(row.test.deviation.has_value());
  EXPECT_NEAR(row.gain.mean, -0.05, 1e-15);
}

TEST(Summary, ChoosesThePromptOnDevAndNeverOnTest) {
  const Results results = sample_run();
  const SummaryRow row = summarize(results).rows[0];
  // Seeds 1 and 2 tie on dev, 2 has the lower dev loss; seed 3 is best on test.
  ASSERT_TRUE(row.best_trial.has_value());
  EXPECT_EQ(results.trials[*row.best_trial].seed, 2U);
}

TEST(Summary, ChoosesATrialWithADevMetricOverOneWithout) {
  Results results = sample_run();
  results.trials[0].best.splits.erase("dev");
  results.trials[3].best.splits["dev"].metric = std::numeric_limits<double>::quiet_NaN();
  const SummaryRow row = summarize(results).rows[0];
  EXPECT_EQ(results.trials[row.best_trial.value()].seed, 3U);
}

TEST(Summary, KeepsDifferentMetricsApart) {
  Results results = sample_run();
  results.trials[3].metric = "macro_f1";
  const Summary summary = summarize(results);
  ASSERT_EQ(summary.rows.size(), 4U);
  EXPECT_EQ(summary.rows[2].metric, "macro_f1");
  EXPECT_EQ(summary.rows[2].num_done, 1);
}

TEST(Summary, HasNoFiguresWhereNoTrialIsDone) {
  Results results;
  results.trials = {sample_trial("trec", "soft", 1, {})};
  results.trials[0].state = TrialState::kFailed;
  const SummaryRow row = summarize(results).rows.at(0);
  EXPECT_EQ(row.num_failed, 1);
  EXPECT_EQ(row.test.num_values, 0);
  EXPECT_FALSE(row.best_trial.has_value());
  EXPECT_TRUE(summarize({}).rows.empty());
}

}  // namespace
}  // namespace bbprompt
