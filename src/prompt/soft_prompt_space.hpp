#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <vector>

#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/prompt/prompt_space.hpp"

namespace bbprompt {

struct SoftPromptSpaceInputs {
  int length = 0;                    // prompt tokens n
  int hidden_size = 0;               // D
  double embedding_deviation = 0.0;  // std of all entries of the word-embedding matrix, std_E
  double sigma = 1.0;                // the optimizer's initial step size
  std::vector<TokenId> base_ids;     // kAdd: n tokens under the vectors; else empty
  std::uint64_t seed = 0;            // of the projections
  RowMatrixXf base_vectors{};        // kConcatenate: p0, n x D; empty: zeros
  int num_layers = 1;                // deep prompts: all of the model's
};

// Black-Box Tuning (Sun et al., ICML 2022): prompt vectors P = A z, z in R^d, added to the word
// embeddings of the base tokens; or P = A z + p0 in places of their own. A is (n D) x d with
// entries N(0, std^2), std = alpha * std_E / (sqrt(d) * sigma), fixed by the seed: at the first
// generation the vectors have about the scale of real word embeddings, times alpha. d = 0 searches
// all n D coordinates, each scaled by alpha * std_E / sigma.
//
// BBTv2 (Sun et al., EMNLP 2022): one such block of d coordinates per layer, one after another;
// A_i z_i is added to the hidden states before layer i. For i >= 1 the standard deviation of these
// hidden states stands in the place of std_E; set_layer_scales() takes it.
class SoftPromptSpace : public PromptSpace {
 public:
  SoftPromptSpace(const SoftPromptOptions& options, const SoftPromptSpaceInputs& inputs);

  [[nodiscard]] Eigen::Index dimension() const override;
  [[nodiscard]] int num_tokens() const override { return length_; }
  [[nodiscard]] SearchDomain domain() const override;
  [[nodiscard]] bool needs_layer_scales() const override {
    return static_cast<int>(blocks_.size()) < num_layers_;
  }
  void set_layer_scales(std::span<const double> deviations) override;
  [[nodiscard]] Prompt decode(std::span<const double> point) const override;

 private:
  // One layer's coordinates to its vectors.
  struct Block {
    double scale = 1.0;          // without projection
    Eigen::MatrixXf projection;  // (n D) x d, rows ordered by token; empty: none
  };

  void add_block(double deviation);
  [[nodiscard]] Block make_block(double scale) const;
  [[nodiscard]] std::shared_ptr<RowMatrixXf> vectors(const Block& block,
                                                     std::span<const double> coordinates) const;

  SoftPromptOptions options_;
  int length_;
  int hidden_size_;
  int num_layers_;
  double sigma_;
  std::uint64_t seed_;
  Eigen::Index block_size_;  // d
  std::vector<Block> blocks_;
  std::vector<TokenId> base_ids_;
  RowMatrixXf base_vectors_;
};

}  // namespace bbprompt
