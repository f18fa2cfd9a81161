#include "report/trial_variants.hpp"

#include <algorithm>

namespace bbprompt {
namespace {

std::string_view key_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// The values of one method's trials; nothing stands for a trial without that axis.
using Values = std::set<std::optional<std::string>>;

std::set<std::string> all_keys(const std::vector<TrialRecord>& trials) {
  std::set<std::string> keys;
  for (const TrialRecord& trial : trials) {
    for (const std::string& entry : trial.settings) keys.emplace(key_of(entry));
  }
  keys.erase("task");
  return keys;
}

// What all methods have that do not differ in the axis.
std::optional<std::string> usual_value(const std::map<std::string, Values>& by_method) {
  Values usual;
  for (const auto& [method, values] : by_method) {
    if (values.size() == 1) usual.insert(*values.begin());
  }
  return usual.size() == 1 ? *usual.begin() : std::nullopt;
}

}  // namespace

std::optional<std::string> setting(const TrialRecord& trial, std::string_view key) {
  for (const std::string& entry : trial.settings) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos && key_of(entry) == key) return entry.substr(equals + 1);
  }
  return std::nullopt;
}

TrialVariants::TrialVariants(const Results& results) : differences_(setting_differences(results)) {
  const std::vector<TrialRecord>& trials = results.trials;
  for (const std::string& key : all_keys(trials)) {
    std::map<std::string, Values> by_method;
    for (const TrialRecord& trial : trials) by_method[trial.method].insert(setting(trial, key));
    const auto usual = usual_value(by_method);
    for (const auto& [method, values] : by_method) {
      if (values.size() < 2) continue;
      axes_[method].insert(key);
      if (usual && values.contains(usual) && !values.contains(std::nullopt)) {
        usual_[method].emplace(key, *usual);
      }
    }
  }
}

bool TrialVariants::is_usual(const TrialRecord& trial, const std::string& key,
                             std::string_view value) const {
  const auto method = usual_.find(trial.method);
  if (method == usual_.end()) return false;
  const auto usual = method->second.find(key);
  return usual != method->second.end() && usual->second == value;
}

std::string TrialVariants::settings(const TrialRecord& trial, std::string_view except) const {
  std::string text;
  const auto add = [&](const std::string& entry) { text += (text.empty() ? "" : ", ") + entry; };
  const auto axes = axes_.find(trial.method);
  for (const std::string& entry : trial.settings) {
    const std::string key(key_of(entry));
    if (axes == axes_.end() || key == except || !axes->second.contains(key)) continue;
    if (is_usual(trial, key, std::string_view(entry).substr(key.size() + 1))) continue;
    add(entry);
  }
  const auto differences = differences_.find(trial.id);
  if (differences == differences_.end()) return text;
  for (const std::string& entry : differences->second) {
    if (key_of(entry) != except) add(entry);
  }
  return text;
}

std::string TrialVariants::label(const TrialRecord& trial, std::string_view except) const {
  const std::string text = settings(trial, except);
  return text.empty() ? trial.method : trial.method + " (" + text + ")";
}

}  // namespace bbprompt
