#include "bbprompt/explain/choose_trials.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/report/summary.hpp"

namespace bbprompt {
namespace {

bool is_learned(const TrialRecord& trial) {
  const PromptRecord::Kind kind = trial.best.prompt.kind;
  return kind == PromptRecord::Kind::kDiscrete || kind == PromptRecord::Kind::kSoft;
}

bool is_explainable(const TrialRecord& trial) {
  return trial.state == TrialState::kDone && !trial.best.prompt.point.empty();
}

// "a, b and 3 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMaxListed = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxListed); ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > kMaxListed) {
    text += " and " + std::to_string(names.size() - kMaxListed) + " more";
  }
  return text.empty() ? "none" : text;
}

std::vector<std::string> distinct(const Results& results, std::string TrialRecord::*member) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const TrialRecord& trial : results.trials) {
    if (seen.insert(trial.*member).second) names.push_back(trial.*member);
  }
  return names;
}

void require_name(const Results& results, std::string TrialRecord::*member,
                  const std::string& wanted, const std::string& what) {
  if (wanted.empty()) return;
  const auto names = distinct(results, member);
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return;
  throw UsageError("no " + what + " \"" + wanted +
                   "\" among the run's finished trials; there are: " + listed(names));
}

std::size_t find_trial(const Results& results, const std::string& id) {
  std::vector<std::size_t> found;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < results.trials.size(); ++i) {
    if (results.trials[i].id == id) return i;
    if (!results.trials[i].id.starts_with(id)) continue;
    found.push_back(i);
    names.push_back(results.trials[i].id);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw UsageError("no trial \"" + id + "\" among the run's finished trials; there are: " +
                     listed(distinct(results, &TrialRecord::id)));
  }
  throw UsageError("expected the id of one trial, several begin with \"" + id +
                   "\": " + listed(names));
}

std::size_t chosen_by_id(const Results& results, const TrialChoice& choice) {
  const std::size_t index = find_trial(results, choice.id);
  const TrialRecord& trial = results.trials[index];
  if ((!choice.task.empty() && trial.task != choice.task) ||
      (!choice.method.empty() && trial.method != choice.method)) {
    throw UsageError("--trial: trial " + trial.id + " has task " + trial.task + " and method " +
                     trial.method + "; leave out --task and --method, or choose another trial");
  }
  if (!is_explainable(trial)) {
    throw UsageError("trial " + trial.id + " is " + to_string(trial.state) +
                     (trial.failure.empty() ? "" : ": " + trial.failure) +
                     "; it has no prompt to explain");
  }
  return index;
}

}  // namespace

std::vector<std::size_t> choose_trials(const Results& results, const TrialChoice& choice) {
  if (!choice.id.empty()) return {chosen_by_id(results, choice)};
  require_name(results, &TrialRecord::task, choice.task, "task");
  require_name(results, &TrialRecord::method, choice.method, "method");
  const bool is_per_method = !choice.task.empty() || !choice.method.empty();
  const bool has_learned = std::any_of(
      results.trials.begin(), results.trials.end(),
      [](const TrialRecord& trial) { return is_explainable(trial) && is_learned(trial); });
  std::vector<std::pair<std::string, std::size_t>> best;  // group and its best trial
  for (std::size_t i = 0; i < results.trials.size(); ++i) {
    const TrialRecord& trial = results.trials[i];
    if (!is_explainable(trial) || (!choice.task.empty() && trial.task != choice.task) ||
        (!choice.method.empty() && trial.method != choice.method) ||
        (!is_per_method && has_learned && !is_learned(trial))) {
      continue;
    }
    const std::string group = trial.task + (is_per_method ? '\n' + trial.method : std::string());
    const auto known = std::find_if(best.begin(), best.end(),
                                    [&](const auto& entry) { return entry.first == group; });
    if (known == best.end()) {
      best.emplace_back(group, i);
    } else if (is_better_on_dev(trial, results.trials[known->second])) {
      known->second = i;
    }
  }
  if (best.empty())
    throw UsageError(
        "expected a trial that is done, found none; \"bbprompt status\" shows how far the run is");
  std::vector<std::size_t> chosen;
  chosen.reserve(best.size());
  for (const auto& [group, index] : best) chosen.push_back(index);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace bbprompt
