#include "report/setting_differences.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "report/flat_settings.hpp"

namespace bbprompt {
namespace {

const std::string kModelPath = "model.path";
const std::string kFingerprint = "model_fingerprint";
const std::string kTestRows = "test_rows";

using Members = std::vector<std::size_t>;  // indices of trials
using Value = std::optional<std::string>;

std::string rows_of(const TrialRecord& trial) {
  const auto gold = trial.gold.find("test");
  if (gold == trial.gold.end() || gold->second.empty()) return "";
  std::string text;
  for (const std::int32_t label : gold->second) text += std::to_string(label) + ' ';
  return short_hash(text);
}

// Sweep axes of a trial but its task, which is no difference between tasks.
std::string place_in_sweep(const TrialRecord& trial) {
  std::string text = trial.method;
  for (const std::string& entry : trial.settings) {
    if (!entry.starts_with("task=")) text += '\n' + entry;
  }
  return text;
}

bool is_of_task(const std::string& key) { return key.starts_with("task.") || key == kTestRows; }

// Trials by their settings, each text of a configuration looked at once.
class SettingsIndex {
 public:
  explicit SettingsIndex(const std::vector<TrialRecord>& trials) : trials_(trials) {
    std::unordered_map<std::string, std::size_t> known;
    for (const TrialRecord& trial : trials) {
      std::string text = text_without_seed(trial.config);
      class_of_.push_back(known.try_emplace(std::move(text), known.size()).first->second);
      rows_.push_back(rows_of(trial));
    }
    flat_.resize(known.size());
  }

  [[nodiscard]] std::size_t class_of(std::size_t trial) const { return class_of_[trial]; }

  // Nothing where the trial has no such setting, or its model or rows are not known.
  [[nodiscard]] Value value(std::size_t trial, const std::string& key) {
    if (key == kFingerprint || key == kTestRows) {
      const std::string text =
          key == kTestRows ? rows_[trial] : trials_[trial].model_fingerprint.substr(0, 8);
      return text.empty() ? Value() : text;
    }
    const auto& settings = flat(trial);
    const auto found = settings.find(key);
    return found == settings.end() ? Value() : found->second;
  }

  [[nodiscard]] const std::map<std::string, std::string>& flat(std::size_t trial) {
    auto& settings = flat_[class_of_[trial]];
    if (settings) return *settings;
    settings.emplace();
    for (auto& [key, value] : flat_settings(text_without_seed(trials_[trial].config))) {
      order_.try_emplace(key, order_.size());
      settings->try_emplace(key, std::move(value));
    }
    return *settings;
  }

  // Keys in the order of the configuration; those that are in none come last.
  [[nodiscard]] std::vector<std::string> in_order(const std::set<std::string>& keys) const {
    std::vector<std::string> ordered(keys.begin(), keys.end());
    const auto place = [&](const std::string& key) {
      const auto found = order_.find(key);
      return found == order_.end() ? order_.size() : found->second;
    };
    std::stable_sort(ordered.begin(), ordered.end(),
                     [&](const std::string& left, const std::string& right) {
                       return place(left) < place(right);
                     });
    return ordered;
  }

 private:
  const std::vector<TrialRecord>& trials_;
  std::vector<std::size_t> class_of_;
  std::vector<std::string> rows_;
  std::vector<std::optional<std::map<std::string, std::string>>> flat_;  // by class
  std::map<std::string, std::size_t> order_;
};

class Differences {
 public:
  explicit Differences(const Results& results) : trials_(results.trials), index_(trials_) {
    std::map<std::string, Members> of_task;
    std::map<std::string, Members> of_all;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const std::string place = place_in_sweep(trials_[i]);
      of_task[trials_[i].task + '\n' + trials_[i].metric + '\n' + place].push_back(i);
      of_all[place].push_back(i);
    }
    for (const auto& [name, members] : of_task)
      find_keys(members, [](const std::string&) { return true; });
    // A sweep may set something else for a task: that is its method. Several runs have no such
    // plan.
    const bool is_one_run = !results.run.config_resolved.empty();
    const auto counts = [&](const std::string& key) {
      return is_one_run ? key.starts_with("model.") : !is_of_task(key);
    };
    for (const auto& [name, members] : of_all) {
      if (!is_one_run || num_known(members, kFingerprint) > 1) find_keys(members, counts);
    }
  }

  SettingDifferences run() {
    SettingDifferences found;
    if (keys_.empty()) return found;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      std::vector<std::string> entries = entries_of(i);
      if (!entries.empty()) found.emplace(trials_[i].id, std::move(entries));
    }
    return found;
  }

 private:
  // Of a method: all tasks' where the task is empty.
  using Scope = std::pair<std::string, std::string>;

  std::size_t num_known(const Members& members, const std::string& key) {
    std::set<std::string> values;
    for (const std::size_t trial : members) {
      if (const Value value = index_.value(trial, key)) values.insert(*value);
    }
    return values.size();
  }

  bool is_one_model(const Members& members) {
    return num_known(members, kFingerprint) == 1 &&
           std::all_of(members.begin(), members.end(),
                       [&](std::size_t trial) { return index_.value(trial, kFingerprint); });
  }

  // Settings whose keys count and that are not the same in all members.
  template <typename Counts>
  std::set<std::string> differing(const Members& members, const Counts& counts) {
    std::set<std::string> keys;
    std::set<std::size_t> seen{index_.class_of(members.front())};
    for (const std::size_t trial : members) {
      if (!seen.insert(index_.class_of(trial)).second) continue;
      for (const std::size_t other : {trial, members.front()}) {
        for (const auto& [key, value] : index_.flat(other)) {
          if (!counts(key)) continue;
          if (index_.value(trial, key) != index_.value(members.front(), key)) keys.insert(key);
        }
      }
    }
    if (keys.contains(kModelPath) && is_one_model(members)) keys.erase(kModelPath);
    return keys;
  }

  // Whether members that are equal in the keys have different values of `hidden`.
  bool hides(const Members& members, const std::set<std::string>& keys, const std::string& hidden) {
    std::map<std::vector<Value>, std::set<std::string>> by_values;
    for (const std::size_t trial : members) {
      std::vector<Value> values;
      for (const std::string& key : keys) values.push_back(index_.value(trial, key));
      if (const Value value = index_.value(trial, hidden)) by_values[values].insert(*value);
    }
    return std::any_of(by_values.begin(), by_values.end(),
                       [](const auto& entry) { return entry.second.size() > 1; });
  }

  template <typename Counts>
  void find_keys(const Members& members, const Counts& counts) {
    std::set<std::string> keys = differing(members, counts);
    if (hides(members, keys, kFingerprint)) keys.insert(kFingerprint);
    if (counts(kTestRows) && hides(members, keys, kTestRows)) keys.insert(kTestRows);
    const TrialRecord& trial = trials_[members.front()];
    for (const std::string& key : keys)
      keys_[{trial.method, is_of_task(key) ? trial.task : ""}].insert(key);
  }

  bool has_key(const Scope& scope, const std::string& key) const {
    const auto found = keys_.find(scope);
    return found != keys_.end() && found->second.contains(key);
  }

  // What a method leaves out of its name: the value of all methods that do not differ in the key.
  Value usual(const Scope& scope, const std::string& key) {
    const auto known = usual_.find({scope, key});
    if (known != usual_.end()) return known->second;
    std::set<Value> own;
    std::set<Value> others;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const TrialRecord& trial = trials_[i];
      if (!scope.second.empty() && trial.task != scope.second) continue;
      if (trial.method == scope.first) {
        own.insert(index_.value(i, key));
      } else if (!has_key({trial.method, scope.second}, key)) {
        others.insert(index_.value(i, key));
      }
    }
    Value value;
    if (others.size() == 1 && own.contains(*others.begin()) && !own.contains(std::nullopt))
      value = *others.begin();
    return usual_[{scope, key}] = value;
  }

  std::vector<std::string> entries_of(std::size_t index) {
    const TrialRecord& trial = trials_[index];
    std::set<std::string> all;
    for (const std::string& task : {std::string(), trial.task}) {
      const auto found = keys_.find({trial.method, task});
      if (found != keys_.end()) all.insert(found->second.begin(), found->second.end());
    }
    std::vector<std::string> entries;
    std::string exact;
    for (const std::string& key : index_.in_order(all)) {
      const Value value = index_.value(index, key);
      const Scope scope{trial.method, is_of_task(key) ? trial.task : ""};
      if (value && value == usual(scope, key)) continue;
      entries.push_back(key + "=" + (value ? shown_value(*value) : "(none)"));
      exact += key + (value ? "=" + *value : "") + '\n';
    }
    if (entries.size() <= kMaxNamedSettings) return entries;
    const std::size_t num_more = entries.size() - kMaxNamedSettings + 1;
    entries.resize(kMaxNamedSettings - 1);
    entries.push_back(std::to_string(num_more) + " more=" + short_hash(exact));
    return entries;
  }

  const std::vector<TrialRecord>& trials_;
  SettingsIndex index_;
  std::map<Scope, std::set<std::string>> keys_;
  std::map<std::pair<Scope, std::string>, Value> usual_;
};

}  // namespace

SettingDifferences setting_differences(const Results& results) {
  return Differences(results).run();
}

std::string written_prompt_settings(const TrialRecord& trial, WrittenScope scope) {
  const auto counts = [&](const std::string& key) {
    for (const auto* section : {"model.", "few_shot.", "scoring.", "prompt.manual."}) {
      if (key.starts_with(section) && key != kModelPath) return true;
    }
    return scope == WrittenScope::kOneTask && is_of_task(key);
  };
  std::string text = trial.model_fingerprint + '\n';
  if (scope == WrittenScope::kOneTask) text += rows_of(trial) + '\n';
  for (const auto& [key, value] : flat_settings(text_without_seed(trial.config))) {
    if (counts(key) || (key == kModelPath && trial.model_fingerprint.empty()))
      text += key + '=' + value + '\n';
  }
  return text;
}

}  // namespace bbprompt
