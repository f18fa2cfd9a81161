#include "replica/attention.hpp"

#include <cmath>
#include <limits>

namespace bbprompt {
namespace {

void mask_keys(std::span<const std::uint8_t> attended, Eigen::Map<RowMatrixXf>& scores) {
  for (std::size_t key = 0; key < attended.size(); ++key) {
    if (attended[key] == 0) {
      scores.col(static_cast<Eigen::Index>(key))
          .setConstant(-std::numeric_limits<float>::infinity());
    }
  }
}

void softmax_rows(Eigen::Map<RowMatrixXf>& scores) {
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    auto row = scores.row(i).array();
    row = (row - row.maxCoeff()).exp();
    row *= 1.0F / row.sum();
  }
}

}  // namespace

void attend(const AttentionInput& input, int num_heads, std::span<float> scores, Rows context) {
  const Eigen::Index size = input.query.cols() / num_heads;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  Eigen::Map<RowMatrixXf> weights(scores.data(), input.query.rows(), input.key.rows());
  for (Eigen::Index head = 0; head < num_heads; ++head) {
    const Eigen::Index begin = head * size;
    multiply_transposed(input.query.middleCols(begin, size), input.key.middleCols(begin, size),
                        weights, {.alpha = scale});
    mask_keys(input.attended, weights);
    softmax_rows(weights);
    multiply(weights, input.value.middleCols(begin, size), context.middleCols(begin, size));
  }
}

}  // namespace bbprompt
