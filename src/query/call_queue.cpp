#include "query/call_queue.hpp"

#include <chrono>
#include <utility>

#include "query/call_engine.hpp"

namespace bbprompt {
namespace {

template <typename Clock>
double seconds() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

HttpOptions http_options(const ServerOptions& options, const std::string& key) {
  const RequestTimes& times = options.times;
  return {.times = {.connect = times.connect_seconds,
                    .first_byte = times.first_byte_seconds,
                    .stall = times.stall_seconds,
                    .total = times.total_seconds},
          .max_connections = options.requests + 8,
          .ca_file = options.ca_file,
          .key = key};
}

EngineParts engine_parts(const ServerOptions& options, std::string key, int rank) {
  return {.transport = std::make_unique<HttpClient>(http_options(options, key)),
          .now = seconds<std::chrono::steady_clock>,
          .wall_now = seconds<std::chrono::system_clock>,
          .key = std::move(key),
          .rank = rank};
}

}  // namespace

class CallQueue::Impl : public CallEngine {
 public:
  using CallEngine::CallEngine;
};

CallQueue::CallQueue(ServerOptions options, std::string key, int rank) {
  EngineParts parts = engine_parts(options, std::move(key), rank);
  impl_ = std::make_unique<Impl>(std::move(options), std::move(parts));
}

CallQueue::~CallQueue() = default;

void CallQueue::start(Call call) { impl_->start(std::move(call)); }

std::vector<FinishedCall> CallQueue::finish(double timeout_seconds) {
  return impl_->finish(timeout_seconds);
}

std::size_t CallQueue::num_open() const { return impl_->num_open(); }

}  // namespace bbprompt
