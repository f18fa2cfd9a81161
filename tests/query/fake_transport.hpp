#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "query/call_engine.hpp"

namespace bbprompt::testing {

// Time, and a server's script, for an engine without sockets.
struct FakeWorld {
  struct Sent {
    double time = 0.0;
    HttpRequest request;
  };

  double now = 1000.0;
  double latency = 0.01;
  std::vector<Sent> sent;
  // The answer to the request that was sent last; its id is filled in.
  std::function<HttpAnswer(const HttpRequest& request)> script;

  [[nodiscard]] std::vector<double> times() const {
    std::vector<double> result;
    for (const Sent& each : sent) result.push_back(each.time);
    return result;
  }
};

// Answers after the world's latency; waiting moves the world's clock.
class FakeTransport : public HttpTransport {
 public:
  explicit FakeTransport(FakeWorld& world) : world_(world) {}

  void start(HttpRequest request) override {
    world_.sent.push_back({world_.now, request});
    HttpAnswer answer = world_.script(request);
    answer.id = request.id;
    coming_.push_back({world_.now + world_.latency, std::move(answer)});
  }

  std::vector<HttpAnswer> finish(double timeout_seconds) override {
    const double deadline = world_.now + timeout_seconds;
    double next = deadline;
    for (const auto& [time, answer] : coming_) next = std::min(next, time);
    world_.now = std::max(world_.now, next);
    std::vector<HttpAnswer> answers;
    std::erase_if(coming_, [&](auto& each) {
      if (each.first > world_.now) return false;
      answers.push_back(std::move(each.second));
      return true;
    });
    return answers;
  }

 private:
  FakeWorld& world_;
  std::vector<std::pair<double, HttpAnswer>> coming_;
};

inline EngineParts fake_parts(FakeWorld& world, int rank = 0) {
  return {.transport = std::make_unique<FakeTransport>(world),
          .now = [&world] { return world.now; },
          .wall_now = [&world] { return world.now; },
          .rank = rank};
}

using Headers = std::vector<std::pair<std::string, std::string>>;

inline HttpAnswer answered(int status, std::string body, Headers headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

inline HttpAnswer faulty(HttpFault fault) {
  return {.fault = fault, .why = "a fault of the script"};
}

}  // namespace bbprompt::testing
