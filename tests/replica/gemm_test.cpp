#include "replica/gemm.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace bbprompt {
namespace {

struct Shape {
  Eigen::Index m, n, k;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.m << " x " << shape.n << " x " << shape.k;
}

// Blocks of larger matrices, so that row distance and number of columns differ.
class Products : public ::testing::TestWithParam<Shape> {
 protected:
  RowMatrixXf a_ = RowMatrixXf::Random(GetParam().m, GetParam().k + 3);
  RowMatrixXf b_ = RowMatrixXf::Random(GetParam().k, GetParam().n + 5);
  RowMatrixXf c_ = RowMatrixXf::Random(GetParam().m, GetParam().n + 1);
  const RowMatrixXf old_ = c_;
  const Eigen::Index m_ = GetParam().m;
  const Eigen::Index n_ = GetParam().n;
  const Eigen::Index k_ = GetParam().k;

  void expect_result(float alpha, float beta) {
    for (Eigen::Index i = 0; i < m_; ++i) {
      for (Eigen::Index j = 0; j < n_; ++j) {
        double sum = 0;
        for (Eigen::Index l = 0; l < k_; ++l)
          sum += static_cast<double>(a_(i, l)) * static_cast<double>(b_(l, j));
        EXPECT_NEAR(c_(i, j), alpha * sum + beta * static_cast<double>(old_(i, j)), 1e-4);
      }
      EXPECT_EQ(c_(i, n_), old_(i, n_)) << "wrote beyond the block";
    }
  }
};

TEST_P(Products, MatchSumsInDouble) {
  multiply(a_.leftCols(k_), b_.leftCols(n_), c_.leftCols(n_));
  expect_result(1, 0);
}

TEST_P(Products, ScaleAndAccumulate) {
  multiply(a_.leftCols(k_), b_.leftCols(n_), c_.leftCols(n_), {.alpha = 0.5F, .beta = 1});
  expect_result(0.5F, 1);
}

TEST_P(Products, TakeTheSecondOperandTransposed) {
  const RowMatrixXf transposed = b_.leftCols(n_).transpose();
  multiply_transposed(a_.leftCols(k_), transposed, c_.leftCols(n_), {.alpha = 2, .beta = 0});
  expect_result(2, 0);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Products,
                         ::testing::Values(Shape{1, 1, 1}, Shape{1, 17, 64}, Shape{3, 5, 7},
                                           Shape{64, 33, 48}, Shape{130, 70, 300}));

}  // namespace
}  // namespace bbprompt
