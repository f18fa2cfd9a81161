#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/weights.hpp"
#include "tests/safetensors_parts.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

// A writable copy of a model folder's files.
class ModelFolder {
 public:
  explicit ModelFolder(const std::filesystem::path& original) {
    for (const auto& entry : std::filesystem::directory_iterator(original))
      write(entry.path().filename().string(), read_text(entry.path()));
  }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  void write(const std::string& name, std::string_view contents) const {
    write_text(folder_ / name, contents);
  }
  void remove(const std::string& name) const { std::filesystem::remove(folder_ / name); }
  // Changes keys of config.json.
  void change_config(const nlohmann::json& changes) const {
    auto config = nlohmann::json::parse(read_text(folder_ / "config.json"));
    config.update(changes);
    write("config.json", config.dump());
  }

 private:
  TemporaryFolder folder_;
};

// What loading says: the message of the ModelError, or "loaded".
inline std::string load_outcome(
    const std::filesystem::path& folder,
    const std::optional<std::filesystem::path>& weights_file = std::nullopt) {
  try {
    (void)Weights::load(folder, weights_file);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "loaded";
}

}  // namespace bbprompt::testing
