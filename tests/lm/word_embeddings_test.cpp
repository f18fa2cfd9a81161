#include <gtest/gtest.h>

#include <cmath>

#include "tests/lm/matrix_embeddings.hpp"

namespace bbprompt {
namespace {

TEST(WordEmbeddings, TheDeviationIsOverAllEntries) {
  RowMatrixXf matrix(3, 2);
  matrix << 1, 2, 3, 4, 5, 9;
  // Mean 4; squares 9, 4, 1, 0, 1, 25.
  EXPECT_DOUBLE_EQ(testing::MatrixEmbeddings(matrix).deviation(), std::sqrt(40.0 / 6.0));
}

TEST(WordEmbeddings, TheDeviationHasTheSameBitsInBlocksOfAnySize) {
  const RowMatrixXf matrix = RowMatrixXf::Random(53, 19);
  const double whole = testing::MatrixEmbeddings(matrix, 53).deviation();
  for (const Eigen::Index num_rows : {8, 16, 24})
    EXPECT_EQ(testing::MatrixEmbeddings(matrix, num_rows).deviation(), whole);
}

}  // namespace
}  // namespace bbprompt
