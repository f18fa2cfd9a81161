// Workers that are at several items at once, items that have to wait for their time, and results
// that know only some of what was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/sched/scheduler.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

WorkItem item(std::uint64_t id, std::int32_t trial = 0) {
  return {.id = id, .trial = trial, .begin = 8, .end = 12, .point = {}};
}

WorkResult scored(std::uint64_t id) { return {.id = id, .state = WorkResult::State::kScored}; }

WorkResult deferred(std::uint64_t id, double seconds) {
  return {.id = id,
          .state = WorkResult::State::kDeferred,
          .error = "too many requests",
          .retry_after_seconds = seconds};
}

WorkResult partial(std::uint64_t id, std::vector<std::int32_t> missing) {
  return {.id = id, .missing = std::move(missing), .error = "no answer", .is_retryable = true};
}

void submit(Scheduler& scheduler, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t id = first; id < end; ++id) scheduler.submit(item(id));
}

// "id->worker" of every assignment there is.
std::vector<std::string> assign_all(Scheduler& scheduler, double now = 0.0) {
  std::vector<std::string> assignments;
  while (const auto next = scheduler.next_assignment(now)) {
    assignments.push_back(std::to_string(next->item.id) + "->" + std::to_string(next->worker));
  }
  return assignments;
}

std::vector<std::uint64_t> ids_of(const std::vector<WorkItem>& items) {
  std::vector<std::uint64_t> ids;
  ids.reserve(items.size());
  for (const WorkItem& each : items) ids.push_back(each.id);
  return ids;
}

TEST(SchedulerSlots, AWorkerGetsWhatItIsAtAndWhatWaitsThere) {
  Scheduler scheduler({.slots = 3, .waiting = 2});
  scheduler.add_worker(1);
  submit(scheduler, 0, 9);
  EXPECT_THAT(assign_all(scheduler), ElementsAre("0->1", "1->1", "2->1", "3->1", "4->1"));
  EXPECT_TRUE(scheduler.complete(1, scored(2), 0.0).value().is_settled) << "in any order";
  EXPECT_THAT(assign_all(scheduler), ElementsAre("5->1"));
}

TEST(SchedulerSlots, WorkersAreFilledByTheShareOfTheirSlots) {
  Scheduler scheduler({.slots = 1, .waiting = 1});
  scheduler.add_worker(1);
  scheduler.add_worker(2, 4);
  submit(scheduler, 0, 9);
  EXPECT_THAT(assign_all(scheduler),
              ElementsAre("0->1", "1->2", "2->2", "3->2", "4->2", "5->1", "6->2"));
  EXPECT_EQ(scheduler.num_waiting(), 2U);
}

TEST(SchedulerSlots, ALostWorkerHasTriedWhatItWasAt) {
  Scheduler scheduler({.max_attempts = 1, .slots = 2, .waiting = 2});
  scheduler.add_worker(1);
  submit(scheduler, 0, 4);
  EXPECT_EQ(assign_all(scheduler).size(), 4U);
  (void)scheduler.complete(1, scored(0), 0.0);
  scheduler.add_worker(2);
  EXPECT_THAT(ids_of(scheduler.worker_lost(1)), ElementsAre(1U, 2U)) << "2 came up when 0 was done";
  EXPECT_THAT(assign_all(scheduler), ElementsAre("3->2")) << "3 only waited there";
}

TEST(SchedulerSlots, AHungWorkerHasTriedWhatIsOverdue) {
  Scheduler scheduler({.max_attempts = 1, .slots = 3, .waiting = 1});
  scheduler.add_worker(1);
  submit(scheduler, 0, 4);
  EXPECT_EQ(assign_all(scheduler).size(), 4U);
  scheduler.add_worker(2);
  EXPECT_THAT(ids_of(scheduler.worker_hung(1, {1, 3})), ElementsAre(1U)) << "3 only waits there";
  EXPECT_THAT(assign_all(scheduler), ElementsAre("0->2", "2->2", "3->2"));
  EXPECT_FALSE(scheduler.complete(1, scored(0), 0.0).has_value()) << "another copy counts";
  EXPECT_EQ(scheduler.num_hung(), 0U);
  EXPECT_TRUE(scheduler.complete(2, scored(0), 0.0).value().is_settled);
}

TEST(SchedulerSlots, WhatAHungWorkerIsStillAtKeepsItsSlots) {
  Scheduler scheduler({.slots = 2, .waiting = 0});
  scheduler.add_worker(1);
  submit(scheduler, 0, 2);
  EXPECT_EQ(assign_all(scheduler).size(), 2U);
  (void)scheduler.worker_hung(1, {0});
  EXPECT_THAT(assign_all(scheduler), IsEmpty());
  EXPECT_FALSE(scheduler.complete(1, scored(1), 0.0).has_value());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("0->1")) << "beside its first attempt";
}

TEST(SchedulerSlots, NeedsASlot) {
  EXPECT_THROW(Scheduler({.slots = 0}), Error);
  EXPECT_THROW(Scheduler({.waiting = -1}), Error);
  Scheduler scheduler;
  EXPECT_THROW(scheduler.add_worker(1, -1), Error);
}

TEST(SchedulerDeferral, ADeferredItemWaitsForItsTimeAndThenGoesFirst) {
  Scheduler scheduler({.max_attempts = 1, .waiting = 0});
  scheduler.add_worker(1);
  submit(scheduler, 0, 3);
  EXPECT_FALSE(scheduler.next_time().has_value());
  EXPECT_THAT(assign_all(scheduler, 9.0), ElementsAre("0->1"));
  const auto done = scheduler.complete(1, deferred(0, 2.5), 10.0);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->item.id, 0U);
  EXPECT_FALSE(done->is_settled) << "a deferral uses up no attempt";
  EXPECT_EQ(scheduler.next_time(), 12.5);
  EXPECT_EQ(scheduler.num_waiting(), 3U);
  EXPECT_THAT(assign_all(scheduler, 12.4), ElementsAre("1->1")) << "others go meanwhile";
  (void)scheduler.complete(1, scored(1), 12.4);
  const auto next = scheduler.next_assignment(12.5);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->item.id, 0U) << "before item 2, and to the same worker";
  EXPECT_EQ(next->item.attempt, 2) << "so that answers are told apart";
  EXPECT_FALSE(scheduler.next_time().has_value());
  EXPECT_TRUE(scheduler.complete(1, scored(0), 13.0).value().is_settled);
}

TEST(SchedulerDeferral, TheEarliestTimeCounts) {
  Scheduler scheduler({.slots = 3});
  scheduler.add_worker(1);
  submit(scheduler, 0, 3);
  EXPECT_EQ(assign_all(scheduler).size(), 3U);
  (void)scheduler.complete(1, deferred(0, 5.0), 0.0);
  (void)scheduler.complete(1, deferred(1, 3.0), 1.0);
  (void)scheduler.complete(1, deferred(2, 0.0), 1.0);
  EXPECT_EQ(scheduler.next_time(), 1.0);
  EXPECT_THAT(assign_all(scheduler, 1.0), ElementsAre("2->1"));
  EXPECT_EQ(scheduler.next_time(), 4.0);
  EXPECT_THAT(assign_all(scheduler, 9.0), ElementsAre("0->1", "1->1"));
}

TEST(SchedulerDeferral, ACancelledTrialHasNothingDeferred) {
  Scheduler scheduler;
  scheduler.add_worker(1);
  scheduler.submit(item(0, 4));
  (void)scheduler.next_assignment(0.0);
  (void)scheduler.complete(1, deferred(0, 1.0), 0.0);
  scheduler.cancel_trial(4);
  EXPECT_FALSE(scheduler.next_time().has_value());
  EXPECT_EQ(scheduler.num_waiting(), 0U);
  EXPECT_NO_THROW(scheduler.submit(item(0))) << "its id is free again";
}

TEST(SchedulerPartial, OnlyWhatIsMissingIsAskedAgain) {
  Scheduler scheduler({.max_attempts = 3});
  scheduler.add_worker(1);
  scheduler.submit(item(0));
  EXPECT_THAT(scheduler.next_assignment(0.0).value().item.only, IsEmpty());
  auto done = scheduler.complete(1, partial(0, {1, 3}), 0.0);
  EXPECT_FALSE(done.value().is_settled);
  EXPECT_THAT(done.value().item.only, IsEmpty()) << "as the worker had it";
  EXPECT_THAT(scheduler.next_assignment(0.0).value().item.only, ElementsAre(1, 3));
  WorkResult later = deferred(0, 1.0);
  later.missing = {3};
  done = scheduler.complete(1, later, 0.0);
  EXPECT_THAT(done.value().item.only, ElementsAre(1, 3));
  EXPECT_THAT(scheduler.next_assignment(1.0).value().item.only, ElementsAre(3));
  EXPECT_FALSE(scheduler.complete(1, partial(0, {}), 1.0).value().is_settled);
  EXPECT_THAT(scheduler.next_assignment(1.0).value().item.only, ElementsAre(3))
      << "nothing is known of what was asked";
  done = scheduler.complete(1, partial(0, {3}), 1.0);
  EXPECT_TRUE(done.value().is_settled) << "its third failure";
  EXPECT_THAT(done.value().item.only, ElementsAre(3));
}

TEST(SchedulerPartial, WhatWasNotAskedCannotBeMissing) {
  for (const std::vector<std::int32_t>& missing :
       {std::vector<std::int32_t>{4}, {-1, 2}, {0}, {1, 2, 3}}) {
    Scheduler scheduler;
    scheduler.add_worker(1);
    scheduler.submit(item(0));
    (void)scheduler.next_assignment(0.0);
    if (missing.front() >= 0 && missing.back() < 4) {
      (void)scheduler.complete(1, partial(0, {1, 3}), 0.0);
      (void)scheduler.next_assignment(0.0);
    }
    EXPECT_THROW((void)scheduler.complete(1, partial(0, missing), 0.0), CommError)
        << missing.front();
  }
}

}  // namespace
}  // namespace bbprompt
