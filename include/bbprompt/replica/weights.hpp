#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/lm/query.hpp"
#include "bbprompt/replica/model_config.hpp"

namespace bbprompt {

// Read-only tensors; the numbers belong to a Weights.
struct VectorView {
  const float* data = nullptr;
  Eigen::Index size = 0;
  [[nodiscard]] Eigen::Map<const Eigen::RowVectorXf> map() const { return {data, size}; }
};
struct MatrixView {
  const float* data = nullptr;
  Eigen::Index rows = 0;
  Eigen::Index cols = 0;
  [[nodiscard]] Eigen::Map<const RowMatrixXf> map() const { return {data, rows, cols}; }
};

// y = W x + b; weight: outputs x inputs.
struct LinearWeights {
  MatrixView weight;
  VectorView bias;
};
struct LayerNormWeights {
  VectorView scale;
  VectorView shift;
};
struct EmbeddingWeights {
  MatrixView words;      // vocabulary x hidden
  MatrixView positions;  // positions x hidden
  MatrixView types;      // types x hidden
  LayerNormWeights norm;
};
struct LayerWeights {
  LinearWeights query, key, value, attention_output;
  LayerNormWeights attention_norm;
  LinearWeights intermediate, output;
  LayerNormWeights output_norm;
};
struct HeadWeights {
  LinearWeights transform;
  LayerNormWeights norm;
  LinearWeights decoder;  // vocabulary x hidden; the word embeddings where tied
};

class WeightsSource;

// The numbers of a masked language model, immutable and shared by any number of replicas. Processes
// of a node share one copy: F32 tensors are used where the memory map of the file has them; F16 and
// BF16 (and F32 off a 4-byte border) are widened by the first process into memory that the others
// of the same user map (Linux; where that fails, each widens for itself and a warning is logged).
class Weights {
 public:
  // Reads `config.json` and the weights of a Hugging Face folder (see WeightFiles for
  // `weights_file`). Tensor names with or without the "bert."/"roberta." prefix, LayerNorm
  // "gamma"/"beta", a decoder of its own where embeddings are not tied; pooler and
  // next-sentence head are left alone. Throws ModelError naming file and tensor for one that is
  // missing, named twice, not of a float type, of another shape than the configuration asks, or
  // not finite.
  static std::shared_ptr<const Weights> load(
      const std::filesystem::path& model_folder,
      const std::optional<std::filesystem::path>& weights_file = std::nullopt);
  // The same of files that are open and checked already.
  static std::shared_ptr<const Weights> load(const std::shared_ptr<const WeightsSource>& source);

  ~Weights();
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const EmbeddingWeights& embeddings() const { return embeddings_; }
  [[nodiscard]] const std::vector<LayerWeights>& layers() const { return layers_; }
  [[nodiscard]] const HeadWeights& head() const { return head_; }

  // SHA-256 over config.json and every byte of the weights files.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  struct Storage;
  explicit Weights(ModelConfig config);

  ModelConfig config_;
  EmbeddingWeights embeddings_;
  std::vector<LayerWeights> layers_;
  HeadWeights head_;
  std::string fingerprint_;
  std::unique_ptr<Storage> storage_;
};

}  // namespace bbprompt
