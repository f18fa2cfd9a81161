#include "bbprompt/run/plan_simulation.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <queue>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/sched/scheduler.hpp"
#include "bbprompt/sched/trial_order.hpp"

namespace bbprompt {
namespace {

// A worker finishes an item. Equal times are taken in the order in which the items were begun.
struct Finish {
  double time = 0.0;
  std::uint64_t sequence = 0;
  int worker = 0;
  std::uint64_t item = 0;

  friend bool operator>(const Finish& a, const Finish& b) {
    return std::pair(a.time, a.sequence) > std::pair(b.time, b.sequence);
  }
};

struct Worker {
  struct Waiting {
    std::uint64_t item = 0;
    double seconds = 0.0;
  };
  std::deque<Waiting> inbox;
  int num_busy = 0;  // slots
  bool is_used = false;
};

struct ActiveTrial {
  std::int64_t num_queries = 0;  // left, the open group included
  std::int64_t num_groups = 0;   // handed out
  std::int64_t num_open = 0;     // items of the last one
};

class Simulation {
 public:
  Simulation(const SimulationInputs& inputs, int num_workers)
      : inputs_(inputs),
        scheduler_({.slots = inputs.slots}),
        workers_(static_cast<std::size_t>(num_workers)) {
    for (int worker = 0; worker < num_workers; ++worker) scheduler_.add_worker(worker);
    std::vector<double> work;
    work.reserve(inputs.trials.size());
    for (const TrialShape& trial : inputs.trials)
      work.push_back(work_of(trial.num_queries(), trial.query_weight));
    order_ = start_order(work);
    max_active_ = max_active_trials(workers_.size());
  }

  SimulatedRun run() {
    while (true) {
      start_trials();
      if (active_.empty()) break;
      dispatch();
      finish_next();
    }
    return {.num_workers = static_cast<int>(workers_.size()),
            .slots = inputs_.slots,
            .num_items = static_cast<std::int64_t>(next_item_),
            .wall_seconds = now_,
            .busy_seconds = busy_seconds_,
            .num_unused = static_cast<int>(std::count_if(
                workers_.begin(), workers_.end(), [](const Worker& w) { return !w.is_used; }))};
  }

 private:
  void start_trials() {
    while (num_started_ < order_.size() && active_.size() < max_active_) {
      const std::size_t trial = order_[num_started_++];
      active_.try_emplace(trial, ActiveTrial{.num_queries = inputs_.trials[trial].num_queries()});
      scheduler_.set_trial_model(static_cast<std::int32_t>(trial), inputs_.trials[trial].model);
      advance(trial);
    }
  }

  void advance(std::size_t index) {
    ActiveTrial& trial = active_.at(index);
    const TrialShape& shape = inputs_.trials[index];
    while (trial.num_open == 0 && trial.num_groups < shape.num_groups()) {
      const EvaluationGroup group(shape.group(trial.num_groups),
                                  {.shard_size = shape.shard_size, .num_labels = 0});
      const auto number = static_cast<std::int32_t>(index);
      scheduler_.set_trial_cost(number, work_of(trial.num_queries, shape.query_weight));
      auto items = group.items(number, trial.num_groups++, next_item_);
      next_item_ += items.size();
      trial.num_open = static_cast<std::int64_t>(items.size());
      for (WorkItem& item : items) {
        trial.num_queries -= item.end - item.begin;
        scheduler_.submit(std::move(item));
      }
    }
    if (trial.num_open > 0) return;
    scheduler_.cancel_trial(static_cast<std::int32_t>(index));
    active_.erase(index);
  }

  void dispatch() {
    while (const auto assignment = scheduler_.next_assignment(now_)) {
      Worker& worker = workers_[static_cast<std::size_t>(assignment->worker)];
      worker.is_used = true;
      worker.inbox.push_back(
          {.item = assignment->item.id, .seconds = inputs_.seconds_of(assignment->item)});
      begin_next(assignment->worker);
    }
  }

  void begin_next(int index) {
    Worker& worker = workers_[static_cast<std::size_t>(index)];
    if (worker.num_busy == inputs_.slots || worker.inbox.empty()) return;
    ++worker.num_busy;
    const auto [item, seconds] = worker.inbox.front();
    worker.inbox.pop_front();
    busy_seconds_ += seconds;
    finishes_.push({.time = now_ + inputs_.seconds_between_items + seconds,
                    .sequence = num_begun_++,
                    .worker = index,
                    .item = item});
  }

  void finish_next() {
    if (finishes_.empty()) throw Error("the simulated run waits, but no item is under way");
    const Finish finish = finishes_.top();
    finishes_.pop();
    now_ = finish.time;
    --workers_[static_cast<std::size_t>(finish.worker)].num_busy;
    begin_next(finish.worker);
    const WorkResult result{.id = finish.item, .state = WorkResult::State::kScored};
    const auto completion = scheduler_.complete(finish.worker, result, now_);
    if (!completion) return;
    const auto index = static_cast<std::size_t>(completion->item.trial);
    if (--active_.at(index).num_open == 0) advance(index);
  }

  const SimulationInputs& inputs_;
  Scheduler scheduler_;
  std::vector<Worker> workers_;
  std::vector<std::size_t> order_;
  std::size_t max_active_ = 0;
  std::size_t num_started_ = 0;
  std::map<std::size_t, ActiveTrial> active_;
  std::priority_queue<Finish, std::vector<Finish>, std::greater<>> finishes_;
  std::uint64_t next_item_ = 0;
  std::uint64_t num_begun_ = 0;
  double now_ = 0.0;
  double busy_seconds_ = 0.0;
};

}  // namespace

double SimulatedRun::busy_share() const {
  const double available = wall_seconds * static_cast<double>(num_workers) * slots;
  return available > 0.0 ? busy_seconds / available : 1.0;
}

SimulatedRun simulate_run(const SimulationInputs& inputs, int num_workers) {
  if (num_workers < 1) {
    throw Error("a run needs at least 1 worker, found " + std::to_string(num_workers));
  }
  return Simulation(inputs, num_workers).run();
}

int num_workers_of(int num_ranks) { return std::max(1, num_ranks - 1); }

int num_ranks_of(int num_workers) { return num_workers == 1 ? 1 : num_workers + 1; }

int most_busy_workers(const std::function<SimulatedRun(int num_workers)>& simulate, double max_idle,
                      WorkerInterval interval) {
  auto [good, bad] = interval;
  while (bad - good > std::max(1, good / 16)) {
    const int middle = good + (bad - good) / 2;
    const bool is_busy = 1.0 - simulate(middle).busy_share() <= max_idle;
    (is_busy ? good : bad) = middle;
  }
  return good;
}

}  // namespace bbprompt
