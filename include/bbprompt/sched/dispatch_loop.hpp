#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bbprompt/sched/scheduler.hpp"
#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// The trials that a dispatch loop works through: those of a run, or only their shapes. Trials are
// numbered from 0.
class TrialSet {
 public:
  virtual ~TrialSet() = default;

  // Whether another trial may start now; false once the run is about to stop.
  [[nodiscard]] virtual bool may_start() { return true; }
  // Makes the trial ready for next_items().
  virtual void start(std::size_t trial) = 0;
  // The work items of the trial's next group, numbered from `first_id`; called when the trial has
  // started and each time its open group is over. Empty: the trial has ended and was let go.
  [[nodiscard]] virtual std::vector<WorkItem> next_items(std::size_t trial,
                                                         std::uint64_t first_id) = 0;
  // Work left of the trial with the group that next_items() gave, in any unit (trial_order.hpp).
  [[nodiscard]] virtual double work_left(std::size_t trial) const = 0;
  // Number of the model that the trial asks.
  [[nodiscard]] virtual int model(std::size_t trial) const = 0;

  // What a worker answered to an item that is awaited.
  struct Answer {
    int worker = 0;
    const WorkItem& item;
    const WorkResult& result;
    bool is_final = true;  // false: the item, or what is missing of it, is tried again
  };
  // Takes an answer in. True when the trial's open group is over by it.
  [[nodiscard]] virtual bool take(const Answer& answer) = 0;
};

// The workers, and the clock that they live by: ranks and real time, or a simulation's.
class WorkerSet {
 public:
  virtual ~WorkerSet() = default;

  [[nodiscard]] virtual double now() const = 0;  // seconds; does not fall
  virtual void give(int worker, WorkItem item) = 0;

  struct Answer {
    int worker = 0;
    WorkResult result;
  };
  // The next answer, or nothing when none comes within the time.
  [[nodiscard]] virtual std::optional<Answer> wait(double seconds) = 0;
  // A worker that was taken for hung has answered.
  virtual void answers_again(int /*worker*/) {}
};

// Works through trials on workers: keeps enough trials started to feed every worker, hands out
// their work items, and lets a trial go on when its open group is settled. The run and the
// simulation of its plan are this loop with other trials, workers and clocks.
class DispatchLoop {
 public:
  struct Options {
    SchedulerOptions scheduler{};
    std::vector<std::size_t> order;  // in which the trials start
    std::uint64_t first_item = 0;    // work items are numbered from here
  };
  // Both must outlive the loop.
  DispatchLoop(Options options, const std::vector<int>& workers, TrialSet& trials,
               WorkerSet& worker_set);

  // Starts trials, hands out work, and takes in one answer if one comes within `seconds`. False,
  // without waiting, when all trials have ended.
  [[nodiscard]] bool turn(double seconds);

  // Takes in the answers that are there, and hands out nothing.
  void drain();

  // The items of a worker go to others; those that have used up their attempts by it fail for
  // `reason`. Throws Error when the last worker is lost.
  void worker_lost(int worker, const std::string& reason);
  // As worker_lost() for a worker that is overdue with `items`, but may still answer.
  void worker_hung(int worker, const std::vector<std::uint64_t>& items, const std::string& reason);

  [[nodiscard]] bool has_active() const { return !active_.empty(); }
  [[nodiscard]] std::uint64_t next_item() const { return next_item_; }
  [[nodiscard]] const Scheduler& scheduler() const { return scheduler_; }

 private:
  void start_trials();
  void advance(std::size_t trial);
  void dispatch();
  void take(WorkerSet::Answer answer);
  void give_up(int worker, const std::vector<WorkItem>& items, const std::string& reason);

  TrialSet& trials_;
  WorkerSet& workers_;
  Scheduler scheduler_;
  std::vector<std::size_t> order_;
  std::size_t num_started_ = 0;   // of order_
  std::set<std::size_t> active_;  // started and not ended
  std::uint64_t next_item_;
};

}  // namespace bbprompt
