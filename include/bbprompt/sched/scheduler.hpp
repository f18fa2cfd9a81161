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
  int max_attempts = 3;       // per work item, first one included; at least 1
  int items_per_worker = 2;   // in flight at each: one running, the rest waiting there; at least 1
  int models_per_worker = 0;  // loaded at a time, the last ones used; 0: all it ever used
};

struct Assignment {
  int worker = 0;
  WorkItem item;
};

// Who scores what: one queue of work items over all trials. A pure state machine: knows nothing of
// prompts, MPI or clocks, and decides by the order of calls alone. Every submitted item is settled
// exactly once, by complete(), worker_lost() or worker_hung(), unless its trial is cancelled.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options = {});

  // Throws Error if the worker is there already. A lost one may come back.
  void add_worker(int worker);

  // Queues the item behind those of its trial. Throws Error if an unsettled item has its id.
  void submit(WorkItem item);

  // How much work is left of a trial (any unit, the same for all), and which model it asks. Both
  // are optional and may change at any time; cancel_trial() forgets them.
  void set_trial_cost(std::int32_t trial, double remaining);
  void set_trial_model(std::int32_t trial, int model);

  // The next item (see WorkQueue for the order) and the worker that shall have it, or nothing while
  // every worker is full or nothing waits. Workers with fewer items in flight first; among them one
  // that served the item's trial before, then one that has its model, then the lowest rank. Where
  // trials ask several models, those that the least loaded workers have go before others. An item
  // does not return to a worker that failed at it while there are others: it waits for one of them,
  // and later items overtake it.
  [[nodiscard]] std::optional<Assignment> next_assignment();

  // A worker's answer. Returns the item that is now settled (succeeded, or failed for good), or
  // nothing when it was queued again, in front, or the answer is not awaited (late, repeated,
  // of another attempt, cancelled, of an unknown or lost worker). A worker that hung takes part
  // again from here on.
  [[nodiscard]] std::optional<WorkItem> complete(int worker, const WorkResult& result);

  // Queues the worker's items again, in front. The one it was at, the first given to it, has used
  // an attempt: if that was the last, the item is returned, failed for good. Nothing happens for
  // an unknown worker. Throws Error when no worker is left.
  [[nodiscard]] std::vector<WorkItem> worker_lost(int worker);

  // The same for a worker that is overdue but may still answer: it gets no more items until it
  // does, and what it says of those it had is discarded. There may be no other worker left.
  [[nodiscard]] std::vector<WorkItem> worker_hung(int worker);

  // Drops the waiting items of a trial and forgets who served it; answers to items in flight are
  // then not awaited, though they keep their worker occupied. Also for trials that have ended.
  void cancel_trial(std::int32_t trial);

  [[nodiscard]] std::size_t num_waiting() const { return queue_.size(); }
  [[nodiscard]] std::size_t num_in_flight() const { return num_awaited_; }  // awaited ones
  [[nodiscard]] std::size_t num_workers() const { return workers_.size(); }
  [[nodiscard]] std::size_t num_hung() const { return num_hung_; }

 private:
  using InFlight = std::vector<PendingItem>;  // in the order they were given
  struct Worker {
    InFlight in_flight;
    std::vector<int> models;  // loaded there, the last used first
    bool is_hung = false;
  };

  [[nodiscard]] std::optional<int> find_worker(
      const std::vector<int>& failed_on, const std::vector<const std::set<int>*>& preferred) const;
  [[nodiscard]] std::set<int> preferred_models() const;
  [[nodiscard]] bool has_other_worker(const std::vector<int>& failed_on) const;
  [[nodiscard]] std::vector<WorkItem> take_back(int rank, Worker& worker);
  void give(int rank, PendingItem pending);
  void use_model(int rank, int model);
  void change_load(int worker, std::size_t from, std::size_t to);
  void remove_from_load(int worker, std::size_t load);

  SchedulerOptions options_;
  WorkQueue queue_;
  std::map<int, Worker> workers_;
  std::map<std::size_t, std::set<int>> by_load_;  // those that do not hang, by items in flight
  std::map<std::int32_t, std::set<int>> served_;  // trial to workers
  std::map<int, std::set<int>> holders_;          // model to workers
  std::set<std::uint64_t> unsettled_;             // ids waiting or in flight
  std::uint64_t num_submitted_ = 0;
  std::size_t num_awaited_ = 0;
  std::size_t num_hung_ = 0;
};

}  // namespace bbprompt
