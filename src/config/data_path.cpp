#include "bbprompt/config/data_path.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::string_view kScheme = "data:";

bool is_name_letter(char c, bool is_first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (!is_first && c >= '0' && c <= '9');
}

std::string value_of(const std::string& name, const std::string& path) {
  const char* value = std::getenv(name.c_str());
  if (value != nullptr && *value != '\0') return value;
  throw UsageError("path \"" + printable(path, 200) + "\": the environment variable " + name +
                   " is not set");
}

// `at` is that of a $; moves it behind the variable. A $ without a name is itself.
std::string take_variable(const std::string& path, std::size_t& at) {
  const std::size_t begin = at++;
  const bool is_braced = at < path.size() && path[at] == '{';
  std::size_t end = is_braced ? at + 1 : at;
  const std::size_t first = end;
  while (end < path.size() && is_name_letter(path[end], end == first)) ++end;
  const bool is_closed = !is_braced || (end < path.size() && path[end] == '}');
  if (end == first || !is_closed) return path.substr(begin, 1);
  at = is_braced ? end + 1 : end;
  return value_of(path.substr(first, end - first), path);
}

bool is_at_home(const std::string& path) { return path == "~" || path.starts_with("~/"); }

}  // namespace

bool is_rooted(const std::filesystem::path& written) {
  return written.is_absolute() || is_at_home(written.native()) || written.native().starts_with('$');
}

std::filesystem::path real_path(const std::filesystem::path& folder,
                                const std::filesystem::path& written) {
  const std::string& path = written.native();
  std::string opened;
  std::size_t at = 0;
  if (is_at_home(path)) {
    opened = value_of("HOME", path);
    at = 1;
  }
  while (at < path.size()) {
    if (path[at] == '$') {
      opened += take_variable(path, at);
    } else {
      opened += path[at++];
    }
  }
  return folder / opened;
}

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
