#include "query/circuit_breaker.hpp"

#include <algorithm>

namespace bbprompt {

bool CircuitBreaker::may_send(double now) const {
  return !is_open_ || (!is_testing_ && now >= next_test_);
}

void CircuitBreaker::sent() { is_testing_ = is_open_; }

void CircuitBreaker::succeeded() { *this = CircuitBreaker(options_); }

void CircuitBreaker::failed(double now) {
  ++num_failures_;
  note_failure(now);
}

void CircuitBreaker::failed(double now, std::uint64_t call) {
  failed_calls_.insert(call);
  note_failure(now);
}

void CircuitBreaker::forgive(std::uint64_t call) {
  failed_calls_.erase(call);
  if (!has_too_many()) is_open_ = is_testing_ = false;
}

bool CircuitBreaker::has_too_many() const {
  return num_failures_ + static_cast<int>(failed_calls_.size()) >= options_.num_failures;
}

void CircuitBreaker::note_failure(double now) {
  if (!has_failed_ || now - last_failure_ > options_.forget_seconds) away_since_ = now;
  has_failed_ = true;
  last_failure_ = now;
  if (is_open_) {
    // Calls that were under way when it opened fail as well; they make no pause longer.
    if (!is_testing_) return;
    pause_ = std::min(2.0 * pause_, options_.longest_pause);
  } else {
    if (!has_too_many()) return;
    is_open_ = true;
    pause_ = options_.first_pause;
  }
  is_testing_ = false;
  next_test_ = now + pause_;
}

}  // namespace bbprompt
