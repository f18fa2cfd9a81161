#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "replica/safetensors.hpp"

namespace bbprompt {

// The weights of a model folder: one safetensors file, or shards named by an index file
// {"metadata": {"total_size": bytes}, "weight_map": {tensor: shard}}.
class WeightFiles {
 public:
  // `name` is a file in the folder ("*.index.json" for shards). Without it: `model.safetensors`,
  // else `model.safetensors.index.json`. Throws ModelError naming the file at fault: a shard that
  // lies outside the folder or is missing, an index that disagrees with its shards.
  WeightFiles(const std::filesystem::path& folder,
              const std::optional<std::filesystem::path>& name);

  // The file to name when something is missing: the single one, or the index.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // In the order of their names.
  [[nodiscard]] const std::vector<SafetensorsFile>& files() const { return files_; }
  [[nodiscard]] const StoredTensors& tensors() const { return tensors_; }

 private:
  void open_shards(const std::filesystem::path& folder);

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  StoredTensors tensors_;
};

}  // namespace bbprompt
