#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/query/server_options.hpp"

namespace bbprompt {

// An answer is not what was asked for: a Call::check throws it. Asked again a few times.
class MalformedAnswer : public Error {
 public:
  using Error::Error;
};

// An answer that will be the same each time, and is of no use: a Call::check throws it.
class UselessAnswer : public Error {
 public:
  using Error::Error;
};

// One request to a model server.
struct Call {
  std::uint64_t id = 0;         // the caller's; the answer repeats it
  std::string path;             // after the server's base URL, with its first slash
  std::string body;             // JSON; empty: a GET
  std::int64_t num_tokens = 0;  // prompt and completion, for the limit of tokens
  int num_tries = 0;            // at most; 0: ServerOptions::tries
  // Looks at the JSON of an answer with status 2xx. May throw MalformedAnswer and UselessAnswer.
  std::function<void(const nlohmann::json&)> check;
};

enum class CallOutcome {
  kAnswered,
  kFailed,  // this request is refused or fails again and again; others may succeed
  kNotNow,  // worth another try in `retry_after_seconds`: the server is away, or asked to wait
  kFatal,   // no request can succeed: wrong key, no money left, no such model, server gone for good
};

// What came of it.
struct FinishedCall {
  std::uint64_t id = 0;
  CallOutcome outcome = CallOutcome::kFailed;
  nlohmann::json answer;  // kAnswered
  std::string why;  // else: status, route, the server's text (shortened, no markup), what to try
  int status = 0;   // of the last answer; 0: there was none
  double retry_after_seconds = 0.0;  // kNotNow
  std::int64_t num_requests = 0;     // sent, each try counted
  std::int64_t num_cut = 0;          // answers that began and were lost on the way: maybe billed
};

// Keeps requests to equal servers under way: at most ServerOptions::requests at once, the others
// wait in order. Tries again what may pass, waits as the server says, leaves a server that does not
// answer for the next one in the list, and keeps to the limits of this rank. Not for several
// threads; does nothing between calls of start() and finish().
class CallQueue {
 public:
  // `rank` spreads the workers over the servers, and keeps their pauses apart. `key`: sent as
  // bearer token; empty: none. Throws Error for a URL that cannot be used.
  CallQueue(ServerOptions options, std::string key, int rank);
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;
  ~CallQueue();

  void start(Call call);

  // What is finished since the last call, in any order; each that was started comes once. Waits
  // until there is something, at most `timeout_seconds`; empty at once when nothing was started.
  [[nodiscard]] std::vector<FinishedCall> finish(double timeout_seconds);

  [[nodiscard]] std::size_t num_open() const;  // started and not finished

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bbprompt
