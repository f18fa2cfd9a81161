#include "bbprompt/base/temporary_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMark = ".tmp.";
constexpr int kMostAttempts = 1000;

}  // namespace

fs::path temporary_name(const fs::path& target, int attempt) {
  fs::path name = target;
  name += kMark;
  name += std::to_string(::getpid());
  if (attempt > 0) name += std::to_string(attempt);
  return name;
}

fs::path create_temporary(const fs::path& target) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    fs::path name = temporary_name(target, attempt);
    const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor >= 0) {
      ::close(descriptor);
      return name;
    }
    if (errno != EEXIST) break;
  }
  throw StoreError(target.string(), std::string("cannot create: ") + std::strerror(errno));
}

std::optional<std::string> target_of_temporary(std::string_view name) {
  const std::size_t mark = name.rfind(kMark);
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  const std::string_view digits = name.substr(mark + kMark.size());
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return std::string(name.substr(0, mark));
}

}  // namespace bbprompt
