#include "replica/weight_files.hpp"

#include <map>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

std::filesystem::path choose_file(const std::filesystem::path& folder,
                                  const std::optional<std::filesystem::path>& name) {
  if (name) {
    if (name->empty() || name->has_parent_path() || *name == "..") {
      throw ModelError((folder / *name).string(),
                       "expected the name of a weights file in the model folder, found \"" +
                           printable(name->string()) + "\"");
    }
    return folder / *name;
  }
  for (const char* candidate : {kSingleFile, kIndexFile}) {
    if (std::filesystem::exists(folder / candidate)) return folder / candidate;
  }
  const bool has_pickle = std::filesystem::exists(folder / "pytorch_model.bin");
  throw ModelError((folder / kSingleFile).string(),
                   std::string("expected this file or ") + kIndexFile + ", found neither" +
                       (has_pickle ? "; convert pytorch_model.bin to safetensors" : ""));
}

using WeightMap = std::map<std::string, std::string>;

// Shard of each tensor; shards are plain names, so they cannot leave the folder.
WeightMap read_weight_map(const std::string& file, const nlohmann::json& index) {
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    throw ModelError(file, "expected an object weight_map, found none");
  WeightMap map;
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    const auto* name = shard.get_ptr<const std::string*>();
    if (name == nullptr || name->empty() || name->find_first_of("/\\\0", 0, 3) != name->npos ||
        *name == "." || *name == "..") {
      throw ModelError(file, "weight_map of " + printable(tensor, 120) +
                                 ": expected the name of a file in the same folder, found " +
                                 printable(shard.dump()));
    }
    map.emplace(tensor, *name);
  }
  if (map.empty()) throw ModelError(file, "expected tensors in weight_map, found none");
  return map;
}

void check_total_size(const std::string& file, const nlohmann::json& index,
                      const StoredTensors& tensors) {
  const auto metadata = index.find("metadata");
  if (metadata == index.end() || !metadata->is_object() || !metadata->contains("total_size"))
    return;
  std::uint64_t total = 0;
  for (const auto& [name, tensor] : tensors) total += tensor.bytes.size();
  const auto& stated = (*metadata)["total_size"];
  if (!stated.is_number() || stated.get<double>() != static_cast<double>(total)) {
    throw ModelError(file, "metadata.total_size: expected " + std::to_string(total) +
                               ", the bytes in the shards, found " + printable(stated.dump()));
  }
}

}  // namespace

WeightFiles::WeightFiles(const std::filesystem::path& folder,
                         const std::optional<std::filesystem::path>& name)
    : path_(choose_file(folder, name)) {
  if (path_.string().ends_with(".index.json")) {
    open_shards(folder);
  } else {
    files_.emplace_back(path_);
    tensors_ = files_.front().tensors();
  }
}

void WeightFiles::open_shards(const std::filesystem::path& folder) {
  const auto index = parse_json_file(path_);
  const WeightMap map = read_weight_map(path_.string(), index);
  std::map<std::string, std::size_t> shards;
  for (const auto& [tensor, shard] : map) shards.emplace(shard, 0);
  for (auto& [shard, number] : shards) {
    number = files_.size();
    files_.emplace_back(folder / shard);
    for (const auto& [tensor, stored] : files_.back().tensors()) {
      const auto entry = map.find(tensor);
      if (entry == map.end() || entry->second != shard) {
        throw ModelError(path_.string(),
                         "weight_map of " + printable(tensor, 120) + ": expected " + shard +
                             ", which holds it, found " +
                             (entry == map.end() ? "no entry" : printable(entry->second)));
      }
      tensors_.emplace(tensor, stored);
    }
  }
  for (const auto& [tensor, shard] : map) {
    if (!files_[shards[shard]].tensors().contains(tensor)) {
      throw ModelError((folder / shard).string(), "expected tensor " + printable(tensor, 120) +
                                                      " by " + path_.filename().string() +
                                                      ", found none");
    }
  }
  check_total_size(path_.string(), index, tensors_);
}

}  // namespace bbprompt
