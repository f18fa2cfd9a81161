#pragma once

#include "bbprompt/replica/causal_weights.hpp"
#include "replica/gemm.hpp"

namespace bbprompt {

// The matrix as it lies in memory.
inline Eigen::Map<const RowMatrixXf, 0, Eigen::OuterStride<>> matrix_of(
    const Projection& projection) {
  const bool is_outputs_first = projection.order == WeightOrder::kOutputsFirst;
  return {projection.data, is_outputs_first ? projection.outputs : projection.inputs,
          is_outputs_first ? projection.inputs : projection.outputs,
          Eigen::OuterStride<>(projection.stride)};
}

// out = product + beta * out, without the bias.
inline void multiply_by(const Projection& projection, const ConstRows& in, Rows out, float beta) {
  if (projection.order == WeightOrder::kOutputsFirst) {
    multiply_transposed(in, matrix_of(projection), out, {.beta = beta});
  } else {
    multiply(in, matrix_of(projection), out, {.beta = beta});
  }
}

// out = projection of in, row by row.
inline void project(const Projection& projection, const ConstRows& in, Rows out) {
  if (projection.bias.data == nullptr) return multiply_by(projection, in, out, 0);
  out.rowwise() = projection.bias.map();
  multiply_by(projection, in, out, 1);
}

// out += projection of in.
inline void add_projection(const Projection& projection, const ConstRows& in, Rows out) {
  if (projection.bias.data != nullptr) out.rowwise() += projection.bias.map();
  multiply_by(projection, in, out, 1);
}

}  // namespace bbprompt
