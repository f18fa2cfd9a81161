#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt::testing {

// Of a configuration that is read as "c.yaml".
inline SweepPlan plan_of(const std::string& text, const std::filesystem::path& folder = "f") {
  return expand(parse_config(text, folder, "c.yaml"));
}

// What expanding it throws; empty where it does not.
inline std::string error_of(const std::string& text) {
  try {
    (void)plan_of(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

inline std::set<std::string> ids_of(const SweepPlan& plan) {
  std::set<std::string> ids;
  for (const auto& trial : plan.trials) ids.insert(trial.id);
  return ids;
}

// "a length=5 s1" for each trial: method, last word of each key with its value, seed.
inline std::vector<std::string> names_of(const SweepPlan& plan) {
  std::vector<std::string> names;
  for (const auto& trial : plan.trials) {
    std::string name = trial.method;
    for (const auto& [key, value] : trial.axis_values) {
      name += ' ' + key.substr(key.rfind('.') + 1) + '=' + value;
    }
    names.push_back(name + " s" + std::to_string(trial.seed));
  }
  return names;
}

}  // namespace bbprompt::testing
