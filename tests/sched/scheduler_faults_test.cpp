// What the scheduler does with evaluations and workers that go wrong, as tables of events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/sched/scheduler.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A script drives the scheduler and notes what it says. Events, with numbers of workers and items:
//   "+1"       item 1 is submitted           "assign"  all there is to assign: "1.1>2" is attempt 1
//   "2:1.1"    worker 2 answers item 1, attempt 1, with success: "1 ok" when that settles it
//   "2:1.1x"   the same, failed and worth another attempt; "2:1.1X": not worth it
//   "hung 2"   worker 2 is overdue; "lost 2": is gone; items that failed for good: "1 failed"
struct Player {
  explicit Player(int num_workers, const SchedulerOptions& options) : scheduler(options) {
    for (int worker = 1; worker <= num_workers; ++worker) scheduler.add_worker(worker);
  }

  void assign() {
    while (const auto next = scheduler.next_assignment(0.0)) {
      said.push_back(std::to_string(next->item.id) + "." + std::to_string(next->item.attempt) +
                     ">" + std::to_string(next->worker));
    }
  }

  void answer(const std::string& event) {
    const auto colon = event.find(':');
    const auto dot = event.find('.');
    WorkResult result;
    result.id = std::stoull(event.substr(colon + 1));
    result.attempt = std::stoi(event.substr(dot + 1));
    const bool has_failed = event.back() == 'x' || event.back() == 'X';
    result.state = has_failed ? WorkResult::State::kFailed : WorkResult::State::kScored;
    result.is_retryable = event.back() == 'x';
    const auto done = scheduler.complete(std::stoi(event), result, 0.0);
    if (done && done->is_settled)
      said.push_back(std::to_string(done->item.id) + (result.ok() ? " ok" : " failed"));
  }

  void give_up(const std::vector<WorkItem>& items) {
    for (const WorkItem& item : items) said.push_back(std::to_string(item.id) + " failed");
  }

  void play(const std::string& event) {
    if (event.front() == '+') {
      scheduler.submit({.id = std::stoull(event.substr(1)), .point = {}});
    } else if (event == "assign") {
      assign();
    } else if (event.starts_with("hung ")) {
      give_up(scheduler.worker_hung(std::stoi(event.substr(5))));
    } else if (event.starts_with("lost ")) {
      give_up(scheduler.worker_lost(std::stoi(event.substr(5))));
    } else {
      answer(event);
    }
  }

  Scheduler scheduler;
  std::vector<std::string> said;
};

struct Case {
  std::string name;
  int num_workers;
  int max_attempts;
  std::vector<std::string> events;
  std::vector<std::string> said;
};

const std::vector<Case> kCases = {
    {"an evaluation that throws goes to another worker, then on to the next",
     3,
     3,
     {"+1", "assign", "1:1.1x", "assign", "2:1.2x", "assign", "3:1.3"},
     {"1.1>1", "1.2>2", "1.3>3", "1 ok"}},
    {"after the last attempt it has failed for good",
     3,
     2,
     {"+1", "assign", "1:1.1x", "assign", "2:1.2x", "assign"},
     {"1.1>1", "1.2>2", "1 failed"}},
    {"what would fail everywhere is not tried again",
     3,
     3,
     {"+1", "assign", "1:1.1X", "assign"},
     {"1.1>1", "1 failed"}},
    {"items of a hung worker go to others, the one it is at to those that did not hang on it",
     2,
     3,
     {"+1", "+2", "+3", "assign", "hung 1", "assign", "2:2.1", "assign", "2:1.2", "2:3.2"},
     {"1.1>1", "2.1>2", "3.1>1", "1.2>2", "2 ok", "3.2>2", "1 ok", "3 ok"}},
    {"a hung worker gets nothing until it answers, and its late answer is discarded",
     2,
     3,
     {"+1", "assign", "hung 1", "assign", "+2", "+3", "assign", "2:1.2", "1:1.1", "assign"},
     {"1.1>1", "1.2>2", "2.1>2", "1 ok", "3.1>1"}},
    {"a late answer is discarded while the item waits",
     1,
     3,
     {"+1", "assign", "hung 1", "1:1.1", "assign", "1:1.2"},
     {"1.1>1", "1.2>1", "1 ok"}},
    {"a late answer does not stand for the attempt that the same worker has now",
     1,
     3,
     {"+1", "+2", "assign", "hung 1", "1:1.1", "assign", "1:2.1", "assign", "1:1.2", "1:2.2"},
     {"1.1>1", "2.1>1", "1.2>1", "2.2>1", "1 ok", "2 ok"}},
    {"a late failure counts no attempt twice",
     2,
     2,
     {"+1", "assign", "hung 1", "assign", "1:1.1x", "2:1.2"},
     {"1.1>1", "1.2>2", "1 ok"}},
    {"an item that every worker hangs on is given up",
     3,
     2,
     {"+1", "assign", "hung 1", "assign", "hung 2", "assign"},
     {"1.1>1", "1.2>2", "1 failed"}},
    {"hanging twice is one event",
     2,
     2,
     {"+1", "assign", "hung 1", "hung 1", "assign", "2:1.2"},
     {"1.1>1", "1.2>2", "1 ok"}},
    {"a hung worker that is lost loses nothing more",
     2,
     3,
     {"+1", "assign", "hung 1", "lost 1", "assign", "1:1.1", "2:1.2"},
     {"1.1>1", "1.2>2", "1 ok"}},
    {"items of a lost worker go to others",
     2,
     3,
     {"+1", "+2", "assign", "lost 2", "assign", "1:1.1", "1:2.2"},
     {"1.1>1", "2.1>2", "2.2>1", "1 ok", "2 ok"}},
};

TEST(SchedulerFaults, EveryCourseOfEventsEndsAsDocumented) {
  for (const Case& given : kCases) {
    Player player(given.num_workers, {.max_attempts = given.max_attempts});
    for (const std::string& event : given.events) player.play(event);
    EXPECT_EQ(player.said, given.said) << given.name;
    EXPECT_EQ(player.scheduler.num_waiting(), 0U) << given.name;
  }
}

TEST(SchedulerFaults, AllWorkersMayHangAtOnce) {
  Player player(2, {});
  for (const auto* event : {"+1", "+2", "assign", "hung 1", "hung 2", "assign"}) player.play(event);
  EXPECT_EQ(player.scheduler.num_hung(), 2U);
  EXPECT_EQ(player.scheduler.num_waiting(), 2U);
  player.play("2:2.1");
  EXPECT_EQ(player.scheduler.num_hung(), 1U);
  player.said.clear();
  player.play("assign");
  EXPECT_THAT(player.said, ElementsAre("1.2>2", "2.2>2"));
}

TEST(SchedulerFaults, ATrialThatIsCancelledIsForgottenByHungWorkersToo) {
  Player player(2, {});
  for (const auto* event : {"+1", "assign", "hung 1", "assign"}) player.play(event);
  player.scheduler.cancel_trial(0);
  player.said.clear();
  for (const auto* event : {"1:1.1", "2:1.2", "assign"}) player.play(event);
  EXPECT_THAT(player.said, IsEmpty());
  EXPECT_EQ(player.scheduler.num_in_flight(), 0U);
  EXPECT_NO_THROW(player.play("+1")) << "its id is free again";
}

}  // namespace
}  // namespace bbprompt
