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
  int slots = 1;              // items under way at once at a worker; at least 1
  int waiting = 1;            // further ones that wait there, so that it never idles; at least 0
  int models_per_worker = 0;  // loaded at a time, the last ones used; 0: all it ever used
};

struct Assignment {
  int worker = 0;
  WorkItem item;
};

// An answer that was awaited.
struct Completion {
  WorkItem item;            // as the worker had it
  bool is_settled = false;  // scored, or failed for good; else it is queued again
};

// Who scores what: one queue of work items over all trials. A pure state machine: knows nothing of
// prompts or MPI; the clock is what the caller says it is, in seconds that do not fall. Decides by
// the order of calls alone. Every submitted item is settled exactly once, by complete(),
// worker_lost() or worker_hung(), unless its trial is cancelled.
//
// A worker is at the first items that it was given, as many as it has slots; the others wait there.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options = {});

  // 0 slots: as many as the options say. Throws Error if the worker is there already. A lost one
  // may come back.
  void add_worker(int worker, int slots = 0);

  // Queues the item behind those of its trial. Throws Error if an unsettled item has its id.
  void submit(WorkItem item);

  // How much work is left of a trial (any unit, the same for all), and which model it asks. Both
  // are optional and may change at any time; cancel_trial() forgets them.
  void set_trial_cost(std::int32_t trial, double remaining);
  void set_trial_model(std::int32_t trial, int model);

  // The next item (see WorkQueue for the order) and the worker that shall have it, or nothing while
  // every worker is full or nothing waits but items deferred to later. Workers with fewer items in
  // flight, by their slots, first; among them one that served the item's trial before, then one
  // that has its model, then the lowest rank. Where trials ask several models, those that the least
  // loaded workers have go before others. An item does not return to a worker that failed at it
  // while there are others: it waits for one of them, and later items overtake it.
  [[nodiscard]] std::optional<Assignment> next_assignment(double now);

  // When the earliest of the deferred items may go.
  [[nodiscard]] std::optional<double> next_time() const;

  // A worker's answer; nothing when it is not awaited (late, repeated, of another attempt,
  // cancelled, of an unknown or lost worker). A failed item with attempts left is queued again, in
  // front; a deferred one as soon as its time has come, and it may go back to the same worker. Of
  // either, only the `missing` examples are asked again where the result names any. A worker that
  // hung takes part again from here on. Throws CommError for `missing` that were not asked.
  [[nodiscard]] std::optional<Completion> complete(int worker, const WorkResult& result,
                                                   double now);

  // Queues the worker's items again, in front. Those it was at, the first ones given to it, have
  // used an attempt: where that was the last, the item is returned, failed for good. Nothing
  // happens for an unknown worker. Throws Error when no worker is left.
  [[nodiscard]] std::vector<WorkItem> worker_lost(int worker);

  // The same for a worker that is overdue but may still answer: it gets no more items until it
  // does, and what it says of those it had is discarded. There may be no other worker left. Of the
  // items it is at only the `overdue` ones, by id, have used an attempt; none named: all of them.
  [[nodiscard]] std::vector<WorkItem> worker_hung(int worker,
                                                  const std::vector<std::uint64_t>& overdue = {});

  // Drops the waiting items of a trial and forgets who served it; answers to items in flight are
  // then not awaited, though they keep their worker occupied. Also for trials that have ended.
  void cancel_trial(std::int32_t trial);

  // Deferred ones included.
  [[nodiscard]] std::size_t num_waiting() const { return queue_.size() + deferred_.size(); }
  [[nodiscard]] std::size_t num_in_flight() const { return num_awaited_; }  // awaited ones
  [[nodiscard]] std::size_t num_workers() const { return workers_.size(); }
  [[nodiscard]] std::size_t num_hung() const { return num_hung_; }

 private:
  using InFlight = std::vector<PendingItem>;  // in the order they were given
  struct Worker {
    int slots = 1;
    InFlight in_flight;
    std::vector<int> models;  // loaded there, the last used first
    bool is_hung = false;

    [[nodiscard]] double load() const;
  };

  [[nodiscard]] std::optional<int> find_worker(
      const std::vector<int>& failed_on, const std::vector<const std::set<int>*>& preferred) const;
  [[nodiscard]] std::set<int> preferred_models() const;
  [[nodiscard]] bool has_other_worker(const std::vector<int>& failed_on) const;
  [[nodiscard]] std::optional<PendingItem> take_answered(int rank, const WorkResult& result);
  [[nodiscard]] bool queue_again(int rank, PendingItem pending, const WorkResult& result,
                                 double now);
  [[nodiscard]] std::vector<WorkItem> take_back(int rank, Worker& worker,
                                                const std::vector<std::uint64_t>& overdue);
  void wake_deferred(double now);
  void give(int rank, PendingItem pending);
  void use_model(int rank, int model);
  void enlist(int rank);
  void delist(int rank);

  SchedulerOptions options_;
  WorkQueue queue_;
  std::multimap<double, PendingItem> deferred_;  // by the time from which they may go
  std::map<int, Worker> workers_;
  std::map<double, std::set<int>> by_load_;       // those that have room and do not hang
  std::map<std::int32_t, std::set<int>> served_;  // trial to workers
  std::map<int, std::set<int>> holders_;          // model to workers
  std::set<std::uint64_t> unsettled_;             // ids waiting or in flight
  std::uint64_t num_submitted_ = 0;
  std::size_t num_awaited_ = 0;
  std::size_t num_hung_ = 0;
};

}  // namespace bbprompt
