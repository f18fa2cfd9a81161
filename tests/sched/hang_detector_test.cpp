#include "bbprompt/sched/hang_detector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr HangOptions kOptions = {
    .first_seconds = 100.0, .floor_seconds = 5.0, .factor = 10.0, .max_step_seconds = 1e9};

WorkItem item(std::uint64_t id, std::int64_t size = 10, std::int32_t trial = 0) {
  return {.id = id, .trial = trial, .begin = 0, .end = size, .point = {}};
}

WorkResult answer(std::uint64_t id, double seconds) {
  return {.id = id, .state = WorkResult::State::kScored, .seconds = seconds};
}

std::vector<int> workers_of(const std::vector<Overdue>& all) {
  std::vector<int> workers;
  workers.reserve(all.size());
  for (const Overdue& each : all) workers.push_back(each.worker);
  return workers;
}

TEST(HangDetector, WhatAnItemMayTake) {
  struct Case {
    std::string name;
    double measured;  // seconds of an item of 10 examples, by the same worker
    std::int64_t size;
    double allowed;
  };
  const std::vector<Case> cases = {
      {"ten times what was measured", 2.0, 10, 20.0},
      {"by size", 2.0, 25, 50.0},
      {"no less than the floor", 0.01, 10, 5.0},
      {"an item without examples counts as one", 20.0, 0, 20.0},
  };
  for (const Case& given : cases) {
    HangDetector detector(kOptions);
    detector.given(1, item(1), 0.0);
    detector.answered(1, answer(1, given.measured), 2.0);
    detector.given(1, item(2, given.size), 3.0);
    EXPECT_DOUBLE_EQ(detector.allowed_seconds(1), given.allowed) << given.name;
    EXPECT_THAT(workers_of(detector.overdue(3.0 + given.allowed)), IsEmpty()) << given.name;
    EXPECT_THAT(workers_of(detector.overdue(3.1 + given.allowed)), ElementsAre(1)) << given.name;
  }
}

TEST(HangDetector, IsPatientWithTheFirstItemsOfATrial) {
  HangDetector detector(kOptions);
  EXPECT_TRUE(std::isinf(detector.allowed_seconds(1)));
  detector.given(1, item(1), 0.0);
  detector.given(2, item(2), 0.0);
  EXPECT_EQ(detector.allowed_seconds(1), 100.0) << "nothing measured yet";
  detector.answered(1, answer(1, 1.0), 1.0);
  EXPECT_EQ(detector.allowed_seconds(2), 100.0) << "worker 2 may still be reading the model";
  detector.given(1, item(3), 1.0);
  EXPECT_EQ(detector.allowed_seconds(1), 10.0);
  detector.given(1, item(4, 10, 7), 1.0);
  detector.answered(1, answer(3, 1.0), 2.0);
  EXPECT_EQ(detector.allowed_seconds(1), 100.0) << "another trial";
}

TEST(HangDetector, TheSlowestOfTheRecentEvaluationsCounts) {
  HangDetector detector(kOptions);
  std::uint64_t id = 0;
  const auto measure = [&](double seconds) {
    detector.given(1, item(id), 0.0);
    detector.answered(1, answer(id++, seconds), 0.0);
  };
  for (const double seconds : {1.0, 9.0, 1.0}) measure(seconds);
  detector.given(2, item(1000), 0.0);
  detector.given(1, item(2000), 0.0);
  EXPECT_DOUBLE_EQ(detector.allowed_seconds(1), 90.0);
  WorkResult failed = answer(2000, 500.0);
  failed.fail("out of memory");
  detector.answered(1, failed, 0.0);
  for (int i = 0; i < 64; ++i) measure(1.0);
  detector.given(1, item(3000), 0.0);
  EXPECT_DOUBLE_EQ(detector.allowed_seconds(1), 10.0) << "the nine seconds are long ago";
}

TEST(HangDetector, OnlyTheItemAWorkerIsAtIsTimed) {
  HangDetector detector(kOptions);
  detector.given(1, item(0), 0.0);
  detector.answered(1, answer(0, 1.0), 0.0);
  detector.given(1, item(1), 0.0);
  detector.given(1, item(2), 0.0);
  detector.answered(1, answer(1, 9.0), 9.0);
  EXPECT_THAT(workers_of(detector.overdue(15.0)), IsEmpty()) << "item 2 began at 9";
  detector.answered(1, answer(2, 6.0), 15.0);
  EXPECT_THAT(workers_of(detector.overdue(1e6)), IsEmpty()) << "idle workers are not overdue";
}

TEST(HangDetector, AHungWorkerIsToldOnceUntilItAnswers) {
  HangDetector detector(kOptions);
  detector.given(1, item(1), 0.0);
  detector.given(2, item(2), 0.0);
  detector.given(2, item(3), 0.0);
  EXPECT_THAT(workers_of(detector.overdue(101.0)), ElementsAre(1, 2));
  EXPECT_THAT(workers_of(detector.overdue(1000.0)), IsEmpty());
  detector.answered(2, answer(2, 1000.0), 1001.0);
  EXPECT_THAT(workers_of(detector.overdue(1000.0 + 1e5)), ElementsAre(2))
      << "hangs again, at item 3";
  detector.forget_worker(1);
  EXPECT_TRUE(std::isinf(detector.allowed_seconds(1)));
}

TEST(HangDetector, TimeInWhichTheMasterStoodStillDoesNotCount) {
  HangOptions options = kOptions;
  options.max_step_seconds = 1.0;
  HangDetector detector(options);
  detector.given(1, item(1), 0.0);
  EXPECT_THAT(workers_of(detector.overdue(5000.0)), IsEmpty())
      << "suspended, or in one long evaluation itself";
  std::vector<int> overdue;
  double now = 5000.0;
  while (overdue.empty() && now < 6000.0) overdue = workers_of(detector.overdue(now += 0.5));
  EXPECT_NEAR(now, 5099.5, 1.0);
}

TEST(HangDetector, AnswersOfOtherAttemptsAreSignsOfLife) {
  HangDetector detector(kOptions);
  WorkItem second = item(1);
  second.attempt = 2;
  detector.given(1, second, 0.0);
  WorkResult first = answer(1, 1.0);
  first.attempt = 1;
  detector.answered(1, first, 50.0);
  EXPECT_THAT(workers_of(detector.overdue(149.0)), IsEmpty());
  EXPECT_THAT(workers_of(detector.overdue(151.0)), ElementsAre(1)) << "attempt 2 is still out";
}

// Worker 1 of two slots has answered for the trial: items of ten examples may take 10 seconds.
HangDetector with_two_slots() {
  HangDetector detector(kOptions);
  detector.set_slots(1, 2);
  detector.given(1, item(0), 0.0);
  detector.answered(1, answer(0, 1.0), 0.0);
  return detector;
}

TEST(HangDetectorSlots, EachItemUnderWayHasItsOwnTime) {
  HangDetector detector = with_two_slots();
  detector.given(1, item(1), 0.0);
  detector.given(1, item(2), 4.0);
  detector.given(1, item(3), 4.0);
  detector.answered(1, answer(2, 1.0), 5.0);  // 3 comes up
  const auto overdue = detector.overdue(10.5);
  ASSERT_THAT(workers_of(overdue), ElementsAre(1)) << "an answer of its other slot excuses nothing";
  EXPECT_THAT(overdue[0].items, ElementsAre(1U));
  EXPECT_DOUBLE_EQ(overdue[0].allowed_seconds, 10.0);
}

TEST(HangDetectorSlots, WhatWaitsIsNotTimed) {
  HangDetector detector = with_two_slots();
  for (std::uint64_t id = 1; id < 4; ++id) detector.given(1, item(id), 0.0);
  detector.answered(1, answer(1, 9.0), 9.0);
  detector.answered(1, answer(2, 9.0), 9.5);
  EXPECT_THAT(detector.overdue(15.0), IsEmpty()) << "3 began at 9";
}

TEST(HangDetectorSlots, AllThatIsOverdueIsNamed) {
  HangDetector detector = with_two_slots();
  for (std::uint64_t id = 1; id < 4; ++id) detector.given(1, item(id), 0.0);
  const auto overdue = detector.overdue(11.0);
  ASSERT_THAT(workers_of(overdue), ElementsAre(1));
  EXPECT_THAT(overdue[0].items, ElementsAre(1U, 2U));
}

TEST(HangDetectorSlots, AnItemThatNeverEndsMakesItsWorkerOverdueOnce) {
  HangDetector detector = with_two_slots();
  detector.given(1, item(1), 0.0);
  detector.given(1, item(2), 5.0);
  EXPECT_THAT(workers_of(detector.overdue(11.0)), ElementsAre(1));
  detector.answered(1, answer(2, 7.0), 12.0);
  for (std::uint64_t id = 3; id < 100; ++id) {
    const double now = 12.0 + static_cast<double>(id);
    detector.given(1, item(id), now);
    EXPECT_THAT(detector.overdue(now + 0.5), IsEmpty()) << "item 1 was moved to others";
    detector.answered(1, answer(id, 1.0), now + 0.5);
  }
  detector.given(1, item(100), 200.0);
  const auto overdue = detector.overdue(300.0);
  ASSERT_THAT(workers_of(overdue), ElementsAre(1)) << "another item is overdue";
  EXPECT_THAT(overdue[0].items, ElementsAre(100U));
}

TEST(HangDetectorSlots, FewerExamplesMayTakeLessTime) {
  HangDetector detector = with_two_slots();
  WorkItem rest = item(1);
  rest.only = {2, 3, 5, 6, 7, 8};
  detector.given(1, rest, 0.0);
  EXPECT_DOUBLE_EQ(detector.allowed_seconds(1), 6.0);
}

}  // namespace
}  // namespace bbprompt
