#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "bbprompt/config/config_node.hpp"

namespace bbprompt {

// The text of a configuration file of at most 1 MiB. Throws ConfigError, for the key at the
// position that names the file, when it cannot be read.
[[nodiscard]] std::string read_config_text(const std::filesystem::path& path,
                                           const ConfigPosition& at, std::string_view key);

// Puts task files in the place of their names.
class TaskFileLoader {
 public:
  // Names are relative to `folder`.
  explicit TaskFileLoader(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // The value of a `task` key: a name becomes the file's mapping, complete and checked, with paths
  // relative to the folder; anything else stays.
  void resolve(ConfigNode& task);

  // The same for the task of a whole document and those in every part of its sweep.
  void resolve_document(ConfigNode& root);

 private:
  // Those of a mapping from keys to lists of values, or to values; null is none.
  void resolve_values(ConfigNode* lists);
  void resolve_setting(ConfigNode* settings);

  std::filesystem::path folder_;
  std::size_t num_bytes_ = 0;  // read so far, to bound what many names can load
};

}  // namespace bbprompt
