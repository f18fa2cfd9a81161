#pragma once

#include <set>
#include <string>
#include <vector>

#include "bbprompt/config/sweep_spec.hpp"

namespace bbprompt {

// What a condition looks at.
struct Combination {
  const std::string& variant;  // empty: the sweep has none
  const ExperimentSpec& spec;
};

// A condition that remembers whether it ever held, and if not, what it was asked about.
class ConditionUse {
 public:
  // `condition` must outlive it.
  explicit ConditionUse(const SweepCondition& condition)
      : condition_(&condition), seen_(condition.tests.size()), was_true_(condition.tests.size()) {}

  [[nodiscard]] bool holds(const Combination& combination);

  // Throws ConfigError when it held nowhere, with the values that the sweep has instead.
  void require_used() const;

 private:
  const SweepCondition* condition_;
  bool was_held_ = false;
  std::vector<std::set<std::string>> seen_;  // by test: some of the values, until it first held
  std::vector<bool> was_true_;               // by test
};

}  // namespace bbprompt
