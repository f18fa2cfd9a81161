#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "bbprompt/sched/work_item.hpp"
#include "bbprompt/sched/work_queue.hpp"

namespace bbprompt {

struct SchedulerOptions {
  int max_attempts = 3;      // per work item, first one included; at least 1
  int items_per_worker = 2;  // in flight at each: one running, the rest waiting there; at least 1
};

struct Assignment {
  int worker = 0;
  WorkItem item;
};

// Who scores what: one queue of work items over all trials. A pure state machine: knows nothing of
// prompts, MPI or clocks, and decides by the order of calls alone. Every submitted item is settled
// exactly once, by complete() or worker_lost(), unless its trial is cancelled.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options = {});

  // Throws Error if the worker is there already. A lost one may come back.
  void add_worker(int worker);

  // Queues the item behind those of its trial. Throws Error if an unsettled item has its id.
  void submit(WorkItem item);

  // The next item (see WorkQueue for the order) and the worker that shall have it, or nothing while
  // every worker is full or nothing waits. Workers with fewer items in flight first; among them one
  // that served the item's trial before, then the lowest rank. An item does not return to a worker
  // that failed at it while there are others: it waits for one of them, and later items overtake
  // it.
  [[nodiscard]] std::optional<Assignment> next_assignment();

  // A worker's answer. Returns the item that is now settled (succeeded, or failed for good), or
  // nothing when it was queued again, in front, or the answer is not awaited (late, repeated,
  // cancelled, of an unknown or lost worker).
  [[nodiscard]] std::optional<WorkItem> complete(int worker, const WorkResult& result);

  // Queues the worker's items again, in front. The one it was at, the first given to it, has used
  // an attempt: if that was the last, the item is returned, failed for good. Nothing happens for
  // an unknown worker. Throws Error when no worker is left.
  [[nodiscard]] std::vector<WorkItem> worker_lost(int worker);

  // Drops the waiting items of a trial and forgets who served it; answers to items in flight are
  // then not awaited, though they keep their worker occupied. Also for trials that have ended.
  void cancel_trial(std::int32_t trial);

  [[nodiscard]] std::size_t num_waiting() const { return queue_.size(); }
  [[nodiscard]] std::size_t num_in_flight() const { return num_awaited_; }  // awaited ones
  [[nodiscard]] std::size_t num_workers() const { return workers_.size(); }

 private:
  using InFlight = std::vector<PendingItem>;  // in the order they were given

  [[nodiscard]] std::optional<int> find_worker(const std::vector<int>& failed_on,
                                               const std::set<int>& preferred) const;
  [[nodiscard]] bool has_other_worker(const std::vector<int>& failed_on) const;
  void change_load(int worker, std::size_t from, std::size_t to);
  void remove_from_load(int worker, std::size_t load);

  SchedulerOptions options_;
  WorkQueue queue_;
  std::map<int, InFlight> workers_;
  std::map<std::size_t, std::set<int>> by_load_;  // workers by number of items in flight
  std::map<std::int32_t, std::set<int>> served_;  // trial to workers
  std::set<std::uint64_t> unsettled_;             // ids waiting or in flight
  std::uint64_t num_submitted_ = 0;
  std::size_t num_awaited_ = 0;
};

}  // namespace bbprompt
