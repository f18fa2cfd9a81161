#include "bbprompt/run/run_folder.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/store/run_files.hpp"

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

PlanFile describe(const SweepPlan& plan) {
  PlanFile file{.name = plan.name, .config_hash = plan.config_hash, .trials = {}};
  for (const auto& trial : plan.trials) file.trials.push_back({trial.id, trial.config_hash});
  return file;
}

PlanChange compare(const PlanFile& before, const SweepPlan& plan) {
  std::map<std::string_view, std::string_view> hashes;
  for (const auto& trial : before.trials) hashes.emplace(trial.id, trial.config_hash);
  PlanChange change;
  for (const auto& trial : plan.trials) {
    const auto found = hashes.find(trial.id);
    const bool is_kept = found != hashes.end() && found->second == trial.config_hash;
    ++(is_kept ? change.num_kept : change.num_new);
  }
  change.num_left_out = before.trials.size() - change.num_kept;
  return change;
}

// Results of an earlier plan are not those of this run, which writes its own at the end; their
// trials stay as a pack.
void set_results_aside(const fs::path& folder) {
  const fs::path results = results_path(folder);
  if (!fs::exists(results)) return;
  std::error_code status;
  fs::rename(results, next_pack_path(folder), status);
  if (status) throw StoreError(results.string(), "cannot rename: " + status.message());
}

// What a run writes into its folder under fixed names.
constexpr std::array kFiles{"config.yaml", "resolved.yaml",    "plan.txt",     "status.json",
                            "models.json", "run.log",          "events.jsonl", "results.h5",
                            "lock",        "explanations.json"};
constexpr std::array kFolders{"trials", "requests"};

// A link would have the run write, and clean up, somewhere else; from a pipe it would read for
// ever.
void check_kinds(const fs::path& folder) {
  const auto check = [&](const char* name, fs::file_type expected, const char* words) {
    std::error_code ignored;
    const auto type = fs::symlink_status(folder / name, ignored).type();
    if (type == fs::file_type::not_found || type == fs::file_type::none || type == expected) return;
    const char* found = type == fs::file_type::symlink     ? "a link"
                        : type == fs::file_type::directory ? "a folder"
                        : type == fs::file_type::regular   ? "a file"
                        : type == fs::file_type::fifo      ? "a pipe"
                                                           : "something else";
    throw StoreError((folder / name).string(), std::string("expected ") + words + ", found " +
                                                   found + "; choose another folder with --out");
  };
  for (const char* name : kFiles) check(name, fs::file_type::regular, "a regular file");
  for (const char* name : kFolders) check(name, fs::file_type::directory, "a folder");
}

// In a folder that holds no run, files of a run's names are a person's own. (A run that was killed
// while it began may have left its lock, its plan and the configuration it was given.)
void check_nothing_foreign(const fs::path& folder) {
  const bool has_plan = read_plan(folder).has_value();
  for (const char* name : kFiles) {
    const std::string_view word = name;
    const bool may_be_ours =
        word == "lock" || word == "plan.txt" || (word == "config.yaml" && has_plan);
    if (may_be_ours || !fs::exists(folder / name)) continue;
    throw StoreError(
        (folder / name).string(),
        "expected a new folder or that of a run, found a file that a run would overwrite, "
        "and no run; choose another folder with --out");
  }
}

bool is_own_file(std::string_view name) {
  return std::find(kFiles.begin(), kFiles.end(), name) != kFiles.end();
}

// A start that failed before its first checkpoint leaves none.
bool has_records(const fs::path& folder) {
  std::error_code status;
  if (fs::exists(results_path(folder))) return true;
  for (const auto& entry : fs::directory_iterator(folder / "trials", status)) {
    if (entry.path().extension() == ".h5") return true;
  }
  return static_cast<bool>(status);
}

}  // namespace

PlanInFolder check_run_folder(const fs::path& path, const SweepPlan& plan) {
  check_kinds(path);
  const fs::path file = path / kResolved;
  if (!fs::exists(file)) check_nothing_foreign(path);
  PlanInFolder found{.is_resumed = fs::exists(file), .before = {}, .change = {}};
  if (!found.is_resumed) return found;
  const std::string stored = read_file(file, std::size_t{1} << 30);
  const std::string hash_line = stored.substr(0, stored.find('\n'));
  if (!hash_line.starts_with(kHashPrefix) || stored.find('\n') == std::string::npos) {
    throw StoreError(
        file.string(),
        "expected a first line \"# configuration <hash>\"; the file is damaged. Use another "
        "output folder, or delete this one to start again");
  }
  const std::string hash = hash_line.substr(kHashPrefix.size());
  found.before = read_plan(path);
  const bool is_renamed = found.before && found.before->name != plan.name;
  if (hash == plan.config_hash && !is_renamed) return found;
  if (!has_records(path)) return {};
  if (is_renamed) {
    throw ConfigError({.file = path.string(), .key = "output.folder"},
                      "holds run \"" + printable(found.before->name) + "\", this one is \"" +
                          printable(plan.name) +
                          "\"; keep the old name to resume, or choose another folder with --out");
  }
  if (found.before) {
    found.change = compare(*found.before, plan);
    if (found.change->num_kept > 0) return found;
  }
  throw ConfigError(
      {.file = path.string(), .key = "output.folder"},
      "holds the run of another configuration, with no trial in common (" + hash.substr(0, 12) +
          "; this one is " + plan.config_hash.substr(0, 12) + "; " +
          first_difference(stored.substr(hash_line.size() + 1), plan.config_resolved) +
          "). Choose another folder with --out");
}

RunFolder::RunFolder(const fs::path& path, const SweepPlan& plan, const RunLockOptions& lock)
    : path_(path) {
  check_kinds(path_);
  std::error_code status;
  fs::create_directories(path_ / "trials", status);
  if (status) {
    throw StoreError(path_.string(), "cannot create the output folder: " + status.message() +
                                         "; choose another folder with --out");
  }
  lock_ = std::make_unique<RunLock>(path_ / "lock", lock);
  found_ = check_run_folder(path_, plan);
  sweep_temporary_files(path_, is_own_file);
  sweep_temporary_files(path_ / "trials",
                        [](std::string_view name) { return name.ends_with(".h5"); });
  write_configuration(plan);
}

void RunFolder::take_plan(const SweepPlan& plan) {
  found_ = check_run_folder(path_, plan);
  write_configuration(plan);
}

// The plan first and the resolved configuration last: killed in between, the next start finds one
// of the two plans in it, and the other in common with plan.txt.
void RunFolder::write_configuration(const SweepPlan& plan) const {
  if (found_.change) set_results_aside(path_);
  if (!found_.before || found_.before->config_hash != plan.config_hash) {
    write_plan(path_, describe(plan));
  }
  if (found_.is_resumed && !found_.change) return;
  replace_file(path_ / "config.yaml", plan.config_given);
  replace_file(path_ / kResolved,
               std::string(kHashPrefix) + plan.config_hash + '\n' + plan.config_resolved);
}

}  // namespace bbprompt
