#include "bbprompt/replica/masked_lm_head.hpp"

#include "replica/activations.hpp"
#include "replica/layer_norm.hpp"
#include "replica/linear.hpp"

namespace bbprompt {

MaskedLmHead::MaskedLmHead(std::shared_ptr<const Weights> weights) : weights_(std::move(weights)) {}

RowMatrixXf MaskedLmHead::transform(const Eigen::Ref<const RowMatrixXf>& hidden) const {
  const HeadWeights& head = weights_->head();
  RowMatrixXf transformed(hidden.rows(), hidden.cols());
  multiply_transposed(hidden, head.transform.weight.map(), transformed);
  add_bias_and_activate(weights_->config().head_activation, head.transform.bias, transformed);
  layer_norm(head.norm, weights_->config().layer_norm_eps, transformed);
  return transformed;
}

RowMatrixXf MaskedLmHead::score(const Eigen::Ref<const RowMatrixXf>& hidden,
                                std::span<const TokenId> answers) const {
  const LinearWeights& decoder = weights_->head().decoder;
  const auto num_answers = static_cast<Eigen::Index>(answers.size());
  RowMatrixXf rows(num_answers, decoder.weight.cols);
  Eigen::RowVectorXf bias(num_answers);
  for (Eigen::Index i = 0; i < num_answers; ++i) {
    const TokenId id = answers[static_cast<std::size_t>(i)];
    rows.row(i) = decoder.weight.map().row(id);
    bias[i] = decoder.bias.map()[id];
  }
  RowMatrixXf scores = bias.replicate(hidden.rows(), 1);
  multiply_transposed(transform(hidden), rows, scores, {.beta = 1});
  return scores;
}

RowMatrixXf MaskedLmHead::score_all(const Eigen::Ref<const RowMatrixXf>& hidden) const {
  const LinearWeights& decoder = weights_->head().decoder;
  RowMatrixXf scores(hidden.rows(), decoder.weight.rows);
  apply_linear(decoder, transform(hidden), scores);
  return scores;
}

}  // namespace bbprompt
