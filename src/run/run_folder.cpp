#include "bbprompt/run/run_folder.hpp"

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/store/run_files.hpp"
#include "run/own_files.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kResolved = "resolved.yaml";
constexpr std::string_view kHashPrefix = "# configuration ";
constexpr std::size_t kMaxResolvedBytes = std::size_t{1} << 30;

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

// A start that failed before its first checkpoint leaves none.
bool has_records(const fs::path& folder) {
  std::error_code status;
  if (fs::exists(results_path(folder))) return true;
  for (const auto& entry : fs::directory_iterator(folder / "trials", status)) {
    if (entry.path().extension() == ".h5") return true;
  }
  return static_cast<bool>(status);
}

// Nothing where it is missing or damaged.
std::optional<PlanFile> plan_there(const fs::path& path) {
  try {
    return read_plan(path);
  } catch (const StoreError&) {
    return std::nullopt;
  }
}

// Whether an earlier start got as far as to say what it runs.
bool is_run_folder(const fs::path& path) {
  if (fs::exists(path / kResolved) &&
      read_regular_file(path / kResolved, kMaxResolvedBytes).starts_with(kHashPrefix))
    return true;
  return plan_there(path).has_value();
}

std::set<std::string> trials_of(const SweepPlan& plan, const std::optional<PlanFile>& before) {
  std::set<std::string> ids;
  for (const TrialSpec& trial : plan.trials) ids.insert(trial.id);
  if (before) {
    for (const PlannedTrial& trial : before->trials) ids.insert(trial.id);
  }
  return ids;
}

}  // namespace

PlanInFolder check_run_folder(const fs::path& path, const SweepPlan& plan) {
  const fs::path file = path / kResolved;
  PlanInFolder found{.is_resumed = fs::exists(file), .before = {}, .change = {}};
  if (!found.is_resumed) return found;
  const std::string stored = read_regular_file(file, kMaxResolvedBytes);
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
  check_own_files(path_, is_run_folder(path_), plan.config_given);
  std::error_code status;
  fs::create_directories(path_ / "trials", status);
  if (status) {
    throw StoreError(path_.string(), "cannot create the output folder: " + status.message() +
                                         "; choose another folder with --out");
  }
  lock_ = std::make_unique<RunLock>(path_ / "lock", lock);
  found_ = check_run_folder(path_, plan);
  sweep_own_temporary_files(path_, trials_of(plan, plan_there(path_)));
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
