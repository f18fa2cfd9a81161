#include "bbprompt/sched/hang_detector.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace bbprompt {
namespace {

// Evaluations of a trial that are looked back on.
constexpr std::size_t kNumRecent = 64;

}  // namespace

void HangDetector::advance(double now) {
  const double step = now - last_now_.value_or(now);
  elapsed_ += std::clamp(step, 0.0, options_.max_step_seconds);
  last_now_ = now;
}

std::size_t HangDetector::Watched::num_under_way() const {
  return std::min(items.size(), static_cast<std::size_t>(std::max(slots, 1)));
}

void HangDetector::given(int worker, const WorkItem& item, double now) {
  advance(now);
  Watched& watched = workers_[worker];
  watched.items.push_back({.id = item.id,
                           .attempt = item.attempt,
                           .trial = item.trial,
                           .size = static_cast<double>(std::max<std::int64_t>(item.num_asked(), 1)),
                           .is_first = !watched.trials.contains(item.trial),
                           .since = elapsed_});
}

void HangDetector::answered(int worker, const WorkResult& result, double now) {
  advance(now);
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return;
  Watched& watched = found->second;
  watched.is_told = false;
  const auto item =
      std::find_if(watched.items.begin(), watched.items.end(), [&](const Given& given) {
        return given.id == result.id && (result.attempt == 0 || given.attempt == result.attempt);
      });
  const bool is_expected =
      std::cmp_less(std::distance(watched.items.begin(), item), watched.num_under_way());
  std::optional<Given> given;
  if (item != watched.items.end()) {
    given = *item;
    watched.items.erase(item);
  }
  // What comes up into the slot that is free now begins; see the contract for the other case.
  const std::size_t num_under_way = watched.num_under_way();
  const bool is_any_next = num_under_way == static_cast<std::size_t>(std::max(watched.slots, 1));
  const std::size_t first_new =
      !is_expected ? 0 : (is_any_next ? num_under_way - 1 : num_under_way);
  for (std::size_t i = first_new; i < num_under_way; ++i) {
    watched.items[i].since = elapsed_;
    watched.items[i].is_told = false;
  }
  if (!given || !result.ok()) return;
  watched.trials.insert(given->trial);
  std::deque<double>& recent = recent_[given->trial];
  recent.push_back(result.seconds / given->size);
  if (recent.size() > kNumRecent) recent.pop_front();
}

void HangDetector::forget_trial(std::int32_t trial) {
  recent_.erase(trial);
  for (auto& [worker, watched] : workers_) watched.trials.erase(trial);
}

double HangDetector::allowed_seconds(const Given& given) const {
  const auto recent = recent_.find(given.trial);
  if (recent == recent_.end()) return options_.first_seconds;
  const double slowest = *std::max_element(recent->second.begin(), recent->second.end());
  const double measured = std::max(options_.floor_seconds, options_.factor * slowest * given.size);
  return given.is_first ? std::max(options_.first_seconds, measured) : measured;
}

double HangDetector::allowed_seconds(int worker) const {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || found->second.items.empty())
    return std::numeric_limits<double>::infinity();
  return allowed_seconds(found->second.items.front());
}

Overdue HangDetector::overdue_of(int worker, const Watched& watched) const {
  Overdue overdue{.worker = worker, .items = {}};
  for (std::size_t i = 0; i < watched.num_under_way(); ++i) {
    const Given& given = watched.items[i];
    const double allowed = allowed_seconds(given);
    if (given.is_told || elapsed_ - given.since <= allowed) continue;
    if (overdue.items.empty()) overdue.allowed_seconds = allowed;
    overdue.items.push_back(given.id);
  }
  return overdue;
}

std::vector<Overdue> HangDetector::overdue(double now) {
  advance(now);
  std::vector<Overdue> all;
  for (auto& [worker, watched] : workers_) {
    if (watched.is_told) continue;
    Overdue overdue = overdue_of(worker, watched);
    if (overdue.items.empty()) continue;
    watched.is_told = true;
    for (std::size_t i = 0; i < watched.num_under_way(); ++i) watched.items[i].is_told = true;
    all.push_back(std::move(overdue));
  }
  return all;
}

}  // namespace bbprompt
