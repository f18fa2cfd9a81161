#include "bbprompt/report/trial_variants.hpp"

#include <algorithm>

namespace bbprompt {
namespace {

std::string_view key_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// By key, the values of one method's trials; nothing stands for a trial without that axis.
using Values = std::map<std::string, std::set<std::optional<std::string>>>;

std::set<std::string> all_keys(const std::vector<TrialRecord>& trials) {
  std::set<std::string> keys;
  for (const TrialRecord& trial : trials) {
    for (const std::string& entry : trial.settings) keys.emplace(key_of(entry));
  }
  keys.erase("task");
  return keys;
}

}  // namespace

std::optional<std::string> setting(const TrialRecord& trial, std::string_view key) {
  for (const std::string& entry : trial.settings) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos && key_of(entry) == key) return entry.substr(equals + 1);
  }
  return std::nullopt;
}

TrialVariants::TrialVariants(const std::vector<TrialRecord>& trials) {
  std::map<std::string, Values> values;
  const std::set<std::string> keys = all_keys(trials);
  for (const TrialRecord& trial : trials) {
    for (const std::string& key : keys) values[trial.method][key].insert(setting(trial, key));
  }
  for (const auto& [method, by_key] : values) {
    for (const auto& [key, found] : by_key) {
      if (found.size() > 1) axes_[method].insert(key);
    }
  }
}

std::string TrialVariants::settings(const TrialRecord& trial, std::string_view except) const {
  const auto axes = axes_.find(trial.method);
  if (axes == axes_.end()) return "";
  std::string text;
  for (const std::string& entry : trial.settings) {
    const std::string_view key = key_of(entry);
    if (key == except || axes->second.count(std::string(key)) == 0) continue;
    text += (text.empty() ? "" : ", ") + entry;
  }
  return text;
}

std::string TrialVariants::label(const TrialRecord& trial, std::string_view except) const {
  const std::string text = settings(trial, except);
  return text.empty() ? trial.method : trial.method + " (" + text + ")";
}

}  // namespace bbprompt
