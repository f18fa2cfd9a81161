#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bbprompt/run/trial_shape.hpp"
#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// A run in virtual time: the real Scheduler hands the work items of the real groups (TrialShape) to
// workers that only let time pass. Trials start by the policy of trial_order.hpp, and the loop is
// MasterRun's. Nothing takes time but the items: no answer fails, no message or file is waited for.
struct SimulationInputs {
  std::span<const TrialShape> trials;                      // in plan order
  std::function<double(const WorkItem& item)> seconds_of;  // by its trial, group, candidate, range
  double seconds_between_items = 0.0;                      // a worker's, before each item
  int slots = 1;                                           // items that a worker is at at once
};

struct SimulatedRun {
  int num_workers = 0;
  int slots = 1;
  std::int64_t num_items = 0;
  double wall_seconds = 0.0;
  double busy_seconds = 0.0;  // of all slots of all workers together
  int num_unused = 0;         // workers that never got an item

  [[nodiscard]] double busy_share() const;
};

// The same inputs give the same bits. Throws Error for less than one worker.
[[nodiscard]] SimulatedRun simulate_run(const SimulationInputs& inputs, int num_workers);

// Rank 0 is the master; alone it evaluates too.
[[nodiscard]] int num_workers_of(int num_ranks);
[[nodiscard]] int num_ranks_of(int num_workers);

// The most workers, from `good` on and below `bad`, of which at most `max_idle` of the time goes by
// without an item, to an accuracy of a sixteenth. Halves the interval, so it takes idle time to
// grow with the workers: `good` must keep the limit and `bad` break it.
struct WorkerInterval {
  int good = 1;
  int bad = 2;
};
[[nodiscard]] int most_busy_workers(const std::function<SimulatedRun(int num_workers)>& simulate,
                                    double max_idle, WorkerInterval interval);

}  // namespace bbprompt
