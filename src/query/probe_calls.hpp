#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "bbprompt/query/server_findings.hpp"
#include "query/call_queue.hpp"
#include "query/request_form.hpp"
#include "query/wire.hpp"

namespace bbprompt {

// What an attempt of the probe gave: a value, or why there is none.
template <typename Value>
struct Attempt {
  std::optional<Value> value;
  std::string why;

  explicit operator bool() const { return value.has_value(); }
  const Value& operator*() const { return *value; }
  const Value* operator->() const { return &*value; }
};

// The requests of a probe, one after another, counted.
class ProbeCalls {
 public:
  ProbeCalls(const ServerOptions& options, const std::string& key);

  // Any request; an empty body is a GET. Throws ModelLostError where no request can succeed.
  [[nodiscard]] Attempt<nlohmann::json> call(const std::string& path, const std::string& body);

  // What the server says of the next token when it is asked so.
  [[nodiscard]] Attempt<NextToken> ask(const RequestForm& form, const Ask& ask);

  // Scores of a question's answers by a call.
  [[nodiscard]] Attempt<RouteReply> read(const RouteCall& call);

  std::int64_t num_requests = 0;
  std::int64_t num_prompt_tokens = 0;
  std::int64_t num_completion_tokens = 0;

 private:
  void count(const ServerUsage& usage);

  CallQueue queue_;
  std::uint64_t num_calls_ = 0;
};

}  // namespace bbprompt
