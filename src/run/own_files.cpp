#include "run/own_files.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/run_files.hpp"
#include "run/lock_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kConfig = "config.yaml";
// Replaced as a whole, in the run's folder. A results file is read before, and refused there if it
// is not bbprompt's.
constexpr std::array<std::string_view, 5> kReplaced{kConfig, "resolved.yaml", "plan.txt",
                                                    "status.json", "models.json"};
constexpr std::array<std::string_view, 2> kAppended{"run.log", "events.jsonl"};
constexpr std::array<std::string_view, 3> kOthers{"lock", "results.h5", "explanations.json"};
constexpr std::array<std::string_view, 2> kFolders{"trials", "requests"};

[[noreturn]] void refuse_foreign(const fs::path& file) {
  throw StoreError(file.string(),
                   "not of a bbprompt run, and the run would write over it; choose another folder "
                   "with --out, or move the file away");
}

// What is read and written while the run goes on, in links and pipes as well.
void check_kinds(const fs::path& folder) {
  for (const auto& names :
       {std::span<const std::string_view>(kReplaced), std::span<const std::string_view>(kAppended),
        std::span<const std::string_view>(kOthers)}) {
    for (const std::string_view name : names) expect_own_file(folder / name);
  }
  for (const std::string_view name : kFolders) expect_own_folder(folder / name);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "trials", ignored)) {
    if (entry.path().extension() == ".h5") expect_own_file(entry.path());
  }
}

bool is_equal(const fs::path& file, const std::string& text) {
  std::error_code status;
  return fs::file_size(file, status) == text.size() && read_regular_file(file) == text;
}

}  // namespace

void check_own_files(const fs::path& folder, bool is_run, const std::string& config_given) {
  check_kinds(folder);
  expect_lock_file(folder / "lock");
  if (is_run) return;
  for (const std::string_view name : kReplaced) {
    const fs::path file = folder / name;
    if (!fs::exists(file) || (name == kConfig && is_equal(file, config_given))) continue;
    refuse_foreign(file);
  }
  // A shell that sends the run's output to out/run.log creates it, empty, before the run begins.
  for (const std::string_view name : kAppended) {
    const fs::path file = folder / name;
    if (fs::exists(file) && !fs::is_empty(file)) refuse_foreign(file);
  }
}

int sweep_own_temporary_files(const fs::path& folder, const std::set<std::string>& trials) {
  const auto is_own = [](const std::string& name) {
    return std::find(kReplaced.begin(), kReplaced.end(), name) != kReplaced.end() ||
           std::find(kOthers.begin(), kOthers.end(), name) != kOthers.end();
  };
  std::set<std::string> files;
  for (const std::string& id : trials) {
    const fs::path checkpoint = checkpoint_path(folder, id);
    files.insert(trial_path(folder, id).filename().string());
    files.insert(checkpoint.filename().string());
    files.insert(previous_checkpoint_path(checkpoint).filename().string());
  }
  return sweep_temporary_files(folder, is_own) +
         sweep_temporary_files(folder / "trials", [&](const std::string& name) {
           return files.contains(name) || is_pack_name(name);
         });
}

}  // namespace bbprompt
