#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "bbprompt/lm/usage.hpp"

namespace bbprompt {

// What a server has done so far. Safe to share between threads.
class Metrics {
 public:
  void add_request(const std::string& route, int status);
  void add_usage(const Usage& usage);

  struct Now {
    int num_waiting = 0;
    double seconds_computing = 0.0;
  };
  // As Prometheus reads it.
  [[nodiscard]] std::string text(const Now& now) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::int64_t> requests_;
  Usage usage_;
};

}  // namespace bbprompt
