#pragma once

#include <string>

#include "bbprompt/report/prompt_effects.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// The best prompt of each task and method: text, tokens, what it reaches, the effects of its parts
// where they are known, and where the search left a distribution the candidates of the largest
// share at each position.
[[nodiscard]] std::string prompts_html(const Results& results, const EffectsByTrial& effects);

}  // namespace bbprompt
