#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <map>
#include <optional>
#include <vector>

#include "app/plan_report.hpp"

namespace bbprompt {

// How the seconds of a query are found: stated, measured with this machine's processor, or not.
struct QueryTime {
  std::optional<double> stated;
  bool is_measured = false;

  [[nodiscard]] bool is_known() const { return stated || is_measured; }
};

// --seconds-per-query and --measure.
void add_query_time_options(boost::program_options::options_description& options);
// Throws UsageError for both, and for a time that is not above 0 and below 1e9.
[[nodiscard]] QueryTime query_time(const boost::program_options::variables_map& values);

// The plan's trials, what they ask, and the memory of a rank. Loads data and models; asks the model
// only where a query is measured. Throws Error when a measured query fails.
[[nodiscard]] PlanReport look_at(const SweepPlan& plan, const QueryTime& time);

// The plan's run in virtual time, each number of workers once.
class Simulator {
 public:
  struct Times {
    double spread = 0.2;    // work items take (1 - spread) to (1 + spread) of their mean
    double overhead = 0.0;  // seconds between two work items of a worker
  };
  // The report must outlive it.
  Simulator(const PlanReport& report, const Times& times);

  [[nodiscard]] SimulatedRun run(int num_workers);

 private:
  [[nodiscard]] double seconds_of(const WorkItem& item) const;

  const PlanReport& report_;
  Times times_;
  std::vector<TrialShape> shapes_;
  std::map<int, SimulatedRun> runs_;
};

}  // namespace bbprompt
