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

void check_missing(const WorkItem& item, const WorkResult& result) {
  const auto& missing = result.missing;
  const bool are_asked =
      item.only.empty()
          ? missing.empty() || (missing.front() >= 0 && missing.back() < item.end - item.begin)
          : std::includes(item.only.begin(), item.only.end(), missing.begin(), missing.end());
  if (!are_asked || (result.ok() && !missing.empty())) {
    throw CommError("work item " + std::to_string(item.id) +
                    ": a worker misses examples that it was not asked for");
  }
}

void insert_ascending(std::vector<int>& ascending, int value) {
  const auto place = std::lower_bound(ascending.begin(), ascending.end(), value);
  if (place == ascending.end() || *place != value) ascending.insert(place, value);
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options) : options_(options) {
  if (options.max_attempts < 1 || options.slots < 1 || options.waiting < 0 ||
      options.models_per_worker < 0) {
    throw Error("the scheduler needs at least 1 attempt per item and 1 slot per worker; found " +
                std::to_string(options.max_attempts) + " and " + std::to_string(options.slots));
  }
}

// With equal slots this orders workers by the items that they have in flight.
double Scheduler::Worker::load() const {
  return static_cast<double>(in_flight.size()) / static_cast<double>(slots);
}

void Scheduler::add_worker(int worker, int slots) {
  if (slots < 0) throw Error("a worker of " + std::to_string(slots) + " slots");
  const auto [added, is_new] = workers_.try_emplace(worker);
  if (!is_new) throw Error("worker " + std::to_string(worker) + " is known already");
  added->second.slots = slots == 0 ? options_.slots : slots;
  enlist(worker);
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
  // A worker on which the item failed gets it again only when no other is left: its node may be
  // ill.
  const std::vector<int> avoided = has_other_worker(failed_on) ? failed_on : std::vector<int>();
  for (const auto& [load, ranks] : by_load_) {
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
  // With one model every worker is as good as any other.
  if (holders_.size() < 2 || by_load_.empty()) return models;
  for (const auto& [model, ranks] : holders_) {
    if (lowest_common(by_load_.begin()->second, ranks, {})) models.insert(model);
  }
  return models;
}

std::optional<Assignment> Scheduler::next_assignment(double now) {
  wake_deferred(now);
  if (queue_.size() == 0 || !find_worker({}, {})) return std::nullopt;
  auto pending = queue_.pop(
      [&](const std::vector<int>& failed_on) { return find_worker(failed_on, {}).has_value(); },
      preferred_models());
  if (!pending) return std::nullopt;
  std::set<int>& served = served_[pending->item.trial];
  const int model = queue_.model_of(pending->item.trial);
  // First a worker that has built the trial's parts, then one that has loaded its model: both take
  // longer than many an item.
  const int worker = find_worker(pending->failed_on, {&served, &holders_[model]}).value();
  served.insert(worker);
  use_model(worker, model);
  give(worker, std::move(*pending));
  return Assignment{.worker = worker, .item = workers_.at(worker).in_flight.back().item};
}

std::optional<double> Scheduler::next_time() const {
  if (deferred_.empty()) return std::nullopt;
  return deferred_.begin()->first;
}

void Scheduler::wake_deferred(double now) {
  while (!deferred_.empty() && deferred_.begin()->first <= now) {
    queue_.push_again(std::move(deferred_.begin()->second));
    deferred_.erase(deferred_.begin());
  }
}

void Scheduler::give(int rank, PendingItem pending) {
  delist(rank);
  ++pending.item.attempt;
  ++num_awaited_;
  workers_.at(rank).in_flight.push_back(std::move(pending));
  enlist(rank);
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

// Removes the item that is answered from those of the worker; nothing where it has no such item.
std::optional<PendingItem> Scheduler::take_answered(int rank, const WorkResult& result) {
  const auto found = workers_.find(rank);
  if (found == workers_.end()) return std::nullopt;
  Worker& worker = found->second;
  delist(rank);
  // Any answer, even to an item that was moved, shows that the worker lives.
  if (std::exchange(worker.is_hung, false)) --num_hung_;
  const auto answered =
      std::find_if(worker.in_flight.begin(), worker.in_flight.end(), [&](const auto& pending) {
        // A moved item may come back to the same worker: then the late answer is to the older
        // attempt.
        const bool is_attempt = result.attempt == 0 || result.attempt == pending.item.attempt;
        return pending.item.id == result.id && is_attempt;
      });
  std::optional<PendingItem> pending;
  if (answered != worker.in_flight.end()) {
    pending = std::move(*answered);
    worker.in_flight.erase(answered);
  }
  enlist(rank);
  return pending;
}

std::optional<Completion> Scheduler::complete(int worker, const WorkResult& result, double now) {
  auto pending = take_answered(worker, result);
  if (!pending || pending->claim == PendingItem::Claim::kMoved) return std::nullopt;
  if (!pending->is_awaited()) {
    unsettled_.erase(pending->item.id);
    return std::nullopt;
  }
  --num_awaited_;
  check_missing(pending->item, result);
  Completion completion{.item = pending->item};
  completion.is_settled = !queue_again(worker, std::move(*pending), result, now);
  if (completion.is_settled) unsettled_.erase(completion.item.id);
  return completion;
}

// Whether the item has another try.
bool Scheduler::queue_again(int rank, PendingItem pending, const WorkResult& result, double now) {
  // What is known of the item was kept by the caller; asking it again would be paid for twice.
  if (!result.missing.empty()) pending.item.only = result.missing;
  if (result.state == WorkResult::State::kDeferred) {
    deferred_.emplace(now + std::max(0.0, result.retry_after_seconds), std::move(pending));
    return true;
  }
  ++pending.num_failures;
  if (result.ok() || !result.is_retryable || pending.num_failures >= options_.max_attempts) {
    return false;
  }
  insert_ascending(pending.failed_on, rank);
  queue_.push_again(std::move(pending));
  return true;
}

// Queues what the worker has again; its own copies count no more. Returns what has failed for good.
std::vector<WorkItem> Scheduler::take_back(int rank, Worker& worker,
                                           const std::vector<std::uint64_t>& overdue) {
  std::vector<WorkItem> settled;
  for (std::size_t i = 0; i < worker.in_flight.size(); ++i) {
    PendingItem& pending = worker.in_flight[i];
    if (!pending.is_awaited()) continue;
    PendingItem copy = pending;
    pending.claim = PendingItem::Claim::kMoved;
    --num_awaited_;
    // Items that only waited behind others had no chance to fail, so they lose no attempt.
    const bool is_under_way = std::cmp_less(i, worker.slots);
    const bool is_blamed =
        overdue.empty() || std::find(overdue.begin(), overdue.end(), copy.item.id) != overdue.end();
    if (is_under_way && is_blamed) {
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
  delist(worker);
  if (found->second.is_hung) --num_hung_;
  Worker lost = std::move(found->second);
  workers_.erase(found);
  for (auto& [trial, ranks] : served_) ranks.erase(worker);
  for (auto& [model, ranks] : holders_) ranks.erase(worker);
  for (const PendingItem& pending : lost.in_flight) {
    if (pending.claim == PendingItem::Claim::kCancelled) unsettled_.erase(pending.item.id);
  }
  std::vector<WorkItem> settled = take_back(worker, lost, {});
  if (workers_.empty()) {
    throw Error("worker " + std::to_string(worker) + " was the last one; " +
                std::to_string(num_waiting() + settled.size()) + " work items are left undone");
  }
  return settled;
}

std::vector<WorkItem> Scheduler::worker_hung(int worker,
                                             const std::vector<std::uint64_t>& overdue) {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || found->second.is_hung) return {};
  delist(worker);
  found->second.is_hung = true;
  ++num_hung_;
  return take_back(worker, found->second, overdue);
}

void Scheduler::cancel_trial(std::int32_t trial) {
  for (const std::uint64_t id : queue_.drop_trial(trial)) unsettled_.erase(id);
  std::erase_if(deferred_, [&](const auto& entry) {
    const WorkItem& item = entry.second.item;
    if (item.trial == trial) unsettled_.erase(item.id);
    return item.trial == trial;
  });
  for (auto& [rank, worker] : workers_) {
    for (PendingItem& pending : worker.in_flight) {
      if (pending.item.trial != trial || !pending.is_awaited()) continue;
      pending.claim = PendingItem::Claim::kCancelled;
      --num_awaited_;
    }
  }
  served_.erase(trial);
}

// Makes the worker known to find_worker(), where it may have an item more.
void Scheduler::enlist(int rank) {
  const Worker& worker = workers_.at(rank);
  const std::size_t most =
      static_cast<std::size_t>(worker.slots) + static_cast<std::size_t>(options_.waiting);
  if (!worker.is_hung && worker.in_flight.size() < most) by_load_[worker.load()].insert(rank);
}

// The contrary, before what it has in flight changes.
void Scheduler::delist(int rank) {
  const auto level = by_load_.find(workers_.at(rank).load());
  if (level == by_load_.end()) return;
  level->second.erase(rank);
  if (level->second.empty()) by_load_.erase(level);
}

}  // namespace bbprompt
