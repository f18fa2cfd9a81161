#include "bbprompt/report/merge_runs.hpp"

#include <map>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/store/digest.hpp"

namespace bbprompt {
namespace {

// Where a trial was first seen.
struct Seen {
  std::string run;
  std::string digest;
};

void refuse(const std::string& id, const std::string& run, const std::string& first_run) {
  throw StoreError(run, "expected the same record of trial \"" + printable(id, 200) + "\" as in " +
                            first_run +
                            ", found another; report the two runs separately, or leave one out");
}

}  // namespace

Results merge_runs(std::vector<NamedResults> runs) {
  if (runs.empty()) return {};
  if (runs.size() == 1) return std::move(runs.front().results);
  Results merged;
  merged.run = runs.front().results.run;
  merged.run.config_given.clear();
  merged.run.config_resolved.clear();
  merged.run.config_hash.clear();
  std::map<std::string, Seen> seen;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i > 0) merged.run.name += " + " + runs[i].results.run.name;
    for (TrialRecord& trial : runs[i].results.trials) {
      const std::string found = digest(trial);
      const auto [entry, is_new] = seen.try_emplace(trial.id, Seen{runs[i].name, found});
      if (is_new) {
        merged.trials.push_back(std::move(trial));
      } else if (entry->second.digest != found) {
        refuse(trial.id, runs[i].name, entry->second.run);
      }
    }
  }
  return merged;
}

}  // namespace bbprompt
