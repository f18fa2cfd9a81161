#pragma once

#include "bbprompt/config/config_node.hpp"
#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// Throws ConfigError for values of a task that do not go together; `root` tells where they stand.
void check_task(const ConfigNode& root, const TaskOptions& task);

}  // namespace bbprompt
