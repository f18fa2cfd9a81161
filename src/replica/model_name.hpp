#pragma once

#include <filesystem>
#include <string>

namespace bbprompt {

// The last part of a model folder's path.
[[nodiscard]] inline std::string name_of(const std::filesystem::path& model_folder) {
  std::filesystem::path folder = model_folder.lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  return folder.filename().string();
}

}  // namespace bbprompt
