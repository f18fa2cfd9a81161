#pragma once

#include <string>

#include "bbprompt/report/merge_runs.hpp"

namespace bbprompt {

enum class ComparisonForm { kTerminal, kMarkdown };

// Two runs side by side, A and B: what is the same in them, the settings that differ, the test
// metric of each method and task with paired tests over the seeds that both have (B minus A), and
// the prompts that each would use. Methods are those of one name and equal sweep settings; where
// none is in both and each run has one, these two. Nothing of the two runs is averaged.
[[nodiscard]] std::string compare_runs(const NamedResults& a, const NamedResults& b,
                                       ComparisonForm form = ComparisonForm::kTerminal);

}  // namespace bbprompt
