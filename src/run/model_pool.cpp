#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "bbprompt/run/trial_context.hpp"

namespace bbprompt {
namespace fs = std::filesystem;

std::int64_t model_bytes(const ModelOptions& options) {
  std::error_code ignored;
  const fs::path file =
      options.path / (options.weights.empty() ? "model.safetensors" : options.weights);
  if (file.extension() != ".json" && fs::is_regular_file(file, ignored)) {
    return static_cast<std::int64_t>(fs::file_size(file, ignored));
  }
  std::int64_t sum = 0;
  for (const auto& entry : fs::directory_iterator(options.path, ignored)) {
    if (entry.path().extension() != ".safetensors") continue;
    sum += static_cast<std::int64_t>(entry.file_size(ignored));
  }
  return sum;
}

ModelPool::Loaded& ModelPool::load(const ModelOptions& options) {
  const std::string key = options.path.string() + '\n' + options.weights;
  auto found = models_.find(key);
  if (found == models_.end()) {
    const std::int64_t bytes = model_bytes(options);
    make_room(bytes);
    ReplicaOptions replica{.folder = options.path, .threads = options.threads};
    if (!options.weights.empty()) replica.weights_file = options.weights;
    Loaded loaded{.model = load_replica(replica), .candidates = {}, .bytes = bytes};
    found = models_.emplace(key, std::move(loaded)).first;
  }
  found->second.last_use = ++num_uses_;
  return found->second;
}

Replica& ModelPool::get(const ModelOptions& options) { return *load(options).model; }

CandidateCache& ModelPool::candidates(const ModelOptions& options) {
  return load(options).candidates;
}

void ModelPool::make_room(std::int64_t bytes) {
  if (max_bytes_ <= 0) return;
  for (const auto& [key, loaded] : models_) bytes += loaded.bytes;
  while (bytes > max_bytes_ && !models_.empty()) {
    const auto oldest = std::min_element(
        models_.begin(), models_.end(),
        [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; });
    if (let_go_) let_go_(*oldest->second.model);
    bytes -= oldest->second.bytes;
    models_.erase(oldest);
  }
}

}  // namespace bbprompt
