#include "bbprompt/sched/dispatch_loop.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/sched/trial_order.hpp"

namespace bbprompt {

DispatchLoop::DispatchLoop(Options options, const std::vector<int>& workers, TrialSet& trials,
                           WorkerSet& worker_set)
    : trials_(trials),
      workers_(worker_set),
      scheduler_(options.scheduler),
      order_(std::move(options.order)),
      next_item_(options.first_item) {
  for (const int worker : workers) scheduler_.add_worker(worker);
}

bool DispatchLoop::turn(double seconds) {
  start_trials();
  if (active_.empty() && num_started_ == order_.size()) return false;
  dispatch();
  if (const auto time = scheduler_.next_time())
    seconds = std::min(seconds, std::max(*time - workers_.now(), 0.0));
  if (auto answer = workers_.wait(seconds)) take(std::move(*answer));
  return true;
}

void DispatchLoop::drain() {
  while (auto answer = workers_.wait(0.0)) take(std::move(*answer));
}

void DispatchLoop::start_trials() {
  const std::size_t max_active = max_active_trials(scheduler_.num_workers());
  while (num_started_ < order_.size() && active_.size() < max_active && trials_.may_start()) {
    const std::size_t trial = order_[num_started_++];
    trials_.start(trial);
    active_.insert(trial);
    scheduler_.set_trial_model(static_cast<std::int32_t>(trial), trials_.model(trial));
    advance(trial);
  }
}

// Submits the trial's next group, or lets the trial go when there is none.
void DispatchLoop::advance(std::size_t trial) {
  const auto number = static_cast<std::int32_t>(trial);
  std::vector<WorkItem> items = trials_.next_items(trial, next_item_);
  if (items.empty()) {
    scheduler_.cancel_trial(number);
    active_.erase(trial);
    return;
  }
  next_item_ += items.size();
  scheduler_.set_trial_cost(number, trials_.work_left(trial));
  for (WorkItem& item : items) scheduler_.submit(std::move(item));
}

void DispatchLoop::dispatch() {
  while (auto assignment = scheduler_.next_assignment(workers_.now()))
    workers_.give(assignment->worker, std::move(assignment->item));
}

void DispatchLoop::take(WorkerSet::Answer answer) {
  const std::size_t num_hung = scheduler_.num_hung();
  const auto completion = scheduler_.complete(answer.worker, answer.result, workers_.now());
  if (scheduler_.num_hung() < num_hung) workers_.answers_again(answer.worker);
  if (!completion) return;
  const bool is_group_over = trials_.take({.worker = answer.worker,
                                           .item = completion->item,
                                           .result = answer.result,
                                           .is_final = completion->is_settled});
  if (is_group_over) advance(static_cast<std::size_t>(completion->item.trial));
}

void DispatchLoop::worker_lost(int worker, const std::string& reason) {
  give_up(worker, scheduler_.worker_lost(worker), reason);
}

void DispatchLoop::worker_hung(int worker, const std::vector<std::uint64_t>& items,
                               const std::string& reason) {
  give_up(worker, scheduler_.worker_hung(worker, items), reason);
}

// One of them may end its trial; the trial's others are then forgotten.
void DispatchLoop::give_up(int worker, const std::vector<WorkItem>& items,
                           const std::string& reason) {
  for (const WorkItem& item : items) {
    const auto trial = static_cast<std::size_t>(item.trial);
    if (!active_.contains(trial)) continue;
    WorkResult result;
    result.id = item.id;
    result.state = WorkResult::State::kFailed;
    result.error = reason;
    result.attempt = item.attempt;
    if (trials_.take({.worker = worker, .item = item, .result = result, .is_final = true}))
      advance(trial);
  }
}

}  // namespace bbprompt
