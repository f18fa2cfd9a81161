#include "bbprompt/sched/scheduler.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

bool contains(const std::vector<int>& ascending, int value) {
  return std::binary_search(ascending.begin(), ascending.end(), value);
}

// Lowest rank in both sets and not in `failed_on`.
std::optional<int> lowest_common(const std::set<int>& a, const std::set<int>& b,
                                 const std::vector<int>& failed_on) {
  const std::set<int>& few = a.size() < b.size() ? a : b;
  const std::set<int>& many = a.size() < b.size() ? b : a;
  for (const int rank : few) {
    if (many.contains(rank) && !contains(failed_on, rank)) return rank;
  }
  return std::nullopt;
}

std::optional<int> lowest(const std::set<int>& ranks, const std::vector<int>& failed_on) {
  for (const int rank : ranks) {
    if (!contains(failed_on, rank)) return rank;
  }
  return std::nullopt;
}

void insert_ascending(std::vector<int>& ascending, int value) {
  const auto place = std::lower_bound(ascending.begin(), ascending.end(), value);
  if (place == ascending.end() || *place != value) ascending.insert(place, value);
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options) : options_(options) {
  if (options.max_attempts < 1 || options.items_per_worker < 1 || options.models_per_worker < 0) {
    throw Error("the scheduler needs at least 1 attempt per item and 1 item per worker; found " +
                std::to_string(options.max_attempts) + " and " +
                std::to_string(options.items_per_worker));
  }
}

void Scheduler::add_worker(int worker) {
  if (!workers_.try_emplace(worker).second) {
    throw Error("worker " + std::to_string(worker) + " is known already");
  }
  by_load_[0].insert(worker);
}

void Scheduler::submit(WorkItem item) {
  if (!unsettled_.insert(item.id).second) {
    throw Error("work item " + std::to_string(item.id) + " is submitted already and not settled");
  }
  item.attempt = 0;
  queue_.push({.item = std::move(item), .sequence = num_submitted_, .failed_on = {}});
  ++num_submitted_;
}

void Scheduler::set_trial_cost(std::int32_t trial, double remaining) {
  queue_.set_cost(trial, remaining);
}

void Scheduler::set_trial_model(std::int32_t trial, int model) { queue_.set_model(trial, model); }

bool Scheduler::has_other_worker(const std::vector<int>& failed_on) const {
  const auto num_alive = std::count_if(failed_on.begin(), failed_on.end(), [&](int rank) {
    const auto worker = workers_.find(rank);
    return worker != workers_.end() && !worker->second.is_hung;
  });
  return static_cast<std::size_t>(num_alive) < workers_.size() - num_hung_;
}

std::optional<int> Scheduler::find_worker(
    const std::vector<int>& failed_on, const std::vector<const std::set<int>*>& preferred) const {
  const std::vector<int> avoided = has_other_worker(failed_on) ? failed_on : std::vector<int>();
  for (const auto& [load, ranks] : by_load_) {
    if (load >= static_cast<std::size_t>(options_.items_per_worker)) break;
    for (const std::set<int>* liked : preferred) {
      if (const auto rank = lowest_common(ranks, *liked, avoided)) return rank;
    }
    if (const auto rank = lowest(ranks, avoided)) return rank;
  }
  return std::nullopt;
}

// The models that the least loaded workers have; none where all trials ask the same.
std::set<int> Scheduler::preferred_models() const {
  std::set<int> models;
  if (holders_.size() < 2) return models;
  for (const auto& [model, ranks] : holders_) {
    if (lowest_common(by_load_.begin()->second, ranks, {})) models.insert(model);
  }
  return models;
}

std::optional<Assignment> Scheduler::next_assignment() {
  if (queue_.size() == 0 || !find_worker({}, {})) return std::nullopt;
  auto pending = queue_.pop(
      [&](const std::vector<int>& failed_on) { return find_worker(failed_on, {}).has_value(); },
      preferred_models());
  if (!pending) return std::nullopt;
  std::set<int>& served = served_[pending->item.trial];
  const int model = queue_.model_of(pending->item.trial);
  const int worker = find_worker(pending->failed_on, {&served, &holders_[model]}).value();
  served.insert(worker);
  use_model(worker, model);
  give(worker, std::move(*pending));
  return Assignment{.worker = worker, .item = workers_.at(worker).in_flight.back().item};
}

void Scheduler::give(int rank, PendingItem pending) {
  InFlight& in_flight = workers_.at(rank).in_flight;
  change_load(rank, in_flight.size(), in_flight.size() + 1);
  ++pending.item.attempt;
  ++num_awaited_;
  in_flight.push_back(std::move(pending));
}

void Scheduler::use_model(int rank, int model) {
  std::vector<int>& models = workers_.at(rank).models;
  if (!models.empty() && models.front() == model) return;
  std::erase(models, model);
  models.insert(models.begin(), model);
  holders_[model].insert(rank);
  if (options_.models_per_worker == 0) return;
  while (models.size() > static_cast<std::size_t>(options_.models_per_worker)) {
    holders_[models.back()].erase(rank);
    models.pop_back();
  }
}

std::optional<WorkItem> Scheduler::complete(int worker, const WorkResult& result) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return std::nullopt;
  InFlight& in_flight = found->second.in_flight;
  if (found->second.is_hung) {
    found->second.is_hung = false;
    --num_hung_;
    by_load_[in_flight.size()].insert(worker);
  }
  const auto answered = std::find_if(in_flight.begin(), in_flight.end(), [&](const auto& pending) {
    const bool is_attempt = result.attempt == 0 || result.attempt == pending.item.attempt;
    return pending.item.id == result.id && is_attempt;
  });
  if (answered == in_flight.end()) return std::nullopt;
  PendingItem pending = std::move(*answered);
  in_flight.erase(answered);
  change_load(worker, in_flight.size() + 1, in_flight.size());
  if (pending.claim == PendingItem::Claim::kMoved) return std::nullopt;
  if (pending.is_awaited()) --num_awaited_;

  ++pending.num_failures;
  const bool is_tried_again =
      !result.ok() && result.is_retryable && pending.num_failures < options_.max_attempts;
  if (pending.is_awaited() && is_tried_again) {
    insert_ascending(pending.failed_on, worker);
    queue_.push_again(std::move(pending));
    return std::nullopt;
  }
  unsettled_.erase(pending.item.id);
  if (!pending.is_awaited()) return std::nullopt;
  return std::move(pending.item);
}

// Queues what the worker has again; its own copies count no more. Returns what has failed for good.
std::vector<WorkItem> Scheduler::take_back(int rank, Worker& worker) {
  std::vector<WorkItem> settled;
  bool is_running = true;  // the first one; the others were only waiting there
  for (PendingItem& pending : worker.in_flight) {
    const bool has_failed = std::exchange(is_running, false);
    if (!pending.is_awaited()) continue;
    PendingItem copy = pending;
    pending.claim = PendingItem::Claim::kMoved;
    --num_awaited_;
    if (has_failed) {
      ++copy.num_failures;
      insert_ascending(copy.failed_on, rank);
    }
    if (copy.num_failures < options_.max_attempts) {
      queue_.push_again(std::move(copy));
    } else {
      unsettled_.erase(copy.item.id);
      settled.push_back(std::move(copy.item));
    }
  }
  return settled;
}

std::vector<WorkItem> Scheduler::worker_lost(int worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return {};
  if (found->second.is_hung) {
    --num_hung_;
  } else {
    remove_from_load(worker, found->second.in_flight.size());
  }
  Worker lost = std::move(found->second);
  workers_.erase(found);
  for (auto& [trial, ranks] : served_) ranks.erase(worker);
  for (auto& [model, ranks] : holders_) ranks.erase(worker);
  for (const PendingItem& pending : lost.in_flight) {
    if (pending.claim == PendingItem::Claim::kCancelled) unsettled_.erase(pending.item.id);
  }
  std::vector<WorkItem> settled = take_back(worker, lost);
  if (workers_.empty()) {
    throw Error("worker " + std::to_string(worker) + " was the last one; " +
                std::to_string(queue_.size() + settled.size()) + " work items are left undone");
  }
  return settled;
}

std::vector<WorkItem> Scheduler::worker_hung(int worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || found->second.is_hung) return {};
  remove_from_load(worker, found->second.in_flight.size());
  found->second.is_hung = true;
  ++num_hung_;
  return take_back(worker, found->second);
}

void Scheduler::cancel_trial(std::int32_t trial) {
  for (const std::uint64_t id : queue_.drop_trial(trial)) unsettled_.erase(id);
  for (auto& [rank, worker] : workers_) {
    for (PendingItem& pending : worker.in_flight) {
      if (pending.item.trial != trial || !pending.is_awaited()) continue;
      pending.claim = PendingItem::Claim::kCancelled;
      --num_awaited_;
    }
  }
  served_.erase(trial);
}

void Scheduler::change_load(int worker, std::size_t from, std::size_t to) {
  remove_from_load(worker, from);
  by_load_[to].insert(worker);
}

void Scheduler::remove_from_load(int worker, std::size_t load) {
  const auto level = by_load_.find(load);
  level->second.erase(worker);
  if (level->second.empty()) by_load_.erase(level);
}

}  // namespace bbprompt
