#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bbprompt/replica/model_config.hpp"
#include "replica/weight_files.hpp"

namespace bbprompt {

// The configuration and the weights files of a model folder: mapped, checked to the last number,
// and hashed, yet not in memory. Pages are released when they have been read once. The files stay
// mapped, so that weights loaded later are those that were checked here, whatever becomes of the
// folder.
class WeightsSource {
 public:
  // Throws ModelError as Weights::load() says.
  explicit WeightsSource(const std::filesystem::path& model_folder,
                         const std::optional<std::filesystem::path>& weights_file = std::nullopt);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const WeightFiles& files() const { return files_; }
  // As it lies in its file: vocabulary x hidden.
  [[nodiscard]] const StoredTensor& word_embeddings() const { return *word_embeddings_; }
  // SHA-256 over config.json and every byte of the weights files.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  ModelConfig config_;
  WeightFiles files_;
  const StoredTensor* word_embeddings_ = nullptr;
  std::string fingerprint_;
};

}  // namespace bbprompt
