#pragma once

#include <memory>
#include <vector>

#include "query/question.hpp"
#include "query/request_form.hpp"

namespace bbprompt {

// A way to get the scores of answers out of a server.
class ScoringRoute {
 public:
  virtual ~ScoringRoute() = default;

  // The requests that together answer the question: each tells parts of the scores.
  [[nodiscard]] virtual std::vector<RouteCall> calls(const Question& question) const = 0;
};

// The route that `form.findings()` name; not for Route::kAuto and Route::kAnswerScores.
[[nodiscard]] std::unique_ptr<ScoringRoute> make_route(RequestForm form);

// Bias that puts a token before all others.
inline constexpr double kForcingBias = 100.0;
// Bias that puts all answers before all other tokens, with room for their own differences.
inline constexpr double kLiftingBias = 60.0;

}  // namespace bbprompt
