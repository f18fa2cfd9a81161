#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/replica/causal_weights.hpp"
#include "bbprompt/replica/encoder.hpp"

namespace bbprompt {

// A stretch of a batch's tokens. A token sees the earlier ones of its piece, all of the parent
// piece, and the prefix of the call.
struct TokenPiece {
  static constexpr std::size_t kNoParent = static_cast<std::size_t>(-1);

  Eigen::Index begin = 0;
  Eigen::Index end = 0;
  std::size_t parent = kNoParent;  // an earlier piece, which has no parent itself
  Eigen::Index num_asked = 0;      // the last so many tokens, whose final states are wanted

  [[nodiscard]] Eigen::Index size() const { return end - begin; }
  [[nodiscard]] bool has_parent() const { return parent != kNoParent; }
};

// What a decoder computes at once: pieces one after another without padding.
struct CausalBatch {
  std::vector<TokenId> ids;
  std::vector<int> positions;  // row of the position embedding, one per token
  std::vector<TokenPiece> pieces;
  std::vector<InputVector> vectors{};  // soft prompts

  [[nodiscard]] Eigen::Index num_tokens() const { return static_cast<Eigen::Index>(ids.size()); }
  [[nodiscard]] Eigen::Index num_asked() const {
    Eigen::Index count = 0;
    for (const TokenPiece& piece : pieces) count += piece.num_asked;
    return count;
  }
};

// Keys and values of a beginning, for the tokens after it: of each layer tokens x width.
struct KeyValues {
  struct Layer {
    RowMatrixXf keys, values;
  };
  std::vector<Layer> layers;

  [[nodiscard]] Eigen::Index num_tokens() const {
    return layers.empty() ? 0 : layers.front().keys.rows();
  }
};

// A causal transformer of layers that normalise first (Radford et al., 2019), in float32.
// Projections run over all tokens of a batch at once, attention piece by piece. Keeps its scratch
// memory, grown to the largest batch seen.
class Decoder {
 public:
  explicit Decoder(std::shared_ptr<const CausalWeights> weights);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // States of the asked tokens after the final norm, in the order of the batch: asked x hidden,
  // valid until the next call. The last layer computes queries, attention and feed-forward for
  // these alone. All pieces stand after `prefix`. Throws Error for a batch that contradicts itself
  // or the model.
  Eigen::Map<const RowMatrixXf> decode(const CausalBatch& batch, const KeyValues& prefix = {});

  // The keys and values of a batch of one piece, for pieces that stand after it.
  KeyValues remember(const CausalBatch& batch);

  // States of every token, tokens x hidden: after the embeddings, after each layer, and after the
  // final norm.
  std::vector<RowMatrixXf> decode_all(const CausalBatch& batch);

  // Bytes of scratch memory for batches of up to `num_tokens` after a prefix, all as long as the
  // model takes; the prefix's own keys and values included.
  [[nodiscard]] static std::int64_t scratch_bytes(const ModelConfig& config,
                                                  std::int64_t num_tokens);

 private:
  struct Buffers;

  void check(const CausalBatch& batch, const KeyValues& prefix) const;
  void embed(const CausalBatch& batch);
  void project_keys(int layer, Eigen::Index num_tokens);
  void apply_layer(int layer, const CausalBatch& batch, const KeyValues& prefix, bool asked_alone);
  void attend_all(const CausalBatch& batch, const KeyValues::Layer* prefix, bool asked_alone);
  void attend_piece(const CausalBatch& batch, const TokenPiece& piece,
                    const KeyValues::Layer* prefix, Eigen::Index first_query,
                    Eigen::Index num_queries);
  void feed_forward(const DecoderLayerWeights& layer, Eigen::Index num_tokens);

  std::shared_ptr<const CausalWeights> weights_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace bbprompt
