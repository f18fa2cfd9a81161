#include "replica/causal_attention.hpp"

#include <cmath>

namespace bbprompt {
namespace {

using Scores = Eigen::Map<RowMatrixXf, 0, Eigen::OuterStride<>>;

void softmax_of_visible(Scores& scores) {
  const Eigen::Index num_hidden_of_first = scores.rows() - 1;
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    const Eigen::Index num_visible = scores.cols() - num_hidden_of_first + i;
    auto row = scores.row(i).head(num_visible).array();
    row = (row - row.maxCoeff()).exp();
    row *= 1.0F / row.sum();
    scores.row(i).tail(scores.cols() - num_visible).setZero();
  }
}

}  // namespace

void attend_causal(const CausalAttentionInput& input, int num_heads, std::span<float> scores,
                   Rows context) {
  const Eigen::Index size = input.query.cols() / num_heads;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  Scores weights(scores.data(), input.query.rows(), input.key.rows(),
                 Eigen::OuterStride<>(scores_stride(input.key.rows())));
  for (Eigen::Index head = 0; head < num_heads; ++head) {
    const Eigen::Index begin = head * size;
    multiply_transposed(input.query.middleCols(begin, size), input.key.middleCols(begin, size),
                        weights, {.alpha = scale});
    softmax_of_visible(weights);
    multiply(weights, input.value.middleCols(begin, size), context.middleCols(begin, size));
  }
}

}  // namespace bbprompt
