#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "bbprompt/http/http_message.hpp"

namespace bbprompt {

// What is to be done after what came back of a request.
enum class VerdictKind {
  kAnswered,
  kSendAgain,  // at once on a fresh connection: nothing is known to be wrong
  kWait,       // the server is not ready; uses up no try
  kTryAgain,   // may pass
  kMalformed,  // not an answer to what was asked; rarely passes
  kFailed,     // will be the same each time
  kFatal,      // for every request
};

// What it says about the server.
enum class Health {
  kWell,      // it answers as servers do
  kUnknown,   // nothing
  kDoubtful,  // the call's own fault, or the server's
  kAway,
};

struct Verdict {
  VerdictKind kind = VerdictKind::kFailed;
  std::string why;  // unless answered
  Health health = Health::kWell;
  std::optional<double> wait;             // seconds that the server asks for
  bool holds_all = false;                 // the wait is for every request to the server
  bool is_permanent_if_repeated = false;  // the same `why` again and again: the call's own fault
  nlohmann::json answer;                  // kAnswered
};

// What a verdict depends on besides the answer.
struct JudgeContext {
  std::string_view key;          // is kept out of all texts
  double wall_now = 0.0;         // seconds since 1970
  bool has_spoken_http = false;  // the server, before
};

using AnswerCheck = std::function<void(const nlohmann::json&)>;

// The fault table as a function. `check` looks at the JSON of an answer with status 2xx; it may be
// empty, and may throw MalformedAnswer and UselessAnswer.
[[nodiscard]] Verdict judge(const HttpAnswer& answer, const AnswerCheck& check,
                            const JudgeContext& context);

}  // namespace bbprompt
