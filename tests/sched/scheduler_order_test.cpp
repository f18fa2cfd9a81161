// Which trial comes next, and which worker serves it: long trials, and models that workers hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bbprompt/sched/scheduler.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;

WorkItem item(std::uint64_t id, std::int32_t trial) {
  return {.id = id, .trial = trial, .point = {}};
}

WorkResult scored(std::uint64_t id) { return {.id = id, .state = WorkResult::State::kScored}; }

// Trials in the order that one worker of unlimited patience gets them.
std::vector<std::int32_t> turns(const std::map<std::int32_t, double>& costs, int num_each,
                                std::size_t num_shown) {
  Scheduler scheduler({.waiting = 1000000});
  scheduler.add_worker(1);
  std::uint64_t id = 0;
  for (const auto& [trial, cost] : costs) {
    if (cost > 0.0) scheduler.set_trial_cost(trial, cost);
    for (int i = 0; i < num_each; ++i) scheduler.submit(item(id++, trial));
  }
  std::vector<std::int32_t> trials;
  while (trials.size() < num_shown) {
    const auto next = scheduler.next_assignment(0.0);
    if (!next) break;
    trials.push_back(next->item.trial);
  }
  return trials;
}

TEST(SchedulerOrder, EqualTrialsTakeTurns) {
  EXPECT_THAT(turns({{1, 5.0}, {2, 5.0}, {3, 5.0}}, 2, 9), ElementsAre(1, 2, 3, 1, 2, 3));
  EXPECT_THAT(turns({{1, 0.0}, {2, 0.0}}, 2, 9), ElementsAre(1, 2, 1, 2));
}

TEST(SchedulerOrder, TurnsGoByTheWorkThatIsLeftUpToFourToOne) {
  for (const auto& [ratio, expected] :
       std::map<double, std::ptrdiff_t>{{1.0, 20}, {2.0, 13}, {3.0, 10}, {4.0, 8}, {1000.0, 8}}) {
    const auto trials = turns({{1, ratio * 100.0}, {2, 100.0}}, 100, 40);
    EXPECT_NEAR(static_cast<double>(std::count(trials.begin(), trials.end(), 2)),
                static_cast<double>(expected), 1.0)
        << ratio;
  }
}

TEST(SchedulerOrder, ATrialThatWasAwayTakesItsTurnAndNoMore) {
  Scheduler scheduler({.waiting = 1000000});
  scheduler.add_worker(1);
  for (std::uint64_t id = 0; id < 20; ++id) scheduler.submit(item(id, 1));
  for (int i = 0; i < 10; ++i) (void)scheduler.next_assignment(0.0);
  for (std::uint64_t id = 100; id < 104; ++id) scheduler.submit(item(id, 0));
  std::array<std::int32_t, 6> trials{};
  for (auto& trial : trials) trial = scheduler.next_assignment(0.0)->item.trial;
  EXPECT_THAT(trials, ElementsAre(0, 1, 0, 1, 0, 1));
}

// Rounds until trials of so many generations end, four items each, on four workers that take one
// round for an item: a long trial, and short ones that would keep the workers busy without it.
int rounds_until_done(const std::map<std::int32_t, int>& generations, bool tells_costs) {
  Scheduler scheduler({.waiting = 0});
  for (int worker = 1; worker <= 4; ++worker) scheduler.add_worker(worker);
  std::map<std::int32_t, int> left = generations;
  std::map<std::int32_t, int> open;
  std::uint64_t id = 0;
  const auto submit = [&](std::int32_t trial) {
    if (tells_costs) scheduler.set_trial_cost(trial, left[trial]);
    for (int i = 0; i < 4; ++i) scheduler.submit(item(id++, trial));
    open[trial] = 4;
  };
  for (const auto& [trial, count] : generations) submit(trial);
  int rounds = 0;
  for (;; ++rounds) {
    std::vector<Assignment> given;
    while (const auto next = scheduler.next_assignment(0.0)) given.push_back(*next);
    if (given.empty()) return rounds;
    for (const Assignment& each : given) {
      (void)scheduler.complete(each.worker, scored(each.item.id), 0.0);
      const std::int32_t trial = each.item.trial;
      if (--open[trial] == 0 && --left[trial] > 0) submit(trial);
    }
  }
}

TEST(SchedulerOrder, LongTrialsGetAheadSoThatTheTailIsShort) {
  // 4 items a generation on 4 workers: the work takes as many rounds as there are generations.
  const std::map<std::int32_t, int> generations = {{0, 10}, {1, 10}, {2, 10}, {3, 40}};
  EXPECT_GE(rounds_until_done(generations, false), 70);
  EXPECT_EQ(rounds_until_done(generations, true), 70);
}

TEST(SchedulerOrder, WorkersKeepTheModelTheyHold) {
  Scheduler scheduler({.waiting = 0});
  scheduler.add_worker(1);
  scheduler.add_worker(2);
  for (std::int32_t trial = 0; trial < 4; ++trial) scheduler.set_trial_model(trial, trial % 2);
  std::uint64_t id = 0;
  for (int i = 0; i < 8; ++i) {
    for (std::int32_t trial = 0; trial < 4; ++trial) scheduler.submit(item(id++, trial));
  }
  std::map<int, std::set<int>> models;
  std::deque<Assignment> in_flight;
  for (int count = 0; count < 32;) {
    while (const auto next = scheduler.next_assignment(0.0)) {
      models[next->worker].insert(next->item.trial % 2);
      in_flight.push_back(*next);
      ++count;
    }
    (void)scheduler.complete(in_flight.front().worker, scored(in_flight.front().item.id), 0.0);
    in_flight.pop_front();
  }
  EXPECT_THAT(models[1], ElementsAre(0));
  EXPECT_THAT(models[2], ElementsAre(1));
}

TEST(SchedulerOrder, AModelIsLoadedAnewRatherThanAWorkerLeftIdle) {
  Scheduler scheduler({.waiting = 0});
  scheduler.add_worker(1);
  scheduler.set_trial_model(0, 0);
  scheduler.set_trial_model(1, 1);
  scheduler.submit(item(0, 0));
  EXPECT_EQ(scheduler.next_assignment(0.0)->worker, 1);
  (void)scheduler.complete(1, scored(0), 0.0);
  scheduler.submit(item(1, 1));
  EXPECT_EQ(scheduler.next_assignment(0.0)->item.id, 1U);
}

TEST(SchedulerOrder, OfModelsThatDoNotFitTogetherTheLastUsedCount) {
  // Worker 1 has used model 0, then model 1; whether it still holds 0 is for the limit to say.
  for (const auto& [limit, first] : std::map<int, std::int32_t>{{0, 0}, {1, 1}, {2, 0}}) {
    Scheduler scheduler({.waiting = 0, .models_per_worker = limit});
    scheduler.add_worker(1);
    for (std::int32_t trial = 0; trial < 2; ++trial) {
      scheduler.set_trial_model(trial, trial);
      scheduler.submit(item(static_cast<std::uint64_t>(trial), trial));
      const auto next = scheduler.next_assignment(0.0);
      (void)scheduler.complete(1, scored(next->item.id), 0.0);
    }
    scheduler.submit(item(10, 0));
    scheduler.submit(item(11, 1));
    EXPECT_EQ(scheduler.next_assignment(0.0)->item.trial, first) << "limit " << limit;
  }
}

}  // namespace
}  // namespace bbprompt
