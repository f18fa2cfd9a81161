#pragma once

#include "bbprompt/replica/weights.hpp"
#include "replica/gemm.hpp"

namespace bbprompt {

// out = in W^T + b, row by row.
inline void apply_linear(const LinearWeights& linear, const ConstRows& in, Rows out) {
  out.rowwise() = linear.bias.map();
  multiply_transposed(in, linear.weight.map(), out, {.beta = 1});
}

// out = in W^T + b + residual.
inline void apply_linear_residual(const LinearWeights& linear, const ConstRows& in,
                                  const ConstRows& residual, Rows out) {
  out = residual.rowwise() + linear.bias.map();
  multiply_transposed(in, linear.weight.map(), out, {.beta = 1});
}

}  // namespace bbprompt
