#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "serve/served_model.hpp"

namespace bbprompt {

// A request to /v1/mask_scores or /v1/answer_scores, checked as far as JSON goes: whole queries, so
// that the answer is what the model gives in this process. The keys: src/serve/serving.md.
struct AnswerScoresRequest {
  std::vector<Query> queries;
  std::vector<Answer> answers;
};

// Throws RequestError.
[[nodiscard]] AnswerScoresRequest read_answer_scores(const nlohmann::json& body,
                                                     const ServedModel& model,
                                                     const ServeLimits& limits);

[[nodiscard]] nlohmann::json answer_scores_answer(const ServedModel& model,
                                                  const AnswerScores& found);

}  // namespace bbprompt
