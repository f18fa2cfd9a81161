#include "bbprompt/sched/work_queue.hpp"

#include <utility>

namespace bbprompt {

WorkQueue::Lane& WorkQueue::lane_of(const PendingItem& pending) {
  return pending.item.split == Split::kTest ? lanes_[1] : lanes_[0];
}

void WorkQueue::push(PendingItem pending) {
  Lane& lane = lane_of(pending);
  lane.fresh[pending.item.trial].push_back(std::move(pending));
  ++size_;
}

void WorkQueue::push_again(PendingItem pending) {
  auto& group = lane_of(pending).again[pending.failed_on];
  const std::uint64_t sequence = pending.sequence;
  group.emplace(sequence, std::move(pending));
  ++size_;
}

std::optional<PendingItem> WorkQueue::pop(const Placeable& is_placeable) {
  for (Lane& lane : lanes_) {
    auto pending = pop_again(lane, is_placeable);
    if (!pending) pending = pop_fresh(lane);
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

std::optional<PendingItem> WorkQueue::pop_fresh(Lane& lane) {
  if (lane.fresh.empty()) return std::nullopt;
  auto turn = lane.fresh.upper_bound(lane.last_trial);
  if (turn == lane.fresh.end()) turn = lane.fresh.begin();
  lane.last_trial = turn->first;
  PendingItem pending = std::move(turn->second.front());
  turn->second.pop_front();
  if (turn->second.empty()) lane.fresh.erase(turn);
  return pending;
}

std::vector<std::uint64_t> WorkQueue::drop_trial(std::int32_t trial) {
  std::vector<std::uint64_t> ids;
  for (Lane& lane : lanes_) {
    const auto fresh = lane.fresh.find(trial);
    if (fresh != lane.fresh.end()) {
      for (const PendingItem& pending : fresh->second) ids.push_back(pending.item.id);
      lane.fresh.erase(fresh);
    }
    for (auto& [failed_on, group] : lane.again) {
      std::erase_if(group, [&](const auto& entry) {
        const WorkItem& item = entry.second.item;
        if (item.trial == trial) ids.push_back(item.id);
        return item.trial == trial;
      });
    }
    std::erase_if(lane.again, [](const auto& entry) { return entry.second.empty(); });
  }
  size_ -= ids.size();
  return ids;
}

}  // namespace bbprompt
