#pragma once

#include "bbprompt/prompt/make_prompt_space.hpp"

namespace bbprompt {

// make_prompt_space() for soft prompts.
[[nodiscard]] PromptSpaceWithNotes make_soft_prompt_space(const PromptOptions& options,
                                                          const PromptSpaceInputs& inputs);

}  // namespace bbprompt
