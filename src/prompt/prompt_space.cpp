#include "bbprompt/prompt/prompt_space.hpp"

#include "bbprompt/base/error.hpp"

namespace bbprompt {

void PromptSpace::set_layer_scales(std::span<const double> /*deviations*/) {
  throw Error("only the layers of a deep prompt are scaled");
}

}  // namespace bbprompt
