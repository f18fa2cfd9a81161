#include "query/probe_calls.hpp"

#include <algorithm>
#include <utility>

namespace bbprompt {
namespace {

constexpr int kTries = 2;
constexpr double kLookSeconds = 1.0;

}  // namespace

ProbeCalls::ProbeCalls(const ServerOptions& options, const std::string& key)
    : queue_(options, key, 0) {}

void ProbeCalls::count(const ServerUsage& usage) {
  num_prompt_tokens += std::max<std::int64_t>(usage.prompt_tokens, 0);
  num_completion_tokens += std::max<std::int64_t>(usage.completion_tokens, 0);
}

Attempt<nlohmann::json> ProbeCalls::call(const std::string& path, const std::string& body) {
  queue_.start({.id = ++num_calls_, .path = path, .body = body, .num_tries = kTries, .check = {}});
  for (;;) {
    for (FinishedCall& done : queue_.finish(kLookSeconds)) {
      num_requests += done.num_requests;
      if (done.outcome == CallOutcome::kFatal) throw ModelLostError(done.why);
      if (done.outcome == CallOutcome::kNotNow) {
        // The queue gives up for a time; a probe has nothing else to do.
        queue_.start(
            {.id = ++num_calls_, .path = path, .body = body, .num_tries = kTries, .check = {}});
        continue;
      }
      if (done.outcome == CallOutcome::kAnswered)
        return {.value = std::move(done.answer), .why = {}};
      return {.value = std::nullopt, .why = done.why};
    }
  }
}

Attempt<NextToken> ProbeCalls::ask(const RequestForm& form, const Ask& ask) {
  auto answer = call(form.path(), form.body(ask));
  if (!answer) return {.value = std::nullopt, .why = answer.why};
  try {
    NextToken next = read_next_token(*answer);
    count(next.usage);
    if (next.is_truncated) return {.value = std::nullopt, .why = "the server cut the prompt"};
    return {.value = std::move(next), .why = {}};
  } catch (const Error& problem) {
    return {.value = std::nullopt, .why = problem.what()};
  }
}

Attempt<RouteReply> ProbeCalls::read(const RouteCall& route_call) {
  auto answer = call(route_call.path, route_call.body);
  if (!answer) return {.value = std::nullopt, .why = answer.why};
  try {
    RouteReply reply = route_call.read(*answer);
    count(reply.usage);
    return {.value = std::move(reply), .why = {}};
  } catch (const Error& problem) {
    return {.value = std::nullopt, .why = problem.what()};
  }
}

}  // namespace bbprompt
