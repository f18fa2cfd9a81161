#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/prompt/prompt_space.hpp"

namespace bbprompt {

struct DiscretePromptSpaceInputs {
  int length = 0;                      // prompt tokens n
  std::vector<TokenId> candidate_ids;  // N of them
  RowMatrixXf candidate_embeddings;    // N x hidden; used by kEmbedding only
  std::uint64_t seed = 0;              // of the projection of kLogits
};

// n positions over N candidate tokens through a continuous relaxation. Both relaxations read only
// the direction of z, not its length, and N(0, I) spreads over all candidates, so the search starts
// at 0 with any step size.
//
// kEmbedding: R^(n k), k = dimension_per_token. The candidates' word embeddings are centred,
//   rotated onto their k strongest principal axes, scaled to unit variance per axis and then to
//   unit length: e_c. Position i takes argmax_c <z_i, e_c>. Neighbouring points choose words of
//   neighbouring meaning. Where the candidates span fewer than k axes, k is that number.
// kLogits: R^d. Scores S = A z with A of (n N) x d entries N(0, 1/d) fixed by the seed; position i
//   takes argmax_c S(i, c).
// Ties go to the lower candidate index.
class DiscretePromptSpace : public PromptSpace {
 public:
  DiscretePromptSpace(const DiscretePromptOptions& options,
                      const DiscretePromptSpaceInputs& inputs);

  [[nodiscard]] Eigen::Index dimension() const override { return dimension_; }
  [[nodiscard]] int num_tokens() const override { return length_; }
  [[nodiscard]] SearchDomain domain() const override;
  [[nodiscard]] Prompt decode(std::span<const double> candidate) const override;

 private:
  [[nodiscard]] Eigen::MatrixXd scores(std::span<const double> candidate) const;  // N x n

  Relaxation relaxation_;
  int length_;
  std::vector<TokenId> candidate_ids_;
  Eigen::Index dimension_ = 0;
  Eigen::MatrixXd directions_;  // kEmbedding: N x k
  Eigen::MatrixXf projection_;  // kLogits: (N n) x d, position-major
};

}  // namespace bbprompt
