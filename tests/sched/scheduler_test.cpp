#include "bbprompt/sched/scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "id->worker" of every assignment there is.
std::vector<std::string> assign_all(Scheduler& scheduler) {
  std::vector<std::string> assignments;
  while (const auto next = scheduler.next_assignment(0.0)) {
    assignments.push_back(std::to_string(next->item.id) + "->" + std::to_string(next->worker));
  }
  return assignments;
}

WorkItem item(std::uint64_t id, std::int32_t trial = 0, Split split = Split::kTrain) {
  return {.id = id, .trial = trial, .split = split, .point = {1.0, 2.0}};
}

WorkResult success(std::uint64_t id) { return {.id = id, .state = WorkResult::State::kScored}; }

WorkResult failure(std::uint64_t id) { return {.id = id, .error = "failed", .is_retryable = true}; }

WorkResult permanent_failure(std::uint64_t id) {
  return {.id = id, .error = "failed", .is_retryable = false};
}

// The item that the answer settles.
std::optional<WorkItem> settled_by(Scheduler& scheduler, int worker, const WorkResult& result) {
  auto done = scheduler.complete(worker, result, 0.0);
  if (!done || !done->is_settled) return std::nullopt;
  return std::move(done->item);
}

Scheduler with_workers(const std::vector<int>& workers, const SchedulerOptions& options = {}) {
  Scheduler scheduler(options);
  for (const int worker : workers) scheduler.add_worker(worker);
  return scheduler;
}

std::vector<std::uint64_t> ids_of(const std::vector<WorkItem>& items) {
  std::vector<std::uint64_t> ids;
  ids.reserve(items.size());
  for (const WorkItem& each : items) ids.push_back(each.id);
  return ids;
}

TEST(Scheduler, ItemsOfOneTrialGoOutInOrderToTheLeastLoadedWorkers) {
  Scheduler scheduler = with_workers({3, 1, 2});
  for (std::uint64_t id = 0; id < 8; ++id) scheduler.submit(item(id));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("0->1", "1->2", "2->3", "3->1", "4->2", "5->3"));
  EXPECT_EQ(scheduler.num_waiting(), 2U);
  EXPECT_EQ(scheduler.num_in_flight(), 6U);
  EXPECT_TRUE(settled_by(scheduler, 2, success(4)).has_value());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("6->2"));
}

TEST(Scheduler, AnAssignedItemIsTheSubmittedOne) {
  Scheduler scheduler = with_workers({1});
  scheduler.submit({.id = 5,
                    .trial = 2,
                    .group = 9,
                    .member = 4,
                    .split = Split::kDev,
                    .begin = 1,
                    .end = 3,
                    .kind = WorkItem::Kind::kManual,
                    .point = {0.5}});
  const auto assignment = scheduler.next_assignment(0.0);
  ASSERT_TRUE(assignment.has_value());
  const auto settled = settled_by(scheduler, 1, success(5));
  ASSERT_TRUE(settled.has_value());
  EXPECT_EQ(assignment->item.serialize(), settled->serialize());
  EXPECT_EQ(settled->group, 9);
  EXPECT_EQ(settled->point, std::vector<double>{0.5});
}

TEST(Scheduler, TrialsTakeTurnsHoweverManyItemsOneHas) {
  Scheduler scheduler = with_workers({1}, {.waiting = 6});
  for (std::uint64_t id = 0; id < 4; ++id) scheduler.submit(item(id, 5));
  for (std::uint64_t id = 10; id < 12; ++id) scheduler.submit(item(id, 2));
  scheduler.submit(item(20, 9));
  EXPECT_THAT(assign_all(scheduler),
              ElementsAre("10->1", "0->1", "20->1", "11->1", "1->1", "2->1", "3->1"));
}

TEST(Scheduler, TestItemsFillInWhenNothingElseWaits) {
  Scheduler scheduler = with_workers({1}, {.waiting = 3});
  scheduler.submit(item(1, 0, Split::kTest));
  scheduler.submit(item(2, 0, Split::kDev));
  scheduler.submit(item(3, 1, Split::kTest));
  scheduler.submit(item(4, 1, Split::kTrain));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("2->1", "4->1", "1->1", "3->1"));
}

TEST(Scheduler, AWorkerThatServedTheTrialIsPreferredAmongEquallyLoaded) {
  Scheduler scheduler = with_workers({1, 2, 3}, {.waiting = 0});
  for (std::int32_t trial = 0; trial < 3; ++trial) {
    scheduler.submit(item(static_cast<std::uint64_t>(trial), trial));
  }
  EXPECT_THAT(assign_all(scheduler), ElementsAre("0->1", "1->2", "2->3"));
  for (int worker = 1; worker <= 3; ++worker) {
    EXPECT_TRUE(
        settled_by(scheduler, worker, success(static_cast<std::uint64_t>(worker - 1))).has_value());
  }
  scheduler.submit(item(12, 2));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("12->3"));
  scheduler.submit(item(11, 1));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("11->2"));
  scheduler.submit(item(13, 7));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("13->1")) << "nobody served trial 7";
}

TEST(Scheduler, ALessLoadedWorkerIsPreferredToOneThatServedTheTrial) {
  Scheduler scheduler = with_workers({1, 2});
  scheduler.submit(item(1, 4));
  scheduler.submit(item(2, 4));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1", "2->2"));
}

TEST(Scheduler, WhatSettlesAnItem) {
  struct Case {
    std::string name;
    int max_attempts;
    std::vector<WorkResult> answers;  // of the only worker, one per attempt
    bool is_settled;
  };
  const std::vector<Case> cases = {
      {"success", 3, {success(7)}, true},
      {"a failure that would come again", 3, {permanent_failure(7)}, true},
      {"one failure of three", 3, {failure(7)}, false},
      {"two failures of three", 3, {failure(7), failure(7)}, false},
      {"three failures of three", 3, {failure(7), failure(7), failure(7)}, true},
      {"success after failures", 3, {failure(7), failure(7), success(7)}, true},
      {"the only attempt", 1, {failure(7)}, true},
  };
  for (const Case& given : cases) {
    Scheduler scheduler = with_workers({1}, {.max_attempts = given.max_attempts});
    scheduler.submit(item(7));
    bool is_settled = false;
    for (const WorkResult& answer : given.answers) {
      ASSERT_FALSE(is_settled) << given.name;
      ASSERT_THAT(assign_all(scheduler), ElementsAre("7->1")) << given.name;
      is_settled = settled_by(scheduler, 1, answer).has_value();
    }
    EXPECT_EQ(is_settled, given.is_settled) << given.name;
    EXPECT_EQ(scheduler.num_waiting(), given.is_settled ? 0U : 1U) << given.name;
    EXPECT_EQ(scheduler.num_in_flight(), 0U) << given.name;
  }
}

TEST(Scheduler, AnswersThatAreNotAwaitedAreIgnored) {
  Scheduler scheduler = with_workers({1, 2});
  scheduler.submit(item(7));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("7->1"));
  EXPECT_FALSE(scheduler.complete(1, success(8), 0.0).has_value()) << "unknown item";
  EXPECT_FALSE(scheduler.complete(2, success(7), 0.0).has_value()) << "not this worker's item";
  EXPECT_FALSE(scheduler.complete(9, success(7), 0.0).has_value()) << "unknown worker";
  EXPECT_TRUE(scheduler.complete(1, success(7), 0.0).has_value());
  EXPECT_FALSE(scheduler.complete(1, success(7), 0.0).has_value()) << "repeated";
}

TEST(Scheduler, ARetriedItemGoesToAnotherWorkerAheadOfTheOthers) {
  Scheduler scheduler = with_workers({1, 2}, {.waiting = 0});
  for (std::uint64_t id = 1; id <= 5; ++id) scheduler.submit(item(id));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1", "2->2"));
  EXPECT_FALSE(settled_by(scheduler, 1, failure(1)).has_value());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("3->1")) << "item 1 waits for worker 2";
  EXPECT_TRUE(settled_by(scheduler, 2, success(2)).has_value());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->2"));
  EXPECT_FALSE(settled_by(scheduler, 2, failure(1)).has_value());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->2")) << "failed on all: any may have it";
}

TEST(Scheduler, AnItemWaitingForAnotherWorkerReturnsWhenThatOneIsLost) {
  Scheduler scheduler = with_workers({1, 2}, {.waiting = 0});
  scheduler.submit(item(1));
  scheduler.submit(item(2));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1", "2->2"));
  EXPECT_FALSE(settled_by(scheduler, 1, failure(1)).has_value());
  EXPECT_THAT(assign_all(scheduler), IsEmpty());
  EXPECT_THAT(scheduler.worker_lost(2), IsEmpty());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1"));
  EXPECT_TRUE(settled_by(scheduler, 1, success(1)).has_value());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("2->1"));
}

TEST(Scheduler, ItemsOfALostWorkerAreGivenOutFirstInTheirOldOrder) {
  Scheduler scheduler = with_workers({1, 2});
  for (std::uint64_t id = 1; id <= 6; ++id) scheduler.submit(item(id));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1", "2->2", "3->1", "4->2"));
  EXPECT_THAT(scheduler.worker_lost(1), IsEmpty());
  EXPECT_FALSE(scheduler.complete(1, success(1), 0.0).has_value())
      << "late answer of a lost worker";
  scheduler.add_worker(5);
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->5", "3->5"));
  EXPECT_THAT(scheduler.worker_lost(77), IsEmpty()) << "unknown worker";
}

TEST(Scheduler, AnItemThatWorkersDieOfIsGivenUpAndThoseBehindItAreNot) {
  Scheduler scheduler = with_workers({1, 2, 3}, {.max_attempts = 2});
  scheduler.submit(item(1));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1"));
  EXPECT_THAT(scheduler.worker_lost(1), IsEmpty());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->2"));
  scheduler.submit(item(2));
  scheduler.submit(item(3));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("2->3", "3->2"));
  EXPECT_THAT(ids_of(scheduler.worker_lost(2)), ElementsAre(1U));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("3->3"));
  EXPECT_FALSE(settled_by(scheduler, 3, failure(3)).has_value()) << "its first attempt that counts";
}

TEST(Scheduler, LosingTheLastWorkerIsAnError) {
  Scheduler scheduler = with_workers({1, 2});
  scheduler.submit(item(1));
  EXPECT_THAT(scheduler.worker_lost(1), IsEmpty());
  EXPECT_THROW((void)scheduler.worker_lost(2), Error);
  EXPECT_EQ(scheduler.num_workers(), 0U);
  EXPECT_THAT(assign_all(scheduler), IsEmpty());
}

TEST(Scheduler, ACancelledTrialIsNeitherHandedOutNorAwaited) {
  Scheduler scheduler = with_workers({1}, {.waiting = 1});
  scheduler.submit(item(1, 0));
  scheduler.submit(item(2, 1));
  scheduler.submit(item(3, 0));
  scheduler.submit(item(4, 1));
  scheduler.submit(item(5, 0, Split::kTest));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1", "2->1"));
  scheduler.cancel_trial(0);
  EXPECT_EQ(scheduler.num_waiting(), 1U);
  EXPECT_EQ(scheduler.num_in_flight(), 1U);
  EXPECT_THAT(assign_all(scheduler), IsEmpty()) << "the worker is still at item 1";
  EXPECT_FALSE(settled_by(scheduler, 1, failure(1)).has_value());
  EXPECT_THAT(assign_all(scheduler), ElementsAre("4->1"));
  scheduler.submit(item(3, 0));
  EXPECT_EQ(scheduler.num_waiting(), 1U) << "ids of dropped items are free";
}

TEST(Scheduler, ACancelledTrialIsNotRetried) {
  Scheduler scheduler = with_workers({1, 2}, {.waiting = 0});
  scheduler.submit(item(1, 0));
  scheduler.submit(item(2, 1));
  EXPECT_THAT(assign_all(scheduler), ElementsAre("1->1", "2->2"));
  EXPECT_FALSE(settled_by(scheduler, 1, failure(1)).has_value());
  EXPECT_EQ(scheduler.num_waiting(), 1U);
  scheduler.cancel_trial(0);
  EXPECT_EQ(scheduler.num_waiting(), 0U);
  scheduler.cancel_trial(1);
  EXPECT_THAT(scheduler.worker_lost(2), IsEmpty());
  EXPECT_THAT(assign_all(scheduler), IsEmpty());
}

TEST(Scheduler, MisuseIsRefused) {
  EXPECT_THROW(Scheduler({.max_attempts = 0}), Error);
  EXPECT_THROW(Scheduler({.slots = 0}), Error);
  Scheduler scheduler = with_workers({1});
  EXPECT_THROW(scheduler.add_worker(1), Error);
  scheduler.submit(item(7));
  EXPECT_THROW(scheduler.submit(item(7)), Error);
  EXPECT_THAT(assign_all(scheduler), ElementsAre("7->1"));
  EXPECT_THROW(scheduler.submit(item(7)), Error);
}

}  // namespace
}  // namespace bbprompt
