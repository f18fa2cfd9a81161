#pragma once

#include <string>

#include "query/circuit_breaker.hpp"

namespace bbprompt {

// The base of the URLs of a server's routes: without "/" and "/v1" at the end. Throws Error, saying
// what is expected, for what is no http or https URL, and for one that holds a password (a key
// belongs in model.key_variable or model.key_file), a query or a fragment.
[[nodiscard]] std::string server_base(const std::string& url);

// One of the servers of a queue, and whether calls may go to it. Times as in CircuitBreaker.
class AskedServer {
 public:
  AskedServer(const std::string& url, const BreakerOptions& options)
      : base_(server_base(url)), breaker_(options) {}

  [[nodiscard]] const std::string& base() const { return base_; }

  [[nodiscard]] bool may_send(double now) const {
    return now >= hold_until_ && breaker_.may_send(now);
  }
  // When it may be, as things stand; infinity while a test call is under way.
  [[nodiscard]] double available_at() const;

  // It asks not to be asked before.
  void hold_until(double time);
  [[nodiscard]] double held_until() const { return hold_until_; }

  CircuitBreaker& breaker() { return breaker_; }
  [[nodiscard]] const CircuitBreaker& breaker() const { return breaker_; }

  // In words, of the last failure that counts for the breaker.
  std::string last_failure;
  bool has_spoken_http = false;

 private:
  std::string base_;
  CircuitBreaker breaker_;
  double hold_until_ = 0.0;
};

}  // namespace bbprompt
