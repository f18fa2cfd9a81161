#pragma once

#include "app/command.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// Options of a command that reads a configuration: FILE, --set and --shard.
[[nodiscard]] CommandOptions configuration_options(const CommandHelp& help);

// The trials of the configuration that the arguments name.
[[nodiscard]] SweepPlan load_plan(const boost::program_options::variables_map& values);

}  // namespace bbprompt
