#include "bbprompt/sched/hang_detector.hpp"

#include <algorithm>
#include <limits>

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

void HangDetector::given(int worker, const WorkItem& item, double now) {
  advance(now);
  Watched& watched = workers_[worker];
  if (watched.items.empty()) watched.since = elapsed_;
  watched.items.push_back(
      {.id = item.id,
       .attempt = item.attempt,
       .trial = item.trial,
       .size = static_cast<double>(std::max<std::int64_t>(item.end - item.begin, 1)),
       .is_first = !watched.trials.contains(item.trial)});
}

void HangDetector::answered(int worker, const WorkResult& result, double now) {
  advance(now);
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return;
  Watched& watched = found->second;
  watched.since = elapsed_;
  watched.is_told = false;
  const auto item =
      std::find_if(watched.items.begin(), watched.items.end(), [&](const Given& given) {
        return given.id == result.id && (result.attempt == 0 || given.attempt == result.attempt);
      });
  if (item == watched.items.end()) return;
  const Given given = *item;
  watched.items.erase(item);
  if (!result.ok()) return;
  watched.trials.insert(given.trial);
  std::deque<double>& recent = recent_[given.trial];
  recent.push_back(result.seconds / given.size);
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

std::vector<int> HangDetector::overdue(double now) {
  advance(now);
  std::vector<int> workers;
  for (auto& [worker, watched] : workers_) {
    if (watched.is_told || watched.items.empty()) continue;
    if (elapsed_ - watched.since <= allowed_seconds(watched.items.front())) continue;
    watched.is_told = true;
    workers.push_back(worker);
  }
  return workers;
}

}  // namespace bbprompt
