#pragma once

#include <Eigen/Core>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/replica/model_config.hpp"
#include "bbprompt/replica/weights.hpp"

namespace bbprompt {

// How the matrix of a linear map lies in its file.
enum class WeightOrder {
  kOutputsFirst,  // y = W x + b, outputs x inputs: most families
  kInputsFirst,   // y = x W + b, inputs x outputs: GPT-2's "Conv1D"
};

// A linear map. Its matrix may be a part of a wider one (some columns of a fused projection), so
// rows lie `stride` numbers apart. A map without a bias has an empty one.
struct Projection {
  const float* data = nullptr;
  Eigen::Index inputs = 0;
  Eigen::Index outputs = 0;
  Eigen::Index stride = 0;
  WeightOrder order = WeightOrder::kOutputsFirst;
  VectorView bias;
};

// A layer that normalises before each sublayer and adds what comes out to the stream:
// x += output(attention(norm(x))); x += down(activation(up(norm(x)))).
struct DecoderLayerWeights {
  LayerNormWeights attention_norm;
  Projection query, key, value, attention_output;
  LayerNormWeights feed_forward_norm;
  Projection up, down;
};

class WeightsSource;

// The numbers of a causal language model, immutable and shared as those of Weights.
class CausalWeights {
 public:
  // Throws ModelError naming file and tensor for one that is missing, named twice, not of a float
  // type, of another shape than the configuration asks, or not finite; for a masked model; and
  // where embeddings are tied, yet the file has another head.
  static std::shared_ptr<const CausalWeights> load(
      const std::filesystem::path& model_folder,
      const std::optional<std::filesystem::path>& weights_file = std::nullopt);
  // The same of files that are open and checked already.
  static std::shared_ptr<const CausalWeights> load(
      const std::shared_ptr<const WeightsSource>& source);

  ~CausalWeights();
  CausalWeights(const CausalWeights&) = delete;
  CausalWeights& operator=(const CausalWeights&) = delete;

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const MatrixView& words() const { return words_; }          // vocabulary x hidden
  [[nodiscard]] const MatrixView& positions() const { return positions_; }  // positions x hidden
  [[nodiscard]] const std::vector<DecoderLayerWeights>& layers() const { return layers_; }
  [[nodiscard]] const LayerNormWeights& final_norm() const { return final_norm_; }
  [[nodiscard]] const MatrixView& head() const { return head_; }  // vocabulary x hidden

 private:
  struct Storage;
  explicit CausalWeights(ModelConfig config);

  ModelConfig config_;
  MatrixView words_;
  MatrixView positions_;
  std::vector<DecoderLayerWeights> layers_;
  LayerNormWeights final_norm_;
  MatrixView head_;
  std::unique_ptr<Storage> storage_;
};

}  // namespace bbprompt
