#pragma once

#include "bbprompt/query/server_findings.hpp"
#include "bbprompt/query/server_view.hpp"

namespace bbprompt {

// Finds out how the server of `view` can be asked: the most exact route whose numbers prove that it
// works (or the one that options.route pins). A status of 200 proves nothing: servers accept what
// they ignore. So the value of a token by a route must be that which the plain list of the best
// tokens gives it, a forced token must come out, an echoed text must be the one that was sent, and
// so on; what fails is named in `refused`. Takes some 10 to 20 short requests.
//
// Throws ModelError where no route works, or not the pinned one, with what was found instead; where
// the server takes shorter inputs than options.max_tokens; and ModelLostError where the server
// cannot be reached.
[[nodiscard]] ServerFindings probe_server(const ServerView& view);

}  // namespace bbprompt
