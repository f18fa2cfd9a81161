#pragma once

#include <filesystem>
#include <set>
#include <string>

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

}  // namespace bbprompt::testing
