#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// A work item and what happened to it so far.
struct PendingItem {
  WorkItem item;
  std::uint64_t sequence = 0;  // order of submission
  int attempts = 0;            // times it was given to a worker
  std::vector<int> failed_on;  // workers that failed at it, ascending
  bool is_awaited = true;      // false once its trial was cancelled
};

// Waiting items in the order they are handed out. Items of the test split come last, as filler.
// Before the rest come the ones that were out already, oldest submission first; the others take
// turns by trial, in submission order within a trial. Operations take logarithmic time.
class WorkQueue {
 public:
  void push(PendingItem pending);
  void push_again(PendingItem pending);  // was out and came back

  // The first item that a free worker may have; `is_placeable` tells by its `failed_on`. At least
  // one worker must be free, so that an item that failed nowhere is placeable.
  using Placeable = std::function<bool(const std::vector<int>& failed_on)>;
  [[nodiscard]] std::optional<PendingItem> pop(const Placeable& is_placeable);

  // Removes the trial's items and returns their ids.
  std::vector<std::uint64_t> drop_trial(std::int32_t trial);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Lane {
    // By `failed_on`, then by `sequence`: all items of one group can go to the same workers.
    std::map<std::vector<int>, std::map<std::uint64_t, PendingItem>> again;
    std::map<std::int32_t, std::deque<PendingItem>> fresh;  // by trial
    std::int32_t last_trial = -1;                           // whose turn was the last
  };

  [[nodiscard]] Lane& lane_of(const PendingItem& pending);
  [[nodiscard]] static std::optional<PendingItem> pop_again(Lane& lane,
                                                            const Placeable& is_placeable);
  [[nodiscard]] static std::optional<PendingItem> pop_fresh(Lane& lane);

  std::array<Lane, 2> lanes_;  // to train by, to test
  std::size_t size_ = 0;
};

}  // namespace bbprompt
