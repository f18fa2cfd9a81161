#include "bbprompt/sched/dispatch_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>

namespace bbprompt {
namespace {

using ::testing::ElementsAre;

// Trials of some groups with some items each. What happens to them is written down.
class ScriptedTrials : public TrialSet {
 public:
  // Items of each group, by trial.
  using Groups = std::vector<std::vector<int>>;
  explicit ScriptedTrials(Groups groups) : groups_(std::move(groups)) {}

  [[nodiscard]] bool may_start() override { return may_start_now; }
  void start(std::size_t trial) override {
    log.push_back("start " + std::to_string(trial));
    max_running = std::max(max_running, ++num_running);
  }
  [[nodiscard]] std::vector<WorkItem> next_items(std::size_t trial,
                                                 std::uint64_t first_id) override {
    std::vector<WorkItem> items;
    std::size_t& group = num_groups_[trial];
    if (group == groups_[trial].size()) {
      log.push_back("end " + std::to_string(trial));
      --num_running;
      return items;
    }
    num_open_[trial] = groups_[trial][group];
    for (int i = 0; i < num_open_[trial]; ++i) {
      items.push_back({.id = first_id + static_cast<std::uint64_t>(i),
                       .trial = static_cast<std::int32_t>(trial),
                       .group = static_cast<std::int64_t>(group),
                       .member = i,
                       .begin = 0,
                       .end = 4,
                       .point = {}});
    }
    ++group;
    return items;
  }
  [[nodiscard]] double work_left(std::size_t /*trial*/) const override { return 1.0; }
  [[nodiscard]] int model(std::size_t /*trial*/) const override { return 0; }
  [[nodiscard]] bool take(const Answer& answer) override {
    const auto trial = static_cast<std::size_t>(answer.item.trial);
    ++(answer.is_final ? num_final : num_retried)[answer.item.id];
    if (!answer.is_final) return false;
    if (!answer.result.ok()) failures.push_back(answer.result.error);
    return --num_open_[trial] == 0;
  }

  bool may_start_now = true;
  int num_running = 0;
  int max_running = 0;
  std::vector<std::string> log;
  std::vector<std::string> failures;
  std::map<std::uint64_t, int> num_final;  // answers, by item
  std::map<std::uint64_t, int> num_retried;

 private:
  Groups groups_;
  std::map<std::size_t, std::size_t> num_groups_;
  std::map<std::size_t, int> num_open_;
};

// Workers that answer first what they got first, each answer taking a second of their clock.
class ScriptedWorkers : public WorkerSet {
 public:
  using Judge = std::function<WorkResult(int worker, const WorkItem& item)>;
  explicit ScriptedWorkers(Judge judge = scored) : judge_(std::move(judge)) {}

  static WorkResult scored(int /*worker*/, const WorkItem& item) {
    WorkResult result;
    result.id = item.id;
    result.state = WorkResult::State::kScored;
    return result;
  }

  [[nodiscard]] double now() const override { return clock; }
  void give(int worker, WorkItem item) override { given.push_back({worker, std::move(item)}); }
  [[nodiscard]] std::optional<Answer> wait(double seconds) override {
    waits.push_back(seconds);
    if (given.empty()) {
      clock += seconds;
      return std::nullopt;
    }
    clock += 1.0;
    const auto [worker, item] = given.front();
    given.pop_front();
    return Answer{.worker = worker, .result = judge_(worker, item)};
  }

  double clock = 0.0;
  std::deque<std::pair<int, WorkItem>> given;
  std::vector<double> waits;

 private:
  Judge judge_;
};

void run(DispatchLoop& loop) {
  int num_turns = 0;
  while (loop.turn(0.5)) ASSERT_LT(++num_turns, 1000);
}

TEST(DispatchLoop, WorksThroughEveryGroupOfEveryTrialInTheGivenOrder) {
  ScriptedTrials trials(ScriptedTrials::Groups{{2, 1}, {3}, {1, 1, 1}});
  ScriptedWorkers workers;
  DispatchLoop loop({.order = {2, 0, 1}}, {7}, trials, workers);
  run(loop);
  EXPECT_EQ(trials.log[0], "start 2");
  EXPECT_EQ(trials.log[1], "start 0");
  EXPECT_EQ(std::count(trials.log.begin(), trials.log.end(), "end 1"), 1);
  EXPECT_EQ(trials.num_final.size(), 9U);
  for (const auto& [item, count] : trials.num_final) EXPECT_EQ(count, 1) << item;
  EXPECT_EQ(loop.next_item(), 9U);
  EXPECT_EQ(trials.max_running, 2);  // two for one worker
  EXPECT_FALSE(loop.has_active());
}

TEST(DispatchLoop, CountsItemsFromWhereARunBeforeItEnded) {
  ScriptedTrials trials(ScriptedTrials::Groups{{2}});
  ScriptedWorkers workers;
  DispatchLoop loop({.order = {0}, .first_item = 40}, {0}, trials, workers);
  run(loop);
  EXPECT_THAT(trials.num_final, ElementsAre(std::pair(40U, 1), std::pair(41U, 1)));
}

TEST(DispatchLoop, GivesAWorkerAsManyItemsAsItHasSlotsAndPlacesToWait) {
  ScriptedTrials trials(ScriptedTrials::Groups{{9}});
  ScriptedWorkers workers;
  DispatchLoop loop({.scheduler = {.slots = 3, .waiting = 2}, .order = {0}}, {0}, trials, workers);
  EXPECT_TRUE(loop.turn(0.5));
  EXPECT_EQ(workers.given.size(), 4U);  // five less the one that was answered
}

TEST(DispatchLoop, AFailedItemIsTriedAgainUntilItsAttemptsAreUsedUp) {
  ScriptedTrials trials(ScriptedTrials::Groups{{1}});
  ScriptedWorkers workers([](int, const WorkItem& item) {
    WorkResult result;
    result.id = item.id;
    result.fail("no luck");
    result.is_retryable = true;
    return result;
  });
  DispatchLoop loop({.scheduler = {.max_attempts = 3}, .order = {0}}, {1, 2}, trials, workers);
  run(loop);
  EXPECT_EQ(trials.num_retried[0], 2);
  EXPECT_THAT(trials.failures, ElementsAre("no luck"));
}

TEST(DispatchLoop, WaitsForATimeThatAnAnswerNamedAndUsesUpNoAttempt) {
  ScriptedTrials trials(ScriptedTrials::Groups{{1}});
  ScriptedWorkers workers([](int worker, const WorkItem& item) {
    WorkResult result = ScriptedWorkers::scored(worker, item);
    if (item.attempt > 5) return result;
    result.state = WorkResult::State::kDeferred;
    result.error = "busy";
    result.retry_after_seconds = 0.25;
    return result;
  });
  DispatchLoop loop({.scheduler = {.max_attempts = 1}, .order = {0}}, {1}, trials, workers);
  run(loop);
  EXPECT_TRUE(trials.failures.empty());
  EXPECT_EQ(trials.num_final[0], 1);
  // It never waits past the time when the item may go.
  EXPECT_EQ(std::count(workers.waits.begin(), workers.waits.end(), 0.25), 5);
}

TEST(DispatchLoop, TheItemsOfALostWorkerGoToOthers) {
  ScriptedTrials trials(ScriptedTrials::Groups{{4}});
  ScriptedWorkers workers;
  DispatchLoop loop({.order = {0}}, {1, 2}, trials, workers);
  EXPECT_TRUE(loop.turn(0.5));
  std::erase_if(workers.given, [](const auto& entry) { return entry.first == 1; });
  loop.worker_lost(1, "lost");
  run(loop);
  EXPECT_EQ(trials.num_final.size(), 4U);
  for (const auto& [item, count] : trials.num_final) EXPECT_EQ(count, 1) << item;
  EXPECT_TRUE(trials.failures.empty());
}

TEST(DispatchLoop, AnItemWhoseLastAttemptWasWithALostWorkerFailsForThatReason) {
  ScriptedTrials trials(ScriptedTrials::Groups{{2, 1}});
  ScriptedWorkers workers;
  DispatchLoop loop({.scheduler = {.max_attempts = 1}, .order = {0}}, {1, 2}, trials, workers);
  workers.given.clear();
  EXPECT_TRUE(loop.turn(0.5));  // worker 1 has answered
  EXPECT_TRUE(loop.has_active());
  std::erase_if(workers.given, [](const auto& entry) { return entry.first == 2; });
  loop.worker_hung(2, {}, "overdue");
  run(loop);
  EXPECT_THAT(trials.failures, ElementsAre("overdue"));
  EXPECT_EQ(trials.log.back(), "end 0");
}

TEST(DispatchLoop, StartsNothingWhileItMayNot) {
  ScriptedTrials trials(ScriptedTrials::Groups{{1}});
  trials.may_start_now = false;
  ScriptedWorkers workers;
  DispatchLoop loop({.order = {0}}, {1}, trials, workers);
  EXPECT_TRUE(loop.turn(0.5));
  EXPECT_TRUE(trials.log.empty());
  EXPECT_TRUE(workers.given.empty());
}

}  // namespace
}  // namespace bbprompt
