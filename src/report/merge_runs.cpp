#include "bbprompt/report/merge_runs.hpp"

#include <algorithm>
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

MergedRuns merge_runs(std::vector<NamedResults> runs) {
  MergedRuns merged;
  if (runs.empty()) return merged;
  Results& results = merged.results;
  if (runs.size() == 1) {
    results = std::move(runs.front().results);
    merged.run_of_trial.assign(results.trials.size(), runs.front().name);
    return merged;
  }
  results.run = runs.front().results.run;
  results.run.config_given.clear();
  results.run.config_resolved.clear();
  results.run.config_hash.clear();
  std::map<std::string, Seen> seen;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i > 0) results.run.name += " + " + runs[i].results.run.name;
    for (TrialRecord& trial : runs[i].results.trials) {
      const std::string found = digest(trial);
      const auto [entry, is_new] = seen.try_emplace(trial.id, Seen{runs[i].name, found});
      if (is_new) {
        results.trials.push_back(std::move(trial));
        merged.run_of_trial.push_back(runs[i].name);
      } else if (entry->second.digest != found) {
        refuse(trial.id, runs[i].name, entry->second.run);
      }
    }
  }
  return merged;
}

bool order_trials(MergedRuns& merged, const std::vector<std::string>& ids, const RunInfo& whole) {
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < merged.results.trials.size(); ++i)
    place.emplace(merged.results.trials[i].id, i);
  const auto is_here = [&](const std::string& id) { return place.contains(id); };
  if (ids.size() != place.size() || !std::all_of(ids.begin(), ids.end(), is_here)) return false;
  MergedRuns ordered{.results = {.run = whole, .trials = {}}, .run_of_trial = {}};
  for (const std::string& id : ids) {
    ordered.results.trials.push_back(std::move(merged.results.trials[place.at(id)]));
    ordered.run_of_trial.push_back(std::move(merged.run_of_trial[place.at(id)]));
  }
  merged = std::move(ordered);
  return true;
}

}  // namespace bbprompt
