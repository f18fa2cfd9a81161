#include "bbprompt/store/plan_file.hpp"

#include <sstream>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

}  // namespace

fs::path plan_path(const fs::path& folder) { return folder / "plan.txt"; }

void write_plan(const fs::path& folder, const PlanFile& plan) {
  std::string text = "name " + plan.name + "\nconfiguration " + plan.config_hash + '\n';
  for (const auto& trial : plan.trials) {
    text.append("trial ").append(trial.id).append(" ").append(trial.config_hash).append("\n");
  }
  text += "end\n";
  replace_file(plan_path(folder), text);
}

std::optional<PlanFile> read_plan(const fs::path& folder) {
  const fs::path path = plan_path(folder);
  if (!fs::exists(path)) return std::nullopt;
  std::istringstream text(read_regular_file(path, kMaxBytes));
  PlanFile plan;
  std::string word;
  bool is_good = text >> word && word == "name" && text >> plan.name && text >> word &&
                 word == "configuration" && text >> plan.config_hash;
  while (is_good && text >> word && word == "trial") {
    PlannedTrial trial;
    is_good = static_cast<bool>(text >> trial.id >> trial.config_hash);
    plan.trials.push_back(std::move(trial));
  }
  if (!is_good || word != "end") {
    throw StoreError(path.string(),
                     "expected the lines \"name\", \"configuration\", \"trial\" and \"end\" of a "
                     "run's plan; the file is damaged. Remove it to go on with the configuration "
                     "that the folder holds");
  }
  return plan;
}

}  // namespace bbprompt
