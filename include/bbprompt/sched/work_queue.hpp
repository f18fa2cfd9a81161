#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// A work item and what happened to it so far.
struct PendingItem {
  enum class Claim {
    kAwaited,
    kCancelled,  // its trial was cancelled while it was out
    kMoved,      // it was taken from this worker, which was overdue; another copy counts
  };

  WorkItem item;               // `attempt` counts the times it was given out
  std::uint64_t sequence = 0;  // order of submission
  int num_failures = 0;        // attempts that are used up
  std::vector<int> failed_on;  // workers that failed at it, ascending
  Claim claim = Claim::kAwaited;

  [[nodiscard]] bool is_awaited() const { return claim == Claim::kAwaited; }
};

// Waiting items in the order they are handed out. Items of the test split come last, as filler.
// Before the rest come the ones that were out already, oldest submission first; the others take
// turns by trial, in submission order within a trial. Operations take logarithmic time.
//
// Turns: a trial comes again the sooner the more work is left of it, the longest one at most four
// times as often as the shortest. So no trial starves, equal ones alternate, and the long ones,
// which end a run with most workers idle, get ahead.
class WorkQueue {
 public:
  void push(PendingItem pending);
  void push_again(PendingItem pending);  // was out and came back

  // Work that is left of a trial, in any unit above 0. A trial without is as long as the longest.
  void set_cost(std::int32_t trial, double remaining);
  // The model that the trial asks; 0 unless set.
  void set_model(std::int32_t trial, int model);

  // The first item that a free worker may have; `is_placeable` tells by its `failed_on`. At least
  // one worker must be free, so that an item that failed nowhere is placeable. Trials of the
  // `preferred` models go before those of others.
  using Placeable = std::function<bool(const std::vector<int>& failed_on)>;
  [[nodiscard]] std::optional<PendingItem> pop(const Placeable& is_placeable,
                                               const std::set<int>& preferred = {});

  // Removes the trial's items and returns their ids. Forgets its cost and model.
  std::vector<std::uint64_t> drop_trial(std::int32_t trial);

  [[nodiscard]] int model_of(std::int32_t trial) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Turn = std::pair<double, std::int32_t>;  // position in the line, trial

  struct Lane {
    // By `failed_on`, then by `sequence`: all items of one group can go to the same workers.
    std::map<std::vector<int>, std::map<std::uint64_t, PendingItem>> again;
    std::map<std::int32_t, std::deque<PendingItem>> fresh;  // by trial
    std::map<std::int32_t, double> positions;               // by trial, waiting or not
    std::map<int, std::set<Turn>> line;                     // by model: trials that wait
    double now = 0.0;                                       // position reached so far
  };

  [[nodiscard]] Lane& lane_of(const PendingItem& pending);
  [[nodiscard]] static std::optional<PendingItem> pop_again(Lane& lane,
                                                            const Placeable& is_placeable);
  [[nodiscard]] std::optional<PendingItem> pop_fresh(Lane& lane, const std::set<int>& preferred);
  [[nodiscard]] static std::optional<Turn> first_of(const Lane& lane);
  void enter(Lane& lane, std::int32_t trial);
  void leave(Lane& lane, std::int32_t trial);
  [[nodiscard]] double step_of(std::int32_t trial) const;
  void forget_cost(std::int32_t trial);

  std::array<Lane, 2> lanes_;  // to train by, to test
  std::map<std::int32_t, double> costs_;
  std::multiset<double> all_costs_;
  std::map<std::int32_t, int> models_;
  std::size_t size_ = 0;
};

}  // namespace bbprompt
