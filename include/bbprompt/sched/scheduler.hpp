#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

struct SchedulerOptions {
  int max_attempts = 3;      // per work item, first one included
  int items_per_worker = 2;  // in flight at each: one running, the rest waiting there
};

struct Assignment {
  int worker = 0;
  WorkItem item;
};

// Who scores what: one queue of work items over all trials. A pure state machine: knows nothing of
// prompts, MPI or clocks, and decides by the order of calls alone.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options = {});

  void add_worker(int worker);

  // Queues the item behind those waiting. Its id must be new.
  void submit(WorkItem item);

  // The next item and the worker that shall have it, or nothing while every worker is full or
  // nothing waits. Workers with fewer items in flight first; among them one that served the item's
  // trial before, then the lowest rank.
  [[nodiscard]] std::optional<Assignment> next_assignment();

  // A worker's answer. Returns the item that is now settled (succeeded, or failed for good), or
  // nothing when it was queued again or the answer is not awaited (late, or unknown id).
  [[nodiscard]] std::optional<WorkItem> complete(int worker, const WorkResult& result);

  // Queues the worker's items again, in front. Throws Error when no worker is left.
  void worker_lost(int worker);

  // Drops the waiting items of a trial; answers to items in flight are then not awaited.
  void cancel_trial(std::int32_t trial);

  [[nodiscard]] std::size_t num_waiting() const;
  [[nodiscard]] std::size_t num_in_flight() const;
  [[nodiscard]] std::size_t num_workers() const { return workers_.size(); }

 private:
  struct Pending {
    WorkItem item;
    int attempts = 0;
  };
  struct Worker {
    std::map<std::uint64_t, Pending> in_flight;
    std::int32_t last_trial = -1;
  };

  SchedulerOptions options_;
  std::deque<Pending> waiting_;
  std::map<int, Worker> workers_;
};

}  // namespace bbprompt
