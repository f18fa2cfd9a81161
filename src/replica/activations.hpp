#pragma once

#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/replica/weights.hpp"
#include "replica/gemm.hpp"

namespace bbprompt {

// Adds `bias` to every row of `values` and applies the function, in place.
void add_bias_and_activate(Activation activation, const VectorView& bias, Rows values);

}  // namespace bbprompt
