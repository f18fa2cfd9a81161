#include "app/sweep_parts.hpp"

#include <set>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

bool are_parts(const std::vector<NamedResults>& runs) {
  if (runs.size() < 2) return false;
  const RunInfo& first = runs.front().results.run;
  std::set<std::string> hashes;  // of the trials that a part has
  for (const NamedResults& run : runs) {
    const RunInfo& info = run.results.run;
    const bool is_alike = info.name == first.name && info.version == first.version &&
                          info.config_given == first.config_given &&
                          info.config_resolved == first.config_resolved;
    if (!is_alike || !hashes.insert(info.config_hash).second) return false;
  }
  return !first.config_resolved.empty();
}

bool join_parts(MergedRuns& merged, const RunInfo& part) {
  const std::string& text = part.config_asked.empty() ? part.config_resolved : part.config_asked;
  SweepPlan plan;
  try {
    plan = expand(parse_config(text, part.config_folder, "the configuration of the parts"));
  } catch (const Error&) {
    return false;  // a data folder that is gone, say: the parts are reported as they are
  }
  RunInfo whole = part;
  whole.config_hash = plan.config_hash;
  std::vector<std::string> ids;
  for (const TrialSpec& trial : plan.trials) ids.push_back(trial.id);
  return order_trials(merged, ids, whole);
}

}  // namespace bbprompt
