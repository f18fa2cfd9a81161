#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/input_vectors.hpp"
#include "bbprompt/replica/weights.hpp"

namespace bbprompt {

// Sequences of any lengths, one after another without padding.
struct TokenBatch {
  std::vector<TokenId> ids;
  std::vector<int> positions;            // row of the position embedding, one per token
  std::vector<int> types;                // row of the type embedding, one per token
  std::vector<Eigen::Index> begins{0};   // first token of each sequence, and the end of the last
  std::vector<Eigen::Index> answers;     // token asked in each sequence; unused by encode_all
  std::vector<InputVector> vectors;      // soft prompts
  std::vector<std::uint8_t> attended{};  // 0: no one looks at it (not all); empty: all 1
  std::vector<LayerVector> layer_vectors{};  // deep prompts

  [[nodiscard]] Eigen::Index num_tokens() const { return static_cast<Eigen::Index>(ids.size()); }
  [[nodiscard]] std::size_t num_sequences() const { return begins.size() - 1; }
};

// Position rows of one sequence by the model's rule: BERT counts from 0; RoBERTa gives padding the
// padding id and counts the other tokens on from there.
[[nodiscard]] std::vector<int> position_rows(const ModelConfig& config,
                                             const std::vector<TokenId>& ids);

// BERT's encoder (Devlin et al., 2019; layer norm after each sublayer), in float32. Projections run
// over all tokens of a batch at once, attention sequence by sequence. Keeps its scratch memory,
// grown to the largest batch seen: about 16 * hidden bytes a token.
class Encoder {
 public:
  explicit Encoder(std::shared_ptr<const Weights> weights);
  ~Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;

  // Last hidden states at `batch.answers`: sequences x hidden, valid until the next call. The last
  // layer computes queries, attention and feed-forward for these tokens only. Throws Error for a
  // batch that contradicts itself or the model (a row outside an embedding, an empty sequence).
  Eigen::Map<const RowMatrixXf> encode_answers(const TokenBatch& batch);

  // Hidden states of every token, tokens x hidden: after the embeddings, then after each layer. The
  // vectors of a deep prompt are not in the states before their layer, but in all that follow.
  std::vector<RowMatrixXf> encode_all(const TokenBatch& batch);

  // The same step by step: the states after the embeddings; then, in place, the states before
  // layer `layer` (from 0) to those after it.
  RowMatrixXf embed_tokens(const TokenBatch& batch);
  void advance(const TokenBatch& batch, int layer, RowMatrixXf& states);

  // Bytes of scratch memory for batches of up to `num_tokens`, sequences as long as the model
  // takes.
  [[nodiscard]] static std::int64_t scratch_bytes(const ModelConfig& config,
                                                  std::int64_t num_tokens);

 private:
  struct Buffers;
  struct AskedRows;

  void check(const TokenBatch& batch) const;
  void embed(const TokenBatch& batch);
  void apply_layer(int layer, const TokenBatch& batch, const AskedRows& asked);
  void add_layer_vectors(int layer, const TokenBatch& batch);
  void attend_all(const TokenBatch& batch, const AskedRows& asked);
  void feed_forward(const LayerWeights& layer, const Eigen::Ref<const RowMatrixXf>& attended,
                    Eigen::Ref<RowMatrixXf> output);

  std::shared_ptr<const Weights> weights_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace bbprompt
