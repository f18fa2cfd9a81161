#include "bbprompt/explain/choose_trials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

struct Trial {
  std::string id;
  std::string task;
  std::string method;
  PromptRecord::Kind kind = PromptRecord::Kind::kDiscrete;
  double dev_metric = 0.0;
  double dev_loss = 0.0;
  TrialState state = TrialState::kDone;
};

Results results_of(const std::vector<Trial>& trials) {
  Results results;
  for (const Trial& trial : trials) {
    TrialRecord record;
    record.id = trial.id;
    record.task = trial.task;
    record.method = trial.method;
    record.state = trial.state;
    if (trial.state == TrialState::kDone) {
      record.best.prompt.kind = trial.kind;
      record.best.prompt.point = {0.0};
      record.best.splits["dev"] = {.metric = trial.dev_metric, .loss = trial.dev_loss};
    } else {
      record.failure = "no answer";
    }
    results.trials.push_back(std::move(record));
  }
  return results;
}

const Results& sample() {
  static const Results kResults = results_of({
      {.id = "a-d-1", .task = "a", .method = "d", .dev_metric = 0.5, .dev_loss = 0.3},
      {.id = "a-d-2", .task = "a", .method = "d", .dev_metric = 0.6, .dev_loss = 0.3},
      {.id = "a-d-3", .task = "a", .method = "d", .dev_metric = 0.6, .dev_loss = 0.2},
      {.id = "a-s-1",
       .task = "a",
       .method = "s",
       .kind = PromptRecord::Kind::kSoft,
       .dev_metric = 0.7},
      {.id = "a-s-2", .task = "a", .method = "s", .state = TrialState::kFailed},
      {.id = "a-m-1",
       .task = "a",
       .method = "m",
       .kind = PromptRecord::Kind::kManual,
       .dev_metric = 0.9},
      {.id = "b-d-1", .task = "b", .method = "d", .dev_metric = 0.4},
      {.id = "b-d-12", .task = "b", .method = "d", .dev_metric = 0.4},
  });
  return kResults;
}

std::vector<std::string> ids_of(const TrialChoice& choice) {
  std::vector<std::string> ids;
  for (const std::size_t i : choose_trials(sample(), choice)) ids.push_back(sample().trials[i].id);
  return ids;
}

std::string error_of(const TrialChoice& choice) {
  try {
    (void)choose_trials(sample(), choice);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ChooseTrials, AWholeRunGivesTheBestLearnedPromptOfEachTask) {
  EXPECT_THAT(ids_of({}), ElementsAre("a-s-1", "b-d-1"));
}

TEST(ChooseTrials, ATaskGivesTheBestOfEachMethodByDevMetricThenLoss) {
  EXPECT_THAT(ids_of({.task = "a"}), ElementsAre("a-d-3", "a-s-1", "a-m-1"));
}

TEST(ChooseTrials, AMethodGivesTheBestOfEachTaskTheFirstOfEqualOnes) {
  EXPECT_THAT(ids_of({.method = "d"}), ElementsAre("a-d-3", "b-d-1"));
}

TEST(ChooseTrials, TaskAndMethodGiveOne) {
  EXPECT_THAT(ids_of({.task = "a", .method = "m"}), ElementsAre("a-m-1"));
}

TEST(ChooseTrials, AnIdOrItsBeginningGivesThatTrial) {
  EXPECT_THAT(ids_of({.id = "a-d-2"}), ElementsAre("a-d-2"));
  EXPECT_THAT(ids_of({.id = "a-m"}), ElementsAre("a-m-1"));
  EXPECT_THAT(ids_of({.id = "b-d-1"}), ElementsAre("b-d-1"));  // whole, though b-d-12 begins so
}

TEST(ChooseTrials, WhatIsNotThereIsRefusedWithWhatIs) {
  EXPECT_THAT(error_of({.task = "c"}), HasSubstr("there are: a, b"));
  EXPECT_THAT(error_of({.method = "x"}), HasSubstr("there are: d, s, m"));
  EXPECT_THAT(error_of({.id = "x"}), HasSubstr("a-d-1"));
  EXPECT_THAT(error_of({.id = "a-d"}), HasSubstr("a-d-1, a-d-2, a-d-3"));
  EXPECT_THAT(error_of({.id = "a-s-2"}), HasSubstr("no answer"));
  EXPECT_THAT(error_of({.task = "b", .id = "a-m-1"}), HasSubstr("has task a"));
  EXPECT_THAT(error_of({.task = "b", .method = "s"}), HasSubstr("expected a trial that is done"));
}

TEST(ChooseTrials, WithoutLearnedPromptsEveryKindCounts) {
  const auto results =
      results_of({{.id = "x", .task = "a", .method = "m", .kind = PromptRecord::Kind::kManual}});
  EXPECT_THAT(choose_trials(results, {}), ElementsAre(0U));
}

}  // namespace
}  // namespace bbprompt
