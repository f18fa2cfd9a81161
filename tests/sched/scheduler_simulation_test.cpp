// Scheduler against a simulated, misbehaving set of workers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/sched/scheduler.hpp"

namespace bbprompt {
namespace {

constexpr int kMaxAttempts = 3;
constexpr int kItemsPerWorker = 2;

// Workers answer in any order of each other, succeed, fail, repeat themselves, are lost with items
// in hand and answer after that. Trials are cancelled. Every choice comes from the stream.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : stream_({.seed = seed, .purpose = "scheduler_simulation"}),
        scheduler_({.max_attempts = kMaxAttempts, .waiting = kItemsPerWorker - 1}) {}

  void run(std::uint64_t num_items) {
    for (int worker = 1; worker <= 4; ++worker) join();
    while (next_id_ < num_items) {
      submit_some(num_items);
      step();
    }
    while (scheduler_.num_waiting() + scheduler_.num_in_flight() > 0) step();
    for (const auto& [id, trial] : submitted_) {
      const bool is_settled = settled_.contains(id);
      EXPECT_TRUE(is_settled || cancelled_.contains(id)) << "item " << id << " got lost";
    }
    trace_ += ";" + std::to_string(num_lost_) + " lost";
  }

  [[nodiscard]] const std::string& trace() const { return trace_; }
  [[nodiscard]] int num_lost() const { return num_lost_; }
  [[nodiscard]] std::size_t num_settled() const { return settled_.size(); }
  [[nodiscard]] std::size_t num_cancelled() const { return cancelled_.size(); }

 private:
  void join() {
    scheduler_.add_worker(next_worker_);
    inboxes_[next_worker_++];
  }

  void submit_some(std::uint64_t num_items) {
    for (auto k = stream_.below(12); k > 0 && next_id_ < num_items; --k) {
      const auto trial = static_cast<std::int32_t>(stream_.below(6));
      const auto split = static_cast<Split>(stream_.below(3));
      submitted_[next_id_] = trial;
      scheduler_.submit({.id = next_id_++, .trial = trial, .split = split, .point = {}});
    }
  }

  void step() {
    assign();
    const auto event = stream_.below(100);
    if (event < 2 && inboxes_.size() > 1) {
      lose_one();
    } else if (event < 4) {
      join();
    } else if (event == 4) {
      cancel();
    } else if (event < 8) {
      answer_late();
    } else {
      answer();
    }
  }

  void assign() {
    while (const auto next = scheduler_.next_assignment(0.0)) {
      const std::uint64_t id = next->item.id;
      ASSERT_TRUE(inboxes_.contains(next->worker)) << "item for a lost worker";
      ASSERT_FALSE(settled_.contains(id) || cancelled_.contains(id)) << id << " is over";
      for (const auto& [worker, inbox] : inboxes_) {
        ASSERT_EQ(std::count(inbox.begin(), inbox.end(), id), 0) << id << " is at two workers";
      }
      inboxes_[next->worker].push_back(id);
      ASSERT_LE(inboxes_[next->worker].size(), static_cast<std::size_t>(kItemsPerWorker));
      check_not_returned(id, next->worker);
      trace_ += " " + std::to_string(id) + ">" + std::to_string(next->worker);
    }
  }

  void check_not_returned(std::uint64_t id, int worker) {
    const auto& failed = failed_on_[id];
    const bool has_other = std::any_of(inboxes_.begin(), inboxes_.end(), [&](const auto& entry) {
      return !failed.contains(entry.first);
    });
    if (has_other) {
      ASSERT_FALSE(failed.contains(worker)) << id << " is back at a worker that failed at it";
    }
  }

  int any_worker() {
    auto it = inboxes_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(stream_.below(inboxes_.size())));
    return it->first;
  }

  void answer() {
    const int worker = any_worker();
    auto& inbox = inboxes_[worker];
    if (inbox.empty()) return;
    const std::uint64_t id = inbox.front();
    inbox.pop_front();
    const auto kind = stream_.below(10);
    WorkResult result{.id = id,
                      .state = kind < 7 ? WorkResult::State::kScored : WorkResult::State::kFailed};
    result.is_retryable = kind < 9;
    const auto done = scheduler_.complete(worker, result, 0.0);
    if (done && done->is_settled) settle(done->item.id);
    if (cancelled_.contains(id)) {
      EXPECT_FALSE(done.has_value());
    } else if (!done.value().is_settled) {
      EXPECT_FALSE(result.ok()) << "a success must settle";
      failed_on_[id].insert(worker);
    }
    past_.emplace_back(worker, id);
  }

  // An answer given before, or of a lost worker, once more.
  void answer_late() {
    if (past_.empty()) return;
    const auto [worker, id] = past_[stream_.below(past_.size())];
    const auto inbox = inboxes_.find(worker);
    const bool has_it_again =
        inbox != inboxes_.end() &&
        std::find(inbox->second.begin(), inbox->second.end(), id) != inbox->second.end();
    if (has_it_again) return;
    EXPECT_FALSE(scheduler_.complete(worker, {.id = id, .state = WorkResult::State::kScored}, 0.0)
                     .has_value());
  }

  void lose_one() {
    const int worker = any_worker();
    for (const std::uint64_t id : inboxes_[worker]) past_.emplace_back(worker, id);
    inboxes_.erase(worker);
    ++num_lost_;
    for (const WorkItem& item : scheduler_.worker_lost(worker)) settle(item.id);
  }

  void cancel() {
    const auto trial = static_cast<std::int32_t>(stream_.below(6));
    scheduler_.cancel_trial(trial);
    for (const auto& [id, of] : submitted_) {
      if (of == trial && !settled_.contains(id)) cancelled_.insert(id);
    }
  }

  void settle(std::uint64_t id) {
    EXPECT_TRUE(submitted_.contains(id));
    EXPECT_FALSE(cancelled_.contains(id)) << id << " was cancelled";
    EXPECT_TRUE(settled_.insert(id).second) << id << " is settled twice";
    trace_ += " " + std::to_string(id) + "!";
  }

  RandomStream stream_;
  Scheduler scheduler_;
  std::uint64_t next_id_ = 0;
  int next_worker_ = 1;
  int num_lost_ = 0;
  std::map<std::uint64_t, std::int32_t> submitted_;  // id to trial
  std::set<std::uint64_t> settled_;
  std::set<std::uint64_t> cancelled_;
  std::map<int, std::deque<std::uint64_t>> inboxes_;  // what each worker has, oldest first
  std::map<std::uint64_t, std::set<int>> failed_on_;
  std::vector<std::pair<int, std::uint64_t>> past_;
  std::string trace_;
};

TEST(SchedulerSimulation, EveryItemSettlesExactlyOnce) {
  int num_lost = 0;
  std::size_t num_settled = 0;
  std::size_t num_cancelled = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Simulation simulation(seed);
    simulation.run(200);
    num_lost += simulation.num_lost();
    num_settled += simulation.num_settled();
    num_cancelled += simulation.num_cancelled();
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(num_lost, 200);
  EXPECT_GT(num_settled, 10'000U);
  EXPECT_GT(num_cancelled, 200U);
}

TEST(SchedulerSimulation, TheSameCallsGiveTheSameDecisions) {
  Simulation first(11);
  Simulation second(11);
  first.run(500);
  second.run(500);
  EXPECT_EQ(first.trace(), second.trace());
}

// A trial's items are behind a hundred thousand others, of which all fail once.
TEST(SchedulerSimulation, AHundredThousandWaitingItemsAreHandled) {
  constexpr std::uint64_t kNumItems = 100'000;
  Scheduler scheduler({.max_attempts = 2});
  for (int worker = 1; worker <= 64; ++worker) scheduler.add_worker(worker);
  for (std::uint64_t id = 0; id < kNumItems; ++id) {
    scheduler.submit({.id = id, .trial = static_cast<std::int32_t>(id % 160), .point = {}});
  }
  std::deque<std::pair<int, std::uint64_t>> in_flight;
  std::set<std::uint64_t> failed;
  std::uint64_t num_settled = 0;
  for (;;) {
    while (const auto next = scheduler.next_assignment(0.0)) {
      in_flight.emplace_back(next->worker, next->item.id);
    }
    if (in_flight.empty()) break;
    const auto [worker, id] = in_flight.front();
    in_flight.pop_front();
    WorkResult result{.id = id, .state = WorkResult::State::kScored};
    if (failed.insert(id).second) {
      result.fail("failed");
      result.is_retryable = true;
    }
    if (scheduler.complete(worker, result, 0.0).value().is_settled) ++num_settled;
  }
  EXPECT_EQ(num_settled, kNumItems);
  EXPECT_EQ(scheduler.num_waiting(), 0U);
}

}  // namespace
}  // namespace bbprompt
