#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/store/trial_record.hpp"
#include "report/setting_differences.hpp"

namespace bbprompt {

// Value of a sweep axis in the trial's settings, or nothing where it has no such axis.
[[nodiscard]] std::optional<std::string> setting(const TrialRecord& trial, std::string_view key);

// What tells trials of one method apart where task and seed are equal: the sweep axes on which
// trials of that method differ, and the settings in which trials of several runs do, so that
// figures of different settings are never averaged. Where all other methods have one value of such
// an axis, that value is the usual one and is not shown.
class TrialVariants {
 public:
  explicit TrialVariants(const Results& results);

  // "prompt.length=5, objective=hinge" in the order of the trial's axes, then of its configuration,
  // without the key `except`; empty where nothing differs.
  [[nodiscard]] std::string settings(const TrialRecord& trial, std::string_view except = {}) const;

  // The method, with its settings in parentheses where there are any.
  [[nodiscard]] std::string label(const TrialRecord& trial, std::string_view except = {}) const;

 private:
  [[nodiscard]] bool is_usual(const TrialRecord& trial, const std::string& key,
                              std::string_view value) const;

  std::map<std::string, std::set<std::string>> axes_;  // by method: keys on which trials differ
  std::map<std::string, std::map<std::string, std::string>> usual_;  // by method and key
  SettingDifferences differences_;
};

}  // namespace bbprompt
