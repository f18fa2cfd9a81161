#include "bbprompt/run/run_folder.hpp"

#include <sstream>
#include <string>
#include <string_view>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kResolved = "resolved.yaml";
constexpr std::string_view kHashPrefix = "# configuration ";

// The first line in which the resolved configurations differ, both versions.
std::string first_difference(const std::string& stored, const std::string& wanted) {
  std::istringstream a(stored);
  std::istringstream b(wanted);
  std::string line_a;
  std::string line_b;
  for (int number = 1;; ++number) {
    const bool has_a = static_cast<bool>(std::getline(a, line_a));
    const bool has_b = static_cast<bool>(std::getline(b, line_b));
    if (!has_a && !has_b) return "same text";
    if (!has_a) line_a.clear();
    if (!has_b) line_b.clear();
    const bool is_output = line_a.find("folder:") != std::string::npos;
    if (line_a != line_b && !is_output) {
      std::string text = "first difference in line " + std::to_string(number);
      text.append(": \"").append(line_a).append("\" there, \"").append(line_b).append("\" now");
      return text;
    }
  }
}

}  // namespace

RunFolder::RunFolder(const fs::path& path, const SweepPlan& plan, const RunLockOptions& lock)
    : path_(path) {
  std::error_code status;
  fs::create_directories(path_ / "trials", status);
  if (status) {
    throw StoreError(path_.string(), "cannot create the output folder: " + status.message() +
                                         "; give another one with --out");
  }
  lock_ = std::make_unique<RunLock>(path_ / "lock", lock);
  is_resumed_ = fs::exists(path_ / kResolved);
  if (is_resumed_) check_configuration(plan);
  sweep_temporary_files(path_);
  sweep_temporary_files(path_ / "trials");
  if (!is_resumed_) {
    replace_file(path_ / "config.yaml", plan.config_given);
    replace_file(path_ / kResolved,
                 std::string(kHashPrefix) + plan.config_hash + '\n' + plan.config_resolved);
  }
}

void RunFolder::check_configuration(const SweepPlan& plan) const {
  const fs::path file = path_ / kResolved;
  const std::string stored = read_file(file, std::size_t{1} << 30);
  const std::string hash_line = stored.substr(0, stored.find('\n'));
  if (!hash_line.starts_with(kHashPrefix) || stored.find('\n') == std::string::npos) {
    throw StoreError(
        file.string(),
        "expected a first line \"# configuration <hash>\"; the file is damaged. Use another "
        "output folder, or delete this one to start again");
  }
  const std::string hash = hash_line.substr(kHashPrefix.size());
  if (hash == plan.config_hash) return;
  throw ConfigError(
      {.file = path_.string(), .key = "output.folder"},
      "holds the run of another configuration (" + hash.substr(0, 12) + "; this one is " +
          plan.config_hash.substr(0, 12) + "; " +
          first_difference(stored.substr(hash_line.size() + 1), plan.config_resolved) +
          "). Give another folder with --out");
}

}  // namespace bbprompt
