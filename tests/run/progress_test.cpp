#include "bbprompt/run/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

RunProgress example() {
  RunProgress progress;
  progress.name = "sweep \"1\"";
  progress.seconds_left = std::numeric_limits<double>::quiet_NaN();
  progress.trials = {{.id = "a",
                      .state = TrialStanding::kDone,
                      .num_queries = 10,
                      .num_queries_planned = 20,
                      .failure = {}},
                     {.id = "b",
                      .state = TrialStanding::kFailed,
                      .num_queries = 5,
                      .num_queries_planned = 5,
                      .failure = "why"}};
  progress.trials[0].dev_metric = std::numeric_limits<double>::quiet_NaN();
  return progress;
}

TEST(Progress, SumsOverTrials) {
  EXPECT_EQ(example().num_queries(), 15);
  EXPECT_EQ(example().num_queries_planned(), 25);
  EXPECT_EQ(example().count(TrialStanding::kFailed), 1);
  EXPECT_EQ(example().count(TrialStanding::kWaiting), 0);
}

TEST(Progress, IsPlainJsonWithNullForWhatIsUnknown) {
  const testing::TemporaryFolder folder;
  write_progress(folder / "status.json", example());
  const auto json = parse_json(testing::read_text(folder / "status.json"));
  EXPECT_EQ(json["name"], "sweep \"1\"");
  EXPECT_TRUE(json["seconds_left"].is_null());
  EXPECT_EQ(json["trials"][1]["failure"], "why");
  const RunProgress again = read_progress(folder / "status.json");
  EXPECT_TRUE(std::isnan(again.trials[0].dev_metric));
  EXPECT_EQ(again.trials[1].num_queries, 5);
}

TEST(Progress, OfWorkersAndFailuresIsReadBack) {
  const testing::TemporaryFolder folder;
  RunProgress progress = example();
  progress.num_retried = 7;
  progress.num_given_up = 2;
  progress.failures = {{.reason = "out of \"memory\"", .count = 9, .rank = 3}};
  progress.workers = {{.rank = 1, .num_items = 4, .num_queries = 30, .seconds = 2.0},
                      {.rank = 2, .state = WorkerState::kHung, .num_items = 1, .num_failed = 1}};
  write_progress(folder / "status.json", progress);
  const RunProgress again = read_progress(folder / "status.json");
  EXPECT_EQ(again.num_retried, 7);
  EXPECT_EQ(again.num_given_up, 2);
  ASSERT_EQ(again.failures.size(), 1U);
  EXPECT_EQ(again.failures[0].reason, "out of \"memory\"");
  EXPECT_EQ(again.failures[0].count, 9);
  EXPECT_EQ(again.failures[0].rank, 3);
  ASSERT_EQ(again.workers.size(), 2U);
  EXPECT_EQ(again.workers[0].queries_per_second(), 15.0);
  EXPECT_EQ(again.workers[1].state, WorkerState::kHung);
  EXPECT_EQ(again.workers[1].num_failed, 1);
  EXPECT_TRUE(std::isnan(again.workers[1].queries_per_second()));
}

TEST(Progress, ATrialIsALineAndOneThatWaitsIsShort) {
  const testing::TemporaryFolder folder;
  RunProgress progress = example();
  progress.trials.assign(2000, {.id = "definitions-discrete-s1-01234567",
                                .num_generations_planned = 12,
                                .num_queries_planned = 3456,
                                .failure = {}});
  write_progress(folder / "status.json", progress);
  const std::string text = testing::read_text(folder / "status.json");
  EXPECT_LT(text.size(), 2000U * 130U);
  EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 2000);
  const RunProgress again = read_progress(folder / "status.json");
  EXPECT_EQ(again.count(TrialStanding::kWaiting), 2000);
  EXPECT_EQ(again.num_queries_planned(), 2000 * 3456);  // the whole run's, not what has begun
  EXPECT_EQ(again.trials[7].num_generations_planned, 12);
}

TEST(Progress, EveryCutOfTheFileIsRefusedWithItsName) {
  const testing::TemporaryFolder folder;
  write_progress(folder / "status.json", example());
  const std::string whole = testing::read_text(folder / "status.json");
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    testing::write_text(folder / "status.json", whole.substr(0, size));
    try {
      (void)read_progress(folder / "status.json");
      FAIL() << size;
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("status.json"));
    }
  }
}

}  // namespace
}  // namespace bbprompt
