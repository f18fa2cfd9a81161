#pragma once

#include <Eigen/Core>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/replica/causal_weights.hpp"

namespace bbprompt {

// From the final state of a token to what comes next.
class CausalHead {
 public:
  explicit CausalHead(std::shared_ptr<const CausalWeights> weights)
      : weights_(std::move(weights)) {}

  // A next token that is asked after a state.
  struct Asked {
    Eigen::Index row = 0;  // of the states
    TokenId id = 0;        // an id of the vocabulary
  };

  // Log-probability of each asked token over the whole vocabulary; the token's logit and the
  // normaliser are summed in float64. Takes kRowsAtOnce * vocabulary numbers of memory. States
  // without a finite normaliser give NaN.
  [[nodiscard]] Eigen::VectorXd log_probabilities(const Eigen::Ref<const RowMatrixXf>& states,
                                                  std::span<const Asked> asked) const;

  // The distribution after a state: logits of the whole vocabulary in float32, to choose by, and
  // what log_probability() subtracts.
  struct Distribution {
    std::span<const float> logits;
    double normaliser = 0.0;
  };
  // Shows the distributions after all states in order, kRowsAtOnce computed together.
  void visit(const Eigen::Ref<const RowMatrixXf>& states,
             const std::function<void(Eigen::Index row, const Distribution&)>& visitor) const;
  // One token's, with the bits of log_probabilities().
  [[nodiscard]] double log_probability(const Eigen::Ref<const Eigen::RowVectorXf>& state,
                                       TokenId id, double normaliser) const;

  // Logits of the whole vocabulary: rows of `states` x vocabulary.
  [[nodiscard]] RowMatrixXf logits(const Eigen::Ref<const RowMatrixXf>& states) const;

  static constexpr Eigen::Index kRowsAtOnce = 32;

 private:
  std::shared_ptr<const CausalWeights> weights_;
};

}  // namespace bbprompt
