#include "query/pace_keeper.hpp"

#include <algorithm>
#include <cmath>

namespace bbprompt {
namespace {

// A request is taken to be at the server this long after its start, answered or not: else slow
// answers would make the pace slow.
constexpr double kTravelSeconds = 1.0;

// A limit in requests that are counted whole.
double whole(double limit) { return limit >= 1.0 ? std::floor(limit) : limit; }

}  // namespace

PaceKeeper::PaceKeeper(const PaceLimits& limits, double now) : limits_(limits), last_start_(now) {
  limits_.requests = whole(limits.requests);
}

double PaceKeeper::spacing(std::int64_t num_tokens) const {
  double spacing = 0.0;
  if (limits_.requests > 0.0) spacing = limits_.window_seconds / limits_.requests;
  if (limits_.tokens > 0.0) {
    const double share = static_cast<double>(num_tokens) / limits_.tokens;
    spacing = std::max(spacing, share * limits_.window_seconds);
  }
  return spacing;
}

double PaceKeeper::start_time(double now, std::int64_t num_tokens) const {
  if (limits_.requests <= 0.0 && limits_.tokens <= 0.0) return now;
  double time = std::max(now, last_start_ + spacing(num_tokens));
  // Those that are in the window must leave room; the later ones count first.
  double num_requests = 1.0;
  double tokens = static_cast<double>(num_tokens);
  for (auto sent = window_.rbegin(); sent != window_.rend(); ++sent) {
    num_requests += 1.0;
    tokens += static_cast<double>(sent->num_tokens);
    const bool is_full = (limits_.requests >= 1.0 && num_requests > limits_.requests) ||
                         (limits_.tokens > 0.0 && tokens > limits_.tokens);
    if (!is_full) continue;
    for (auto leaving = sent; leaving != window_.rend(); ++leaving) {
      time = std::max(time, leaving->latest + limits_.window_seconds);
    }
    break;
  }
  return time;
}

void PaceKeeper::started(std::uint64_t request, std::int64_t num_tokens, double now) {
  last_start_ = now;
  if (limits_.requests <= 0.0 && limits_.tokens <= 0.0) return;
  forget(now);
  window_.push_back({request, num_tokens, now + kTravelSeconds});
}

void PaceKeeper::answered(std::uint64_t request, double now) {
  for (auto sent = window_.rbegin(); sent != window_.rend(); ++sent) {
    if (sent->request != request) continue;
    sent->latest = std::min(sent->latest, now);
    return;
  }
}

void PaceKeeper::forget(double now) {
  while (!window_.empty() && window_.front().latest + limits_.window_seconds <= now) {
    window_.pop_front();
  }
}

}  // namespace bbprompt
