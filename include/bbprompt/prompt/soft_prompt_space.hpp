#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/prompt/prompt_space.hpp"

namespace bbprompt {

struct SoftPromptSpaceInputs {
  int length = 0;                    // prompt tokens n
  int hidden_size = 0;               // D
  double embedding_deviation = 0.0;  // std of all entries of the word-embedding matrix, std_E
  double sigma = 1.0;                // the optimizer's initial step size
  std::vector<TokenId> base_ids;     // n tokens under the vectors
  std::uint64_t seed = 0;            // of the projection
};

// Black-Box Tuning (Sun et al., ICML 2022): prompt vectors P = A z, z in R^d, added to the word
// embeddings of the base tokens. A is (n D) x d with entries N(0, std^2),
// std = alpha * std_E / (sqrt(d) * sigma), fixed by the seed: at the first generation the vectors
// have about the scale of real word embeddings, times alpha. d = 0 searches all n D coordinates,
// each scaled by alpha * std_E / sigma.
class SoftPromptSpace : public PromptSpace {
 public:
  SoftPromptSpace(const SoftPromptOptions& options, const SoftPromptSpaceInputs& inputs);

  [[nodiscard]] Eigen::Index dimension() const override { return dimension_; }
  [[nodiscard]] int num_tokens() const override { return length_; }
  [[nodiscard]] SearchDomain domain() const override;
  [[nodiscard]] Prompt decode(std::span<const double> candidate) const override;

 private:
  int length_;
  int hidden_size_;
  Eigen::Index dimension_;
  double scale_ = 1.0;          // without projection
  Eigen::MatrixXf projection_;  // (n D) x d, rows ordered by token
  std::vector<TokenId> base_ids_;
};

}  // namespace bbprompt
