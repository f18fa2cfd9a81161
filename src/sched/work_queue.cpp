#include "bbprompt/sched/work_queue.hpp"

#include <algorithm>
#include <utility>

namespace bbprompt {
namespace {

// How much oftener the longest trial comes than the shortest, at most.
constexpr double kLongestAhead = 4.0;

}  // namespace

WorkQueue::Lane& WorkQueue::lane_of(const PendingItem& pending) {
  return pending.item.split == Split::kTest ? lanes_[1] : lanes_[0];
}

void WorkQueue::push(PendingItem pending) {
  Lane& lane = lane_of(pending);
  const std::int32_t trial = pending.item.trial;
  std::deque<PendingItem>& items = lane.fresh[trial];
  items.push_back(std::move(pending));
  if (items.size() == 1) {
    if (const auto first = first_of(lane)) lane.now = std::max(lane.now, first->first);
    double& position = lane.positions[trial];
    position = std::max(position, lane.now);  // who was away has saved up nothing
    enter(lane, trial);
  }
  ++size_;
}

void WorkQueue::push_again(PendingItem pending) {
  auto& group = lane_of(pending).again[pending.failed_on];
  const std::uint64_t sequence = pending.sequence;
  group.emplace(sequence, std::move(pending));
  ++size_;
}

void WorkQueue::set_cost(std::int32_t trial, double remaining) {
  forget_cost(trial);
  if (!(remaining > 0.0)) return;
  costs_[trial] = remaining;
  all_costs_.insert(remaining);
}

void WorkQueue::forget_cost(std::int32_t trial) {
  const auto known = costs_.find(trial);
  if (known == costs_.end()) return;
  all_costs_.erase(all_costs_.find(known->second));
  costs_.erase(known);
}

void WorkQueue::set_model(std::int32_t trial, int model) {
  for (Lane& lane : lanes_) leave(lane, trial);
  models_[trial] = model;
  for (Lane& lane : lanes_) {
    if (lane.fresh.contains(trial)) enter(lane, trial);
  }
}

int WorkQueue::model_of(std::int32_t trial) const {
  const auto known = models_.find(trial);
  return known == models_.end() ? 0 : known->second;
}

double WorkQueue::step_of(std::int32_t trial) const {
  const auto known = costs_.find(trial);
  if (known == costs_.end()) return 1.0;
  return std::min(*all_costs_.rbegin() / known->second, kLongestAhead);
}

std::optional<WorkQueue::Turn> WorkQueue::first_of(const Lane& lane) {
  std::optional<Turn> first;
  for (const auto& [model, turns] : lane.line) {
    if (!first || *turns.begin() < *first) first = *turns.begin();
  }
  return first;
}

void WorkQueue::enter(Lane& lane, std::int32_t trial) {
  lane.line[model_of(trial)].insert({lane.positions[trial], trial});
}

void WorkQueue::leave(Lane& lane, std::int32_t trial) {
  const auto line = lane.line.find(model_of(trial));
  if (line == lane.line.end()) return;
  line->second.erase({lane.positions[trial], trial});
  if (line->second.empty()) lane.line.erase(line);
}

std::optional<PendingItem> WorkQueue::pop(const Placeable& is_placeable,
                                          const std::set<int>& preferred) {
  for (Lane& lane : lanes_) {
    auto pending = pop_again(lane, is_placeable);
    if (!pending) pending = pop_fresh(lane, preferred);
    if (pending) {
      --size_;
      return pending;
    }
  }
  return std::nullopt;
}

std::optional<PendingItem> WorkQueue::pop_again(Lane& lane, const Placeable& is_placeable) {
  auto oldest = lane.again.end();
  for (auto group = lane.again.begin(); group != lane.again.end(); ++group) {
    const bool is_older =
        oldest == lane.again.end() || group->second.begin()->first < oldest->second.begin()->first;
    if (is_older && is_placeable(group->first)) oldest = group;
  }
  if (oldest == lane.again.end()) return std::nullopt;
  const auto first = oldest->second.begin();
  PendingItem pending = std::move(first->second);
  oldest->second.erase(first);
  if (oldest->second.empty()) lane.again.erase(oldest);
  return pending;
}

std::optional<PendingItem> WorkQueue::pop_fresh(Lane& lane, const std::set<int>& preferred) {
  const std::optional<Turn> first = first_of(lane);
  if (!first) return std::nullopt;
  std::optional<Turn> first_preferred;
  for (const int model : preferred) {
    const auto turns = lane.line.find(model);
    if (turns == lane.line.end()) continue;
    const Turn& turn = *turns->second.begin();
    if (!first_preferred || turn < *first_preferred) first_preferred = turn;
  }
  lane.now = std::max(lane.now, first->first);
  const std::int32_t trial = first_preferred.value_or(*first).second;
  leave(lane, trial);
  lane.positions[trial] += step_of(trial);
  const auto waiting = lane.fresh.find(trial);
  PendingItem pending = std::move(waiting->second.front());
  waiting->second.pop_front();
  if (waiting->second.empty()) {
    lane.fresh.erase(waiting);
  } else {
    enter(lane, trial);
  }
  return pending;
}

std::vector<std::uint64_t> WorkQueue::drop_trial(std::int32_t trial) {
  std::vector<std::uint64_t> ids;
  for (Lane& lane : lanes_) {
    const auto fresh = lane.fresh.find(trial);
    if (fresh != lane.fresh.end()) {
      for (const PendingItem& pending : fresh->second) ids.push_back(pending.item.id);
      leave(lane, trial);
      lane.fresh.erase(fresh);
    }
    lane.positions.erase(trial);
    for (auto& [failed_on, group] : lane.again) {
      std::erase_if(group, [&](const auto& entry) {
        const WorkItem& item = entry.second.item;
        if (item.trial == trial) ids.push_back(item.id);
        return item.trial == trial;
      });
    }
    std::erase_if(lane.again, [](const auto& entry) { return entry.second.empty(); });
  }
  forget_cost(trial);
  models_.erase(trial);
  size_ -= ids.size();
  return ids;
}

}  // namespace bbprompt
