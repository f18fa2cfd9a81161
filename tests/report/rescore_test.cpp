#include "bbprompt/report/rescore.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "report/scoring_of.hpp"
#include "tests/report/predicted_run.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::predicted_trial;

StoredScores scores(const std::vector<std::vector<float>>& rows) {
  StoredScores matrix(static_cast<Eigen::Index>(rows.size()),
                      static_cast<Eigen::Index>(rows.front().size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = rows[i][j];
    }
  }
  return matrix;
}

// Label 0 has an advantage of 2 on every row.
TrialRecord scored_trial(std::uint64_t seed = 1) {
  TrialRecord trial =
      predicted_trial("task", "search", seed, {.gold = {0, 1, 1, 0}, .predicted = {0, 0, 0, 0}});
  testing::set_calibration(trial, "none");
  trial.objective = "cross_entropy";
  trial.gold["train"] = {0, 1};
  trial.gold["dev"] = {1, 0};
  auto& splits = trial.best.splits;
  splits["test"].label_scores = scores({{3, 0}, {2, 1}, {2, 1}, {3, 0}});
  splits["train"] = {.metric = 0.5, .accuracy = 0.5, .loss = 0.5, .predicted = {0, 0}};
  splits["train"].label_scores = scores({{3, 0}, {2, 1}});
  splits["dev"] = {.metric = 0.5, .accuracy = 0.5, .loss = 0.5, .predicted = {0, 0}};
  splits["dev"].label_scores = scores({{2, 1}, {9, 0}});
  return trial;
}

std::vector<std::int32_t> predictions(const TrialRecord& trial) {
  return trial.best.splits.at("test").predicted;
}

TrialRecord rescored_one(Recalibration calibration) {
  return rescored({.run = {}, .trials = {scored_trial()}}, {.calibrations = {calibration}})
      .trials.front();
}

TEST(Rescore, GivesWhatTheRunHadAndWhatItWouldHaveHad) {
  const TrialRecord as_run = rescored_one(Recalibration::kAsRun);
  EXPECT_THAT(predictions(as_run), ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(as_run.best.splits.at("test").metric, 0.5);
  // Means on train are 2.5 and 0.5.
  const TrialRecord few_shot = rescored_one(Recalibration::kFewShot);
  EXPECT_THAT(predictions(few_shot), ElementsAre(0, 1, 1, 0));
  EXPECT_EQ(few_shot.best.splits.at("test").metric, 1.0);
  EXPECT_EQ(few_shot.best.splits.at("test").accuracy, 1.0);
  // Margins of 1 on all four rows: log(1 + exp(-1)).
  EXPECT_NEAR(few_shot.best.splits.at("test").loss, std::log1p(std::exp(-1.0)), 1e-12);
  EXPECT_TRUE(is_calibrated(few_shot));
  EXPECT_FALSE(is_calibrated(as_run));
}

TEST(Rescore, TakesMeansFromTheRowsThatItNames) {
  // Train and dev together: 4 and 0.5, so label 0 loses everywhere. The test rows: 2.5 and 0.5.
  EXPECT_THAT(predictions(rescored_one(Recalibration::kTrainDev)), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(predictions(rescored_one(Recalibration::kBatch)), ElementsAre(0, 1, 1, 0));
}

TEST(Rescore, NamesMethodsAfterSeveralCalibrations) {
  const Results both = rescored({.run = {}, .trials = {scored_trial()}},
                                {.calibrations = {Recalibration::kNone, Recalibration::kFewShot}});
  ASSERT_EQ(both.trials.size(), 2U);
  EXPECT_EQ(both.trials[0].method, "search, none");
  EXPECT_EQ(both.trials[1].method, "search, few_shot");
  EXPECT_EQ(all_but_scoring(both.trials[0]), all_but_scoring(both.trials[1]));
}

TEST(Rescore, JoinsTheBestOnDev) {
  std::vector<TrialRecord> trials{scored_trial(1), scored_trial(2), scored_trial(3)};
  // The first is sure that rows 1 and 2 are of label 1, the second says 0 a little more often than
  // not. The third is worst on dev, and sure of the opposite.
  trials[0].best.splits["test"].label_scores = scores({{5, 0}, {0, 5}, {0, 5}, {5, 0}});
  trials[1].best.splits["test"].label_scores = scores({{1, 0}, {1, 0}, {1, 0}, {1, 0}});
  trials[2].best.splits["test"].label_scores = scores({{0, 99}, {99, 0}, {99, 0}, {0, 99}});
  trials[2].best.splits["dev"].label_scores = scores({{1, 0}, {0, 1}});
  const Results joined = rescored({.run = {}, .trials = trials}, {.ensemble = 2});
  ASSERT_EQ(joined.trials.size(), 4U);
  const TrialRecord& ensemble = joined.trials.back();
  EXPECT_EQ(ensemble.method, "search, ensemble of 2");
  EXPECT_THAT(predictions(ensemble), ElementsAre(0, 1, 1, 0));
  EXPECT_EQ(ensemble.usage.at("search").usage.num_queries, 300) << "100 and 200";
  EXPECT_THROW((void)rescored({.run = {}, .trials = trials}, {.ensemble = 4}), UsageError);
}

TEST(Rescore, SaysWhichTrialHasNoScores) {
  TrialRecord trial = scored_trial();
  trial.best.splits["test"].label_scores.resize(0, 0);
  try {
    (void)rescored({.run = {}, .trials = {trial}}, {});
    ADD_FAILURE() << "there was nothing to score";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("trial \"task-search-s1\": expected label scores of test"));
  }
}

}  // namespace
}  // namespace bbprompt
