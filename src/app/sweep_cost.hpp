#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// What a trial will cost, about.
struct TrialDemand {
  std::int64_t num_queries = 0;
  std::int64_t num_items = 0;  // work items of its first group: what it has out at one time
  double seconds = 0.0;        // of one worker; 0: not known
};

// How the seconds of a query are found: stated, measured with this machine's processor, or not.
struct QuerySeconds {
  std::optional<double> stated;
  bool is_measured = false;
};

// Of every trial of the plan, in its order. Loads data and models. Throws Error when a query that
// is measured fails.
[[nodiscard]] std::vector<TrialDemand> demands_of(const SweepPlan& plan,
                                                  const QuerySeconds& seconds);

}  // namespace bbprompt
