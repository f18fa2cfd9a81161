#pragma once

#include <string>

#include "bbprompt/report/prompt_effects.hpp"

namespace bbprompt {

// A line per part of the prompt: how loss and metric change without it, with a bar for the loss.
[[nodiscard]] std::string effects_html(const PromptEffects& effects);

}  // namespace bbprompt
