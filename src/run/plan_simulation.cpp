#include "bbprompt/run/plan_simulation.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/sched/dispatch_loop.hpp"
#include "bbprompt/sched/trial_order.hpp"

namespace bbprompt {
namespace {

// Trials that know how much they ask, and take every answer for a score.
class ShapeTrials : public TrialSet {
 public:
  explicit ShapeTrials(std::span<const TrialShape> shapes) : shapes_(shapes) {}

  void start(std::size_t trial) override {
    running_.try_emplace(trial, Running{.num_queries_left = shapes_[trial].num_queries()});
  }

  [[nodiscard]] std::vector<WorkItem> next_items(std::size_t index,
                                                 std::uint64_t first_id) override {
    Running& trial = running_.at(index);
    const TrialShape& shape = shapes_[index];
    trial.num_queries_left -= std::exchange(trial.num_queries_open, 0);
    while (trial.num_groups < shape.num_groups()) {
      const EvaluationGroup group(shape.group(trial.num_groups),
                                  {.shard_size = shape.shard_size, .num_labels = 0});
      auto items = group.items(static_cast<std::int32_t>(index), trial.num_groups++, first_id);
      if (items.empty()) continue;
      trial.num_open = items.size();
      for (const WorkItem& item : items) trial.num_queries_open += item.end - item.begin;
      return items;
    }
    running_.erase(index);
    return {};
  }

  [[nodiscard]] double work_left(std::size_t trial) const override {
    return work_of(running_.at(trial).num_queries_left, shapes_[trial].query_weight);
  }

  [[nodiscard]] int model(std::size_t trial) const override { return shapes_[trial].model; }

  [[nodiscard]] bool take(const Answer& answer) override {
    return --running_.at(static_cast<std::size_t>(answer.item.trial)).num_open == 0;
  }

 private:
  struct Running {
    std::int64_t num_queries_left = 0;  // the open group included
    std::int64_t num_queries_open = 0;  // of the open group
    std::int64_t num_groups = 0;        // handed out
    std::size_t num_open = 0;           // items of the open group
  };

  std::span<const TrialShape> shapes_;
  std::map<std::size_t, Running> running_;
};

// Workers that only let virtual time pass.
class TimedWorkers : public WorkerSet {
 public:
  TimedWorkers(const SimulationInputs& inputs, int num_workers)
      : inputs_(inputs), workers_(static_cast<std::size_t>(num_workers)) {}

  [[nodiscard]] double now() const override { return now_; }

  void give(int index, WorkItem item) override {
    Worker& worker = workers_[static_cast<std::size_t>(index)];
    worker.is_used = true;
    worker.inbox.push_back({.item = item.id, .seconds = inputs_.seconds_of(item)});
    if (worker.num_under_way < inputs_.slots) begin_next(index);
  }

  // Time goes on to the next answer, however far that is.
  [[nodiscard]] std::optional<Answer> wait(double /*seconds*/) override {
    if (finishes_.empty()) throw Error("the simulated run waits, but no item is under way");
    const Finish finish = finishes_.top();
    finishes_.pop();
    now_ = finish.time;
    --workers_[static_cast<std::size_t>(finish.worker)].num_under_way;
    begin_next(finish.worker);
    WorkResult result;
    result.id = finish.item;
    result.state = WorkResult::State::kScored;
    return Answer{.worker = finish.worker, .result = std::move(result)};
  }

  [[nodiscard]] double busy_seconds() const { return busy_seconds_; }
  [[nodiscard]] int num_unused() const {
    return static_cast<int>(std::count_if(workers_.begin(), workers_.end(),
                                          [](const Worker& worker) { return !worker.is_used; }));
  }

 private:
  struct Worker {
    struct Waiting {
      std::uint64_t item = 0;
      double seconds = 0.0;
    };
    std::deque<Waiting> inbox;
    int num_under_way = 0;
    bool is_used = false;
  };

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

  void begin_next(int index) {
    Worker& worker = workers_[static_cast<std::size_t>(index)];
    if (worker.inbox.empty()) return;
    ++worker.num_under_way;
    const auto [item, seconds] = worker.inbox.front();
    worker.inbox.pop_front();
    busy_seconds_ += seconds;
    finishes_.push({.time = now_ + inputs_.seconds_between_items + seconds,
                    .sequence = num_begun_++,
                    .worker = index,
                    .item = item});
  }

  const SimulationInputs& inputs_;
  std::vector<Worker> workers_;
  std::priority_queue<Finish, std::vector<Finish>, std::greater<>> finishes_;
  std::uint64_t num_begun_ = 0;
  double now_ = 0.0;
  double busy_seconds_ = 0.0;
};

// In the order they start, as in a run.
std::vector<std::size_t> order_of(std::span<const TrialShape> trials) {
  std::vector<double> work;
  work.reserve(trials.size());
  for (const TrialShape& trial : trials)
    work.push_back(work_of(trial.num_queries(), trial.query_weight));
  return start_order(work);
}

}  // namespace

double SimulatedRun::busy_share() const {
  const double available = wall_seconds * static_cast<double>(num_workers) * slots;
  return available > 0.0 ? busy_seconds / available : 1.0;
}

SimulatedRun simulate_run(const SimulationInputs& inputs, int num_workers) {
  if (num_workers < 1) {
    throw Error("a run needs at least 1 worker, found " + std::to_string(num_workers));
  }
  std::vector<int> ranks(static_cast<std::size_t>(num_workers));
  std::iota(ranks.begin(), ranks.end(), 0);
  ShapeTrials trials(inputs.trials);
  TimedWorkers workers(inputs, num_workers);
  DispatchLoop loop({.scheduler = {.slots = inputs.slots}, .order = order_of(inputs.trials)}, ranks,
                    trials, workers);
  while (loop.turn(std::numeric_limits<double>::infinity())) continue;
  return {.num_workers = num_workers,
          .slots = inputs.slots,
          .num_items = static_cast<std::int64_t>(loop.next_item()),
          .wall_seconds = workers.now(),
          .busy_seconds = workers.busy_seconds(),
          .num_unused = workers.num_unused()};
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
