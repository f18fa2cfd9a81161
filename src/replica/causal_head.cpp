#include "bbprompt/replica/causal_head.hpp"

#include <algorithm>
#include <cmath>

#include "replica/gemm.hpp"

namespace bbprompt {
namespace {

double log_sum_exp(const Eigen::Ref<const Eigen::RowVectorXf>& logits) {
  const auto most = static_cast<double>(logits.maxCoeff());
  return most + std::log((logits.array().cast<double>() - most).exp().sum());
}

// In float64: a score of -10 in float32 would already be rounded to a millionth.
double logit(const Eigen::Ref<const Eigen::RowVectorXf>& state,
             const Eigen::Ref<const Eigen::RowVectorXf>& word) {
  return state.cast<double>().cwiseProduct(word.cast<double>()).sum();
}

}  // namespace

RowMatrixXf CausalHead::logits(const Eigen::Ref<const RowMatrixXf>& states) const {
  RowMatrixXf logits(states.rows(), weights_->head().rows);
  multiply_transposed(states, weights_->head().map(), logits);
  return logits;
}

Eigen::VectorXd CausalHead::log_probabilities(const Eigen::Ref<const RowMatrixXf>& states,
                                              std::span<const Asked> asked) const {
  Eigen::VectorXd result(static_cast<Eigen::Index>(asked.size()));
  RowMatrixXf logits(std::min(kRowsAtOnce, states.rows()), weights_->head().rows);
  Eigen::VectorXd normalisers(logits.rows());
  for (Eigen::Index begin = 0; begin < states.rows(); begin += kRowsAtOnce) {
    const Eigen::Index count = std::min(kRowsAtOnce, states.rows() - begin);
    multiply_transposed(states.middleRows(begin, count), weights_->head().map(),
                        logits.topRows(count));
    for (Eigen::Index row = 0; row < count; ++row) normalisers[row] = log_sum_exp(logits.row(row));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const Eigen::Index row = asked[i].row - begin;
      if (row < 0 || row >= count) continue;
      result[static_cast<Eigen::Index>(i)] =
          logit(states.row(asked[i].row), weights_->head().map().row(asked[i].id)) -
          normalisers[row];
    }
  }
  return result;
}

void CausalHead::visit(
    const Eigen::Ref<const RowMatrixXf>& states,
    const std::function<void(Eigen::Index row, const Distribution&)>& visitor) const {
  RowMatrixXf logits(std::min(kRowsAtOnce, states.rows()), weights_->head().rows);
  for (Eigen::Index begin = 0; begin < states.rows(); begin += kRowsAtOnce) {
    const Eigen::Index count = std::min(kRowsAtOnce, states.rows() - begin);
    multiply_transposed(states.middleRows(begin, count), weights_->head().map(),
                        logits.topRows(count));
    for (Eigen::Index row = 0; row < count; ++row) {
      visitor(begin + row,
              {.logits = {logits.row(row).data(), static_cast<std::size_t>(logits.cols())},
               .normaliser = log_sum_exp(logits.row(row))});
    }
  }
}

double CausalHead::log_probability(const Eigen::Ref<const Eigen::RowVectorXf>& state, TokenId id,
                                   double normaliser) const {
  return logit(state, weights_->head().map().row(id)) - normaliser;
}

}  // namespace bbprompt
