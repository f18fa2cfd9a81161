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

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options) : options_(options) {
  if (options.max_attempts < 1 || options.items_per_worker < 1) {
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
  queue_.push({.item = std::move(item), .sequence = num_submitted_, .failed_on = {}});
  ++num_submitted_;
}

bool Scheduler::has_other_worker(const std::vector<int>& failed_on) const {
  const auto num_alive = std::count_if(failed_on.begin(), failed_on.end(),
                                       [&](int rank) { return workers_.contains(rank); });
  return static_cast<std::size_t>(num_alive) < workers_.size();
}

std::optional<int> Scheduler::find_worker(const std::vector<int>& failed_on,
                                          const std::set<int>& preferred) const {
  const std::vector<int> avoided = has_other_worker(failed_on) ? failed_on : std::vector<int>();
  for (const auto& [load, ranks] : by_load_) {
    if (load >= static_cast<std::size_t>(options_.items_per_worker)) break;
    if (const auto rank = lowest_common(ranks, preferred, avoided)) return rank;
    if (const auto rank = lowest(ranks, avoided)) return rank;
  }
  return std::nullopt;
}

std::optional<Assignment> Scheduler::next_assignment() {
  static const std::set<int> kNobody;
  if (queue_.size() == 0 || !find_worker({}, kNobody)) return std::nullopt;
  auto pending = queue_.pop([&](const std::vector<int>& failed_on) {
    return find_worker(failed_on, kNobody).has_value();
  });
  if (!pending) return std::nullopt;
  std::set<int>& served = served_[pending->item.trial];
  const int worker = find_worker(pending->failed_on, served).value();
  served.insert(worker);
  InFlight& in_flight = workers_.at(worker);
  change_load(worker, in_flight.size(), in_flight.size() + 1);
  ++pending->attempts;
  ++num_awaited_;
  in_flight.push_back(std::move(*pending));
  return Assignment{.worker = worker, .item = in_flight.back().item};
}

std::optional<WorkItem> Scheduler::complete(int worker, const WorkResult& result) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return std::nullopt;
  InFlight& in_flight = found->second;
  const auto answered = std::find_if(in_flight.begin(), in_flight.end(), [&](const auto& pending) {
    return pending.item.id == result.id;
  });
  if (answered == in_flight.end()) return std::nullopt;
  PendingItem pending = std::move(*answered);
  in_flight.erase(answered);
  change_load(worker, in_flight.size() + 1, in_flight.size());
  if (pending.is_awaited) --num_awaited_;

  const bool is_tried_again =
      !result.ok() && result.is_retryable && pending.attempts < options_.max_attempts;
  if (pending.is_awaited && is_tried_again) {
    auto& ranks = pending.failed_on;
    const auto place = std::lower_bound(ranks.begin(), ranks.end(), worker);
    if (place == ranks.end() || *place != worker) ranks.insert(place, worker);
    queue_.push_again(std::move(pending));
    return std::nullopt;
  }
  unsettled_.erase(pending.item.id);
  if (!pending.is_awaited) return std::nullopt;
  return std::move(pending.item);
}

std::vector<WorkItem> Scheduler::worker_lost(int worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return {};
  InFlight in_flight = std::move(found->second);
  remove_from_load(worker, in_flight.size());
  workers_.erase(found);
  for (auto& [trial, ranks] : served_) ranks.erase(worker);

  std::vector<WorkItem> settled;
  bool is_running = true;  // the first one; the others were only waiting there
  for (PendingItem& pending : in_flight) {
    if (!is_running) --pending.attempts;
    is_running = false;
    if (pending.is_awaited) --num_awaited_;
    if (pending.is_awaited && pending.attempts < options_.max_attempts) {
      queue_.push_again(std::move(pending));
      continue;
    }
    unsettled_.erase(pending.item.id);
    if (pending.is_awaited) settled.push_back(std::move(pending.item));
  }
  if (workers_.empty()) {
    throw Error("worker " + std::to_string(worker) + " was the last one; " +
                std::to_string(queue_.size() + settled.size()) + " work items are left undone");
  }
  return settled;
}

void Scheduler::cancel_trial(std::int32_t trial) {
  for (const std::uint64_t id : queue_.drop_trial(trial)) unsettled_.erase(id);
  for (auto& [worker, in_flight] : workers_) {
    for (PendingItem& pending : in_flight) {
      if (pending.item.trial != trial || !pending.is_awaited) continue;
      pending.is_awaited = false;
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
