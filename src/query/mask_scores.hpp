#pragma once

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/query/server_view.hpp"
#include "query/question.hpp"

namespace bbprompt {

// The one request that scores all queries of a request at their masks (`bbprompt serve`,
// /v1/mask_scores). Throws ModelError for a query of vectors.
[[nodiscard]] RouteCall mask_scores_call(const ServerView& view, const ScoreRequest& request);

}  // namespace bbprompt
