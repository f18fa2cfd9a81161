// What becomes of calls: CallEngine's part that ends them or puts them back in the line.
#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <limits>
#include <utility>

#include "bbprompt/base/wording.hpp"
#include "query/call_engine.hpp"

namespace bbprompt {
namespace {

constexpr double kLongestWait = 60.0;  // that a server may ask for, with the call kept here
constexpr double kLongestAway = 3.0;   // until the next test call, likewise
constexpr int kMaxMalformed = 3;
constexpr int kMaxRepeated = 3;

std::string utc(double seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

}  // namespace

void CallEngine::act(std::uint64_t serial, Verdict verdict, double now) {
  OpenCall& call = open_.at(serial);
  switch (verdict.kind) {
    case VerdictKind::kAnswered:
      return end_answered(serial, std::move(verdict.answer));
    case VerdictKind::kSendAgain:
      call.connection = ConnectionUse::kFresh;
      waiting_.insert(serial);
      return;
    case VerdictKind::kWait:
      return wait_for_server(serial, verdict, now);
    case VerdictKind::kTryAgain:
      return try_again(serial, verdict, now);
    case VerdictKind::kMalformed:
      return ask_again(serial, verdict, now);
    case VerdictKind::kFailed:
      return end(serial, {.why = verdict.why});
    case VerdictKind::kFatal:
      return end_fatal(serial, verdict.why);
  }
}

void CallEngine::wait_for_server(std::uint64_t serial, const Verdict& verdict, double now) {
  OpenCall& call = open_.at(serial);
  if (!call.waits_since) call.waits_since = now;
  if (now - *call.waits_since > options_.patience_seconds) {
    return end_fatal(serial, verdict.why + ", for more than " +
                                 short_number(options_.patience_seconds) +
                                 " s (model.patience_seconds)");
  }
  if (servers_.size() > 1) call.avoid = call.server;
  // An open breaker says itself when to try.
  const bool is_watched =
      verdict.health == Health::kAway && !verdict.wait &&
      (servers_[call.server].breaker().is_open() || has_other_server(call, now));
  const double wait = is_watched ? 0.0 : verdict.wait.value_or(back_off_.pause(++call.num_waits));
  come_back(serial, verdict, wait);
}

void CallEngine::try_again(std::uint64_t serial, const Verdict& verdict, double now) {
  OpenCall& call = open_.at(serial);
  CircuitBreaker& breaker = servers_[call.server].breaker();
  call.num_repeated = verdict.why == call.last_why ? call.num_repeated + 1 : 1;
  call.last_why = verdict.why;
  if (verdict.is_permanent_if_repeated && call.num_repeated >= kMaxRepeated) {
    breaker.forgive(serial);
    return end(serial, {.why = verdict.why + " (the same each time, so it is about this request)"});
  }
  const bool is_servers_own = verdict.health == Health::kAway && breaker.is_open();
  if (!is_servers_own && ++call.num_failed >= max_tries(call)) {
    return end(serial, {.why = verdict.why});
  }
  if (servers_.size() > 1) call.avoid = call.server;
  const bool goes_elsewhere = verdict.health == Health::kAway && has_other_server(call, now);
  const double pause = goes_elsewhere ? 0.0 : back_off_.pause(call.num_failed);
  come_back(serial, verdict, verdict.wait.value_or(pause));
}

void CallEngine::ask_again(std::uint64_t serial, const Verdict& verdict, double) {
  OpenCall& call = open_.at(serial);
  if (++call.num_malformed >= std::min(kMaxMalformed, max_tries(call))) {
    return end(serial, {.why = verdict.why});
  }
  come_back(serial, verdict, back_off_.pause(call.num_malformed));
}

// Puts a call back in the line after `wait` seconds.
void CallEngine::come_back(std::uint64_t serial, const Verdict& verdict, double wait) {
  const double now = parts_.now();
  OpenCall& call = open_.at(serial);
  if (verdict.holds_all) servers_[call.server].hold_until(now + wait);
  const bool goes_elsewhere = verdict.holds_all && has_other_server(call, now);
  if (wait > kLongestWait && !goes_elsewhere) {
    return end(serial, too_long_wait(verdict.why, wait));
  }
  call.not_before = goes_elsewhere ? now : now + wait;
  waiting_.insert(serial);
}

CallEngine::Ending CallEngine::too_long_wait(const std::string& why, double wait) const {
  const std::string until =
      why + "; the server asks to wait until " + utc(parts_.wall_now() + wait);
  if (wait > options_.patience_seconds) {
    return {.outcome = CallOutcome::kFatal,
            .why = until + ", longer than " + short_number(options_.patience_seconds) +
                   " s (model.patience_seconds)"};
  }
  return {.outcome = CallOutcome::kNotNow, .why = until, .retry_after_seconds = wait};
}

// Ends the calls in the line where no server takes them soon.
void CallEngine::give_back_waiting(double now) {
  if (waiting_.empty()) return;
  double soonest = std::numeric_limits<double>::infinity();
  bool is_long = true;
  bool is_gone = true;
  for (const AskedServer& server : servers_) {
    const CircuitBreaker& breaker = server.breaker();
    const double wait = server.available_at() - now;
    soonest = std::min(soonest, wait);
    is_long &= !breaker.is_testing() && wait > (breaker.is_open() ? kLongestAway : kLongestWait);
    is_gone &= breaker.is_open() && now - breaker.away_since() > options_.patience_seconds;
  }
  const AskedServer& server = servers_[static_cast<std::size_t>(parts_.rank) % servers_.size()];
  if (is_gone) {
    return end_waiting({.outcome = CallOutcome::kFatal,
                        .why = "no server has answered for " +
                               short_number(options_.patience_seconds) +
                               " s (model.patience_seconds); last: " + server.last_failure});
  }
  if (!is_long) return;
  if (!server.breaker().is_open())
    return end_waiting(too_long_wait("its limit is used up", soonest));
  end_waiting({.outcome = CallOutcome::kNotNow,
               .why = "the server is away: " + server.last_failure,
               .retry_after_seconds = soonest});
}

void CallEngine::end_waiting(const Ending& ending) {
  const std::vector<std::uint64_t> serials(waiting_.begin(), waiting_.end());
  for (const std::uint64_t serial : serials) end(serial, ending);
}

// What no request to this route can get done, those in the line are not sent to find out.
void CallEngine::end_fatal(std::uint64_t serial, const std::string& why) {
  const Ending ending{.outcome = CallOutcome::kFatal, .why = why};
  const std::string path = open_.at(serial).path;
  end(serial, ending);
  const std::vector<std::uint64_t> serials(waiting_.begin(), waiting_.end());
  for (const std::uint64_t other : serials) {
    if (open_.at(other).path == path) end(other, ending);
  }
}

void CallEngine::end(std::uint64_t serial, const Ending& ending) {
  OpenCall& call = open_.at(serial);
  std::string why = servers_[call.server].base() + call.path + ": " + ending.why;
  if (call.num_requests > 1) why += " (asked " + std::to_string(call.num_requests) + " times)";
  for (const Asker& asker : call.askers) {
    finished_.push_back({.id = asker.id,
                         .outcome = ending.outcome,
                         .why = why,
                         .status = call.status,
                         .retry_after_seconds = ending.retry_after_seconds,
                         .num_requests = std::exchange(call.num_requests, 0),
                         .num_cut = std::exchange(call.num_cut, 0)});
  }
  forget(serial);
}

void CallEngine::end_answered(std::uint64_t serial, nlohmann::json answer) {
  OpenCall& call = open_.at(serial);
  for (std::size_t i = 0; i < call.askers.size(); ++i) {
    FinishedCall finished{.id = call.askers[i].id,
                          .outcome = CallOutcome::kAnswered,
                          .status = call.status,
                          .num_requests = std::exchange(call.num_requests, 0),
                          .num_cut = std::exchange(call.num_cut, 0)};
    try {  // the first one's check has passed
      if (i > 0 && call.askers[i].check) call.askers[i].check(answer);
      finished.answer = i + 1 < call.askers.size() ? answer : std::move(answer);
    } catch (const std::exception& error) {
      finished.outcome = CallOutcome::kFailed;
      finished.why = servers_[call.server].base() + call.path + ": " + error.what();
    }
    finished_.push_back(std::move(finished));
  }
  forget(serial);
}

void CallEngine::forget(std::uint64_t serial) {
  const auto place = open_.find(serial);
  num_askers_ -= place->second.askers.size();
  by_request_.erase(request_key(place->second.path, place->second.body));
  waiting_.erase(serial);
  open_.erase(place);
}

int CallEngine::max_tries(const OpenCall& call) const {
  return call.num_tries > 0 ? call.num_tries : options_.tries;
}

}  // namespace bbprompt
