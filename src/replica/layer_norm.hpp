#pragma once

#include "bbprompt/replica/weights.hpp"
#include "replica/gemm.hpp"

namespace bbprompt {

// Normalises each row in place: scale * (x - mean) / sqrt(variance + eps) + shift, with the
// variance over n (Ba, Kiros & Hinton, 2016).
void layer_norm(const LayerNormWeights& weights, float eps, Rows values);

}  // namespace bbprompt
