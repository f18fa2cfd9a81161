#include "query/call_engine.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kTick = 1e-3;

BreakerOptions breaker_options(const ServerOptions& options) {
  // A call that is alone has its tries left when the breaker opens, and waits instead of failing.
  return {.num_failures = std::clamp(options.tries, 3, 5)};
}

std::vector<AskedServer> make_servers(const ServerOptions& options) {
  if (options.urls.empty()) throw Error("expected the URL of a model server in model.url");
  if (options.requests < 1 || options.tries < 1) {
    throw Error("expected at least 1 request under way and 1 try for a model server, found " +
                std::to_string(options.requests) + " and " + std::to_string(options.tries));
  }
  std::vector<AskedServer> servers;
  for (const std::string& url : options.urls) servers.emplace_back(url, breaker_options(options));
  return servers;
}

PaceLimits pace_limits(const RequestLimits& limits, double window_seconds) {
  return {.requests = limits.requests_per_minute,
          .tokens = limits.tokens_per_minute,
          .window_seconds = window_seconds};
}

bool was_sent(HttpFault fault) {
  return fault != HttpFault::kNoConnection && fault != HttpFault::kTls &&
         fault != HttpFault::kProxy;
}

}  // namespace

CallEngine::CallEngine(ServerOptions options, EngineParts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      servers_(make_servers(options_)),
      pace_(pace_limits(options_.limits, parts_.window_seconds), parts_.now()),
      back_off_(parts_.rank) {}

// What makes two calls equal.
std::string CallEngine::request_key(const std::string& path, const std::string& body) {
  return path + '\n' + body;
}

void CallEngine::start(Call call) {
  ++num_askers_;
  const auto [place, is_new] =
      by_request_.try_emplace(request_key(call.path, call.body), next_serial_);
  if (!is_new) {
    open_.at(place->second).askers.push_back({call.id, std::move(call.check)});
    return;
  }
  OpenCall& open = open_[next_serial_];
  open.path = std::move(call.path);
  open.body = std::move(call.body);
  open.num_tokens = call.num_tokens;
  open.num_tries = call.num_tries;
  open.askers.push_back({call.id, std::move(call.check)});
  waiting_.insert(next_serial_++);
}

std::vector<FinishedCall> CallEngine::finish(double timeout_seconds) {
  if (num_open() == 0) return {};
  const double deadline = parts_.now() + timeout_seconds;
  while (true) {
    send_waiting(parts_.now());
    give_back_waiting(parts_.now());
    const double now = parts_.now();
    const bool is_last = !finished_.empty() || now >= deadline;
    const double wait = is_last ? 0.0 : std::min(deadline, next_event(now)) - now;
    for (const HttpAnswer& answer : parts_.transport->finish(wait)) take(answer);
    if (is_last) return std::exchange(finished_, {});
  }
}

std::optional<std::size_t> CallEngine::pick_server(const OpenCall& call, double now) const {
  const auto first = static_cast<std::size_t>(parts_.rank);
  std::optional<std::size_t> avoided;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const std::size_t place = (first + i) % servers_.size();
    if (!servers_[place].may_send(now)) continue;
    if (call.avoid != place) return place;
    avoided = place;
  }
  return avoided;
}

bool CallEngine::has_other_server(const OpenCall& call, double now) const {
  for (std::size_t place = 0; place < servers_.size(); ++place) {
    if (place != call.server && servers_[place].may_send(now)) return true;
  }
  return false;
}

void CallEngine::send_waiting(double now) {
  for (auto place = waiting_.begin(); place != waiting_.end();) {
    if (num_under_way_ >= options_.requests) return;
    const std::uint64_t serial = *place;
    const OpenCall& call = open_.at(serial);
    if (call.not_before > now) {
      ++place;
      continue;
    }
    const auto server = pick_server(call, now);
    if (!server || pace_.start_time(now, call.num_tokens) > now) return;
    place = waiting_.erase(place);
    send(serial, *server, now);
  }
}

void CallEngine::send(std::uint64_t serial, std::size_t server, double now) {
  OpenCall& call = open_.at(serial);
  call.server = server;
  servers_[server].breaker().sent();
  pace_.started(serial, call.num_tokens, now);
  ++num_under_way_;
  parts_.transport->start({.id = serial,
                           .url = servers_[server].base() + call.path,
                           .body = call.body,
                           .connection = call.connection});
}

// When a waiting call may be sent, as things stand.
double CallEngine::next_event(double now) const {
  if (waiting_.empty() || num_under_way_ >= options_.requests) return kNever;
  double soonest = kNever;
  std::int64_t num_tokens = 0;
  for (const std::uint64_t serial : waiting_) {
    const OpenCall& call = open_.at(serial);
    if (call.not_before >= soonest) continue;
    soonest = call.not_before;
    num_tokens = call.num_tokens;
    if (soonest <= now) break;
  }
  double server = kNever;
  for (const AskedServer& each : servers_) server = std::min(server, each.available_at());
  return std::max({soonest, server, pace_.start_time(now, num_tokens), now + kTick});
}

void CallEngine::take(const HttpAnswer& answer) {
  const double now = parts_.now();
  OpenCall& call = open_.at(answer.id);
  --num_under_way_;
  pace_.answered(answer.id, now);
  call.status = answer.status;
  call.num_requests += was_sent(answer.fault) ? 1 : 0;
  call.num_cut += answer.fault != HttpFault::kNone && answer.has_begun ? 1 : 0;
  call.connection = ConnectionUse::kAny;
  AskedServer& server = servers_[call.server];
  Verdict verdict = judge(answer, call.askers.front().check,
                          {.key = parts_.key,
                           .wall_now = parts_.wall_now(),
                           .has_spoken_http = server.has_spoken_http});
  if (answer.fault == HttpFault::kNone) {
    server.has_spoken_http = true;
    if (answer.status != 429) server.hold_until(now + limit_wait(answer));
  }
  note_health(answer, verdict, now);
  act(answer.id, std::move(verdict), now);
}

void CallEngine::note_health(const HttpAnswer& answer, const Verdict& verdict, double now) {
  const OpenCall& call = open_.at(answer.id);
  AskedServer& server = servers_[call.server];
  CircuitBreaker& breaker = server.breaker();
  const bool was_open = breaker.is_open();
  // A server that says the same about a request each time is well; only time tells.
  const bool may_repeat = verdict.is_permanent_if_repeated && !was_open &&
                          (call.last_why.empty() || call.last_why == verdict.why);
  const Health health = may_repeat ? Health::kUnknown : verdict.health;
  switch (health) {
    case Health::kWell:
      breaker.succeeded();
      break;
    case Health::kUnknown:
      breaker.no_news();
      break;
    case Health::kDoubtful:
      breaker.failed(now, answer.id);
      break;
    case Health::kAway:
      breaker.failed(now);
      break;
  }
  if (health == Health::kDoubtful || health == Health::kAway) {
    server.last_failure = verdict.why;
  }
  if (was_open == breaker.is_open()) return;
  if (was_open) {
    logger()->info("{}: the server is back", server.base());
  } else {
    logger()->warn("{}: the server does not answer calls ({}); waiting for it, at most {} s",
                   server.base(), verdict.why, short_number(options_.patience_seconds));
  }
}

}  // namespace bbprompt
