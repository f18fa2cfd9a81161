// Scheduler against workers of several slots that answer in any order, know only a part, put off,
// fail, hang and are lost: every item is settled exactly once.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/sched/scheduler.hpp"

namespace bbprompt {
namespace {

constexpr int kMaxAttempts = 3;
constexpr int kWaiting = 2;
constexpr int kNumExamples = 5;

class Simulation {
 public:
  struct Counts {
    int num_settled = 0;
    int num_scored = 0;
    int num_deferred = 0;
    int num_partial = 0;
    int num_lost = 0;
    int num_hung = 0;
  };

  explicit Simulation(std::uint64_t seed)
      : stream_({.seed = seed, .purpose = "scheduler_slots"}),
        scheduler_({.max_attempts = kMaxAttempts, .slots = 1, .waiting = kWaiting}) {}

  Counts run(std::uint64_t num_items) {
    for (int i = 0; i < 3; ++i) join();
    while (items_.size() < num_items) {
      submit();
      step();
    }
    while (scheduler_.num_waiting() + scheduler_.num_in_flight() > 0 &&
           !testing::Test::HasFailure())
      step();
    for (const auto& [id, known] : items_) EXPECT_TRUE(known.is_settled) << id << " got lost";
    return counts_;
  }

 private:
  struct Item {
    std::vector<std::int32_t> only;
    int num_failures = 0;
    double not_before = 0.0;
    bool is_awaited = false;  // by the copy that is out
    bool is_settled = false;
  };
  struct Out {
    std::uint64_t id = 0;
    std::int32_t attempt = 0;
    bool is_moved = false;
  };
  struct Worker {
    int slots = 1;
    std::vector<Out> inbox;
    bool is_hung = false;

    [[nodiscard]] std::size_t num_under_way() const {
      return std::min(inbox.size(), static_cast<std::size_t>(slots));
    }
  };

  void join() {
    const int slots = 1 + static_cast<int>(stream_.below(4));
    scheduler_.add_worker(next_worker_, slots);
    workers_[next_worker_++].slots = slots;
  }

  void submit() {
    for (auto count = stream_.below(6); count > 0; --count) {
      const std::uint64_t id = items_.size();
      items_[id] = {};
      scheduler_.submit({.id = id,
                         .trial = static_cast<std::int32_t>(stream_.below(4)),
                         .begin = 0,
                         .end = kNumExamples,
                         .point = {}});
    }
  }

  void step() {
    now_ += 0.1 * static_cast<double>(stream_.below(10));
    assign();
    const auto event = stream_.below(100);
    if (event < 2) {
      lose();
    } else if (event < 4) {
      join();
    } else if (event < 8) {
      hang();
    } else {
      answer();
    }
  }

  void assign() {
    while (const auto next = scheduler_.next_assignment(now_)) {
      Item& item = items_.at(next->item.id);
      Worker& worker = workers_.at(next->worker);
      ASSERT_FALSE(item.is_settled || item.is_awaited) << next->item.id << " is over or out";
      ASSERT_FALSE(worker.is_hung);
      ASSERT_LE(item.not_before, now_) << next->item.id << " goes too early";
      ASSERT_EQ(next->item.only, item.only);
      item.is_awaited = true;
      worker.inbox.push_back({.id = next->item.id, .attempt = next->item.attempt});
      ASSERT_LE(worker.inbox.size(), static_cast<std::size_t>(worker.slots + kWaiting));
    }
    if (const auto time = scheduler_.next_time()) {
      ASSERT_GT(*time, now_);
    }
  }

  int any_worker() {
    auto it = workers_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(stream_.below(workers_.size())));
    return it->first;
  }

  // Some of what is asked, ascending.
  std::vector<std::int32_t> any_missing(const Item& item) {
    std::vector<std::int32_t> asked = item.only;
    if (asked.empty()) asked = {0, 1, 2, 3, 4};
    std::erase_if(asked, [&](std::int32_t) { return stream_.below(2) == 0; });
    return asked;
  }

  WorkResult any_result(const Out& out, const Item& item) {
    WorkResult result{.id = out.id, .attempt = out.attempt};
    const auto kind = stream_.below(10);
    if (kind < 4) {
      result.state = WorkResult::State::kScored;
      return result;
    }
    result.is_retryable = kind < 9;
    if (kind < 6) {
      result.state = WorkResult::State::kDeferred;
      result.retry_after_seconds = 0.5 * static_cast<double>(stream_.below(8));
    }
    if (kind % 2 == 0) result.missing = any_missing(item);
    return result;
  }

  void answer() {
    const int rank = any_worker();
    Worker& worker = workers_[rank];
    if (worker.inbox.empty()) return;
    const auto place =
        worker.inbox.begin() + static_cast<std::ptrdiff_t>(stream_.below(worker.num_under_way()));
    const Out out = *place;
    worker.inbox.erase(place);
    worker.is_hung = false;
    Item& item = items_.at(out.id);
    const WorkResult result = any_result(out, item);
    if (out.is_moved) {
      EXPECT_FALSE(scheduler_.complete(rank, result, now_).has_value()) << "another copy counts";
      return;
    }
    item.is_awaited = false;
    const auto done = scheduler_.complete(rank, result, now_);
    ASSERT_TRUE(done.has_value());
    EXPECT_EQ(done->item.id, out.id);
    EXPECT_EQ(done->item.only, item.only) << "as it was given";
    if (!result.missing.empty()) item.only = result.missing;
    counts_.num_partial += result.missing.empty() ? 0 : 1;
    const bool is_deferred = result.state == WorkResult::State::kDeferred;
    if (is_deferred) {
      item.not_before = now_ + result.retry_after_seconds;
      ++counts_.num_deferred;
    } else if (!result.ok()) {
      ++item.num_failures;
    }
    const bool is_over =
        result.ok() ||
        (!is_deferred && (!result.is_retryable || item.num_failures >= kMaxAttempts));
    EXPECT_EQ(done->is_settled, is_over);
    if (is_over) settle(out.id);
    counts_.num_scored += result.ok() ? 1 : 0;
  }

  // What is taken from a worker; those of `blamed` have used an attempt.
  void take_back(Worker& worker, const std::set<std::uint64_t>& blamed,
                 const std::vector<WorkItem>& given_up) {
    std::set<std::uint64_t> expected;
    for (std::size_t i = 0; i < worker.inbox.size(); ++i) {
      Out& out = worker.inbox[i];
      if (std::exchange(out.is_moved, true)) continue;
      Item& item = items_.at(out.id);
      item.is_awaited = false;
      if (i < worker.num_under_way() && blamed.contains(out.id) &&
          ++item.num_failures >= kMaxAttempts) {
        expected.insert(out.id);
      }
    }
    std::set<std::uint64_t> found;
    for (const WorkItem& item : given_up) {
      found.insert(item.id);
      settle(item.id);
    }
    EXPECT_EQ(found, expected);
  }

  void lose() {
    if (workers_.size() < 2) return;
    const int rank = any_worker();
    Worker lost = workers_.extract(rank).mapped();
    std::set<std::uint64_t> blamed;
    for (const Out& out : lost.inbox) blamed.insert(out.id);
    take_back(lost, blamed, scheduler_.worker_lost(rank));
    ++counts_.num_lost;
  }

  void hang() {
    const int rank = any_worker();
    Worker& worker = workers_[rank];
    if (worker.inbox.empty() || worker.is_hung) return;
    const std::size_t first = stream_.below(worker.num_under_way());
    std::vector<std::uint64_t> overdue;
    for (std::size_t i = first; i < worker.num_under_way(); ++i)
      overdue.push_back(worker.inbox[i].id);
    worker.is_hung = true;
    take_back(worker, {overdue.begin(), overdue.end()}, scheduler_.worker_hung(rank, overdue));
    ++counts_.num_hung;
  }

  void settle(std::uint64_t id) {
    EXPECT_FALSE(items_.at(id).is_settled) << id << " is settled twice";
    items_.at(id).is_settled = true;
    ++counts_.num_settled;
  }

  RandomStream stream_;
  Scheduler scheduler_;
  double now_ = 0.0;
  int next_worker_ = 1;
  std::map<std::uint64_t, Item> items_;
  std::map<int, Worker> workers_;
  Counts counts_;
};

TEST(SchedulerSlotsSimulation, EveryItemSettlesExactlyOnce) {
  Simulation::Counts all;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Simulation::Counts counts = Simulation(seed).run(150);
    if (HasFailure()) FAIL() << "seed " << seed;
    all.num_settled += counts.num_settled;
    all.num_scored += counts.num_scored;
    all.num_deferred += counts.num_deferred;
    all.num_partial += counts.num_partial;
    all.num_lost += counts.num_lost;
    all.num_hung += counts.num_hung;
  }
  EXPECT_GE(all.num_settled, 200 * 150);
  EXPECT_GT(all.num_scored, 10'000);
  EXPECT_GT(all.num_deferred, 10'000);
  EXPECT_GT(all.num_partial, 10'000);
  EXPECT_GT(all.num_lost, 500);
  EXPECT_GT(all.num_hung, 500);
}

}  // namespace
}  // namespace bbprompt
