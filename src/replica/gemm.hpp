#pragma once

#include <Eigen/Core>

#include "bbprompt/lm/query.hpp"

namespace bbprompt {

// Row-major matrices with contiguous rows at any distance.
using ConstRows = Eigen::Ref<const RowMatrixXf, 0, Eigen::OuterStride<>>;
using Rows = Eigen::Ref<RowMatrixXf, 0, Eigen::OuterStride<>>;

// c = alpha * product + beta * c; with beta 0 the old values of c are not read.
struct GemmScale {
  float alpha = 1;
  float beta = 0;
};

// Single-precision matrix products by the BLAS found at configuration (Fortran interface, so any
// vendor's), else by Eigen. For given shapes and thread count the sums run in a fixed order.
void multiply(const ConstRows& a, const ConstRows& b, Rows c, const GemmScale& scale = {});
// product = a b^T: both operands are read along their rows, as linear layers want it.
void multiply_transposed(const ConstRows& a, const ConstRows& b, Rows c,
                         const GemmScale& scale = {});

// Threads of one product, for this process. Reaches OpenBLAS; another BLAS takes its own
// environment variable (OMP_NUM_THREADS, MKL_NUM_THREADS, BLIS_NUM_THREADS) instead. Throws Error
// where there is not the memory that OpenBLAS takes with its first product.
void set_gemm_threads(int num_threads);

}  // namespace bbprompt
