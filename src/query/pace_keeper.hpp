#pragma once

#include <cstdint>
#include <deque>

namespace bbprompt {

// At most so much in any window of time; 0: no limit. Fractions are allowed: 0.5 is one in two
// windows.
struct PaceLimits {
  double requests = 0.0;
  double tokens = 0.0;
  double window_seconds = 60.0;
};

// Spaces the starts of requests so that they keep to limits. Starts are as far apart as the limits
// on average say, the first one after the keeper's own start included: there is no burst, and a
// process that takes another one's place keeps to the limits as well. Times are seconds of any
// clock that does not fall.
class PaceKeeper {
 public:
  PaceKeeper(const PaceLimits& limits, double now);

  // When a request of so many tokens may start: `now` or later.
  [[nodiscard]] double start_time(double now, std::int64_t num_tokens) const;

  void started(std::uint64_t request, std::int64_t num_tokens, double now);
  void answered(std::uint64_t request, double now);

 private:
  // A server counts a request when it comes in: after its start, and before its answer.
  struct Sent {
    std::uint64_t request = 0;
    std::int64_t num_tokens = 0;
    double latest = 0.0;  // when it came in at the latest
  };

  [[nodiscard]] double spacing(std::int64_t num_tokens) const;
  void forget(double now);

  PaceLimits limits_;
  double last_start_;
  std::deque<Sent> window_;  // in order of their starts
};

}  // namespace bbprompt
