#pragma once

#include <Eigen/Core>
#include <memory>
#include <span>

#include "bbprompt/base/types.hpp"
#include "bbprompt/replica/weights.hpp"

namespace bbprompt {

// From the last hidden state of a mask to scores of vocabulary words:
// decoder(LayerNorm(activation(dense(h)))) + bias.
class MaskedLmHead {
 public:
  explicit MaskedLmHead(std::shared_ptr<const Weights> weights);

  // Logits of the asked words: rows of `hidden` x answers. Only these rows of the decoder are
  // computed. Every answer must be an id of the vocabulary.
  [[nodiscard]] RowMatrixXf score(const Eigen::Ref<const RowMatrixXf>& hidden,
                                  std::span<const TokenId> answers) const;

  // Logits of the whole vocabulary: rows of `hidden` x vocabulary.
  [[nodiscard]] RowMatrixXf score_all(const Eigen::Ref<const RowMatrixXf>& hidden) const;

 private:
  [[nodiscard]] RowMatrixXf transform(const Eigen::Ref<const RowMatrixXf>& hidden) const;

  std::shared_ptr<const Weights> weights_;
};

}  // namespace bbprompt
