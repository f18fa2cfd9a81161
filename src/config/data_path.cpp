#include "bbprompt/config/data_path.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

namespace bbprompt {
namespace {

constexpr std::string_view kScheme = "data:";

}  // namespace

bool is_data_path(const std::filesystem::path& path) { return path.native().starts_with(kScheme); }

std::filesystem::path below_data_folder(const std::filesystem::path& path) {
  return path.native().substr(kScheme.size());
}

std::filesystem::path find_data_folder(const std::filesystem::path& configured) {
  if (!configured.empty()) return std::filesystem::absolute(configured);
  const char* set = std::getenv("BBPROMPT_DATA");
  const std::string_view folder = set == nullptr ? "" : set;
  return std::filesystem::absolute(folder.empty() ? "data" : folder);
}

}  // namespace bbprompt
