#pragma once

#include <vector>

#include "bbprompt/report/merge_runs.hpp"

namespace bbprompt {

// Whether the runs may be parts of one sweep (--shard): of one configuration and version, each with
// trials of its own.
[[nodiscard]] bool are_parts(const std::vector<NamedResults>& runs);

// Makes the trials of the parts what one run of the whole sweep would have, in its order and with
// its RunInfo; `part` is that of any of them. False, and nothing happens, where trials of the sweep
// are missing or its configuration can no longer be read.
[[nodiscard]] bool join_parts(MergedRuns& merged, const RunInfo& part);

}  // namespace bbprompt
