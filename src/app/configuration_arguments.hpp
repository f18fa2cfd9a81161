#pragma once

#include "app/command.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// Options of a command that reads a configuration: FILE, --set and --shard.
[[nodiscard]] CommandOptions configuration_options(const CommandHelp& help);

// The configuration that the arguments name. Throws UsageError for a part (--shard,
// --array) of one whose trials need the others' prompts (sweep.prompts_from.own_run).
[[nodiscard]] SweepDocument load_document(const boost::program_options::variables_map& values);

// Its trials, or the part of them that --shard names. With sweep.prompts_from.own_run: only the
// trials that learn prompts.
[[nodiscard]] SweepPlan plan_of(const SweepDocument& document,
                                const boost::program_options::variables_map& values);

// Says that further trials follow those of plan_of(), in whole lines; empty where none follow.
[[nodiscard]] std::string note_on_followers(const SweepDocument& document);

// load_document() and plan_of().
[[nodiscard]] SweepPlan load_plan(const boost::program_options::variables_map& values);

}  // namespace bbprompt
