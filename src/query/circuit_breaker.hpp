#pragma once

#include <cstdint>
#include <set>

namespace bbprompt {

// How fast a server counts as away, and how often it is tried then.
struct BreakerOptions {
  int num_failures = 5;      // in a row
  double first_pause = 0.5;  // seconds between test calls; doubled after each
  double longest_pause = 30.0;
  double forget_seconds = 120.0;  // without any attempt: how long it was away counts anew
};

// Tells whether calls may go to a server. After too many failures in a row it opens: then one call
// at a time goes through, in growing pauses, until one succeeds. Times are seconds of any clock
// that does not fall.
class CircuitBreaker {
 public:
  explicit CircuitBreaker(const BreakerOptions& options = {}) : options_(options) {}

  [[nodiscard]] bool may_send(double now) const;
  void sent();

  void succeeded();
  // The server cannot be reached, or says that it is not there.
  void failed(double now);
  // A call failed in a way that may be the call's own: counts once for each call.
  void failed(double now, std::uint64_t call);
  // It was the call's own.
  void forgive(std::uint64_t call);
  // What was sent did not tell.
  void no_news() { is_testing_ = false; }

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] bool is_testing() const { return is_testing_; }  // a test call is under way
  [[nodiscard]] double next_test() const { return next_test_; }  // while open
  [[nodiscard]] double away_since() const { return away_since_; }

 private:
  [[nodiscard]] bool has_too_many() const;
  void note_failure(double now);

  BreakerOptions options_;
  int num_failures_ = 0;
  std::set<std::uint64_t> failed_calls_;
  bool is_open_ = false;
  bool is_testing_ = false;
  bool has_failed_ = false;  // since the last success
  double pause_ = 0.0;
  double next_test_ = 0.0;
  double away_since_ = 0.0;
  double last_failure_ = 0.0;
};

}  // namespace bbprompt
