#include "serve/metrics.hpp"

#include <spdlog/fmt/fmt.h>

namespace bbprompt {
namespace {

std::string head(const char* name, const char* type, const char* help) {
  return fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <typename Value>
std::string entry(const char* name, const char* type, const char* help, Value value) {
  return head(name, type, help) + fmt::format("{} {}\n", name, value);
}

}  // namespace

void Metrics::add_request(const std::string& route, int status) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
}

void Metrics::add_usage(const Usage& usage) {
  const std::lock_guard lock(mutex_);
  usage_ += usage;
}

std::string Metrics::text(const Now& now) const {
  const std::lock_guard lock(mutex_);
  std::string text =
      head("bbprompt_requests_total", "counter", "Requests answered, by route and status.");
  for (const auto& [key, count] : requests_) {
    text += fmt::format("bbprompt_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first,
                        key.second, count);
  }
  text += entry("bbprompt_queries_total", "counter", "Queries computed.", usage_.num_queries);
  text += entry("bbprompt_tokens_total", "counter", "Tokens of these queries.", usage_.num_tokens);
  text += entry("bbprompt_calls_total", "counter", "Calls of the model.", usage_.num_calls);
  text += entry("bbprompt_truncated_total", "counter", "Queries that lost tokens.",
                usage_.num_truncated);
  text += entry("bbprompt_requests_waiting", "gauge", "Requests that wait for the model.",
                now.num_waiting);
  return text + entry("bbprompt_compute_seconds_total", "counter", "Seconds spent computing.",
                      now.seconds_computing);
}

}  // namespace bbprompt
