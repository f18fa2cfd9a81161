#pragma once

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/query/server_view.hpp"
#include "query/question.hpp"

namespace bbprompt {

// The one request that scores all queries of a request, in the way of a replica (`bbprompt serve`,
// /v1/answer_scores). Throws ModelError for a query of vectors.
[[nodiscard]] RouteCall whole_queries_call(const ServerView& view, const ScoreRequest& request);

}  // namespace bbprompt
