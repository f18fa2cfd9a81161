#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// The discrete prompts that a finished run learned, as variants "from-TASK", or "from-TASK-METHOD"
// when they are of several methods: of each task and method the prompt of the trial that is best on
// dev (is_better_on_dev), in the order of their first trials. `methods` empty: all that learned
// discrete prompts. Throws Error when there are none, a method is not there or learned no discrete
// prompts, or none of a task's trials is done.
[[nodiscard]] std::vector<PromptVariant> transferred_prompts(
    const Results& results, const std::vector<std::string>& methods);

// The document with the prompts of its sweep.prompts_from.run read from that run and written out as
// variants; the same document where there is none, but for sweep.prompts_from.own_run, which is
// taken out. Throws ConfigError when that run cannot be read or is not finished, and for what
// transferred_prompts() and with_prompt_variants() refuse.
[[nodiscard]] ConfigDocument with_transferred_prompts(const SweepDocument& document);

// Expands a document, with prompts of another run. Of one with sweep.prompts_from.own_run these are
// the trials that a run begins with: those that learn.
[[nodiscard]] SweepPlan first_plan(const SweepDocument& document);

// load_config() and first_plan().
[[nodiscard]] SweepPlan load_plan(const std::filesystem::path& path,
                                  std::span<const std::string> overrides);

// With sweep.prompts_from.own_run: the trials of `first`, the first plan, and those with the
// prompts that they learned, once all of `first` are done in the folder of that very run. Nothing
// before, and without own_run. Throws StoreError when the folder cannot be read, and ConfigError as
// with_transferred_prompts() does.
[[nodiscard]] std::optional<SweepPlan> plan_with_own_prompts(const SweepDocument& document,
                                                             const SweepPlan& first,
                                                             const std::filesystem::path& folder);

}  // namespace bbprompt
