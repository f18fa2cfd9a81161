#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "bbprompt/prompt/option_vocabulary.hpp"
#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/prompt/prompt_space.hpp"

namespace bbprompt {

struct DiscretePromptSpaceInputs {
  int length = 0;                     // positions n
  std::vector<PromptOption> options;  // N of them
  RowMatrixXf option_embeddings;      // N x hidden; used by kEmbedding and kNearest only
  std::uint64_t seed = 0;             // of the projection of kLogits
};

// n positions over N options; the prompt is the tokens of the chosen ones in a row.
//
// The relaxations make a point z of R^d choose. N(0, I) spreads over all options, so the search
// starts at 0; ties go to the lower option index.
//
// kEmbedding: d = n k, k = dimension_per_token. The options' word embeddings are centred,
//   rotated onto their k strongest principal axes, scaled to unit variance per axis and then to
//   unit length: e_c. Position i takes argmax_c <z_i, e_c>. Neighbouring points choose words of
//   neighbouring meaning. Where the options span fewer than k axes, k is that number.
// kNearest: the same axes with unit variance, but the lengths kept: argmin_c |z_i - e_c|. Words
//   near the mean of all have larger cells than outlying ones, and a search that closes in on a
//   word stays there.
// kLogits: R^d. Scores S = A z with A of (n N) x d entries N(0, 1/d) fixed by the seed; position i
//   takes argmax_c S(i, c).
// kEmbedding and kLogits read only the direction of z, not its length, so that any initial step
// size will do; kNearest fits a step size of 1.
//
// kIndex: no relaxation; coordinate i is one of N categories, from 0.
class DiscretePromptSpace : public PromptSpace {
 public:
  DiscretePromptSpace(const DiscretePromptOptions& options,
                      const DiscretePromptSpaceInputs& inputs);

  [[nodiscard]] Eigen::Index dimension() const override { return dimension_; }
  [[nodiscard]] int num_tokens() const override { return length_; }
  [[nodiscard]] SearchDomain domain() const override;
  [[nodiscard]] Prompt decode(std::span<const double> point) const override;

  [[nodiscard]] std::vector<std::string> option_texts() const override;
  [[nodiscard]] std::vector<std::vector<TokenId>> option_ids() const override;
  // Throws as decode() does.
  [[nodiscard]] std::vector<int> choices(std::span<const double> point) const override;

 private:
  [[nodiscard]] Eigen::MatrixXd scores(std::span<const double> point) const;  // N x n

  Relaxation relaxation_;
  int length_;
  std::vector<PromptOption> options_;
  Eigen::Index dimension_ = 0;
  Eigen::MatrixXd directions_;  // kEmbedding, kNearest: N x k
  Eigen::VectorXd offsets_;     // N; taken off the scores of every position
  Eigen::MatrixXf projection_;  // kLogits: (N n) x d, position-major
};

}  // namespace bbprompt
