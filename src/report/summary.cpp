#include "bbprompt/report/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "report/splits.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

// What the rows are made of, before averaging.
struct Group {
  SummaryRow row;
  std::vector<double> dev, test, manual_test, gain, queries;
  std::set<std::uint64_t> seeds;
};

bool is_of_group(const SummaryRow& row, const TrialRecord& trial, const std::string& settings) {
  return row.task == trial.task && row.method == trial.method && row.metric == trial.metric &&
         row.settings == settings;
}

// The trial's group, added after the last group of its task where it is new.
Group& group_of(std::vector<Group>& groups, const TrialRecord& trial, const std::string& settings) {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
    return is_of_group(group.row, trial, settings);
  });
  if (found != groups.end()) return *found;
  const auto last = std::find_if(groups.rbegin(), groups.rend(),
                                 [&](const Group& group) { return group.row.task == trial.task; });
  const auto position = last == groups.rend() ? groups.end() : last.base();
  Group group;
  group.row.task = trial.task;
  group.row.method = trial.method;
  group.row.metric = trial.metric;
  group.row.settings = settings;
  return *groups.insert(position, std::move(group));
}

void add_done(Group& group, const Results& results, std::size_t index) {
  const TrialRecord& trial = results.trials[index];
  ++group.row.num_done;
  group.seeds.insert(trial.seed);
  const SplitEvaluation* dev = find_split(trial.best, "dev");
  const SplitEvaluation* test = find_split(trial.best, "test");
  const SplitEvaluation* manual = find_split(trial.manual, "test");
  if (dev != nullptr) group.dev.push_back(dev->metric);
  if (test != nullptr) group.test.push_back(test->metric);
  if (manual != nullptr) group.manual_test.push_back(manual->metric);
  if (test != nullptr && manual != nullptr) group.gain.push_back(test->metric - manual->metric);
  const auto search = trial.usage.find("search");
  if (search != trial.usage.end()) {
    group.queries.push_back(static_cast<double>(search->second.usage.num_queries));
  }
  auto& best = group.row.best_trial;
  if (!best || is_better_on_dev(trial, results.trials[*best])) best = index;
}

}  // namespace

bool is_better_on_dev(const TrialRecord& trial, const TrialRecord& best) {
  const SplitEvaluation* found = find_split(trial.best, "dev");
  const SplitEvaluation* known = find_split(best.best, "dev");
  if (found == nullptr || std::isnan(found->metric)) return false;
  if (known == nullptr || std::isnan(known->metric)) return true;
  if (found->metric != known->metric) return found->metric > known->metric;
  return found->loss < known->loss;
}

MeanDeviation mean_deviation(std::span<const double> values) {
  MeanDeviation result{.num_values = static_cast<int>(values.size()),
                       .mean = std::numeric_limits<double>::quiet_NaN(),
                       .deviation = std::nullopt};
  if (values.empty()) return result;
  const auto count = static_cast<double>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() < 2) return result;
  double sum = 0.0;
  for (const double value : values) sum += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(sum / (count - 1.0));
  return result;
}

Summary summarize(const Results& results) {
  std::vector<Group> groups;
  const TrialVariants variants(results);
  for (std::size_t i = 0; i < results.trials.size(); ++i) {
    Group& group = group_of(groups, results.trials[i], variants.settings(results.trials[i]));
    if (results.trials[i].state == TrialState::kDone) add_done(group, results, i);
    if (results.trials[i].state == TrialState::kFailed) ++group.row.num_failed;
  }
  Summary summary;
  for (Group& group : groups) {
    group.row.num_seeds = static_cast<int>(group.seeds.size());
    group.row.dev = mean_deviation(group.dev);
    group.row.test = mean_deviation(group.test);
    group.row.manual_test = mean_deviation(group.manual_test);
    group.row.gain = mean_deviation(group.gain);
    group.row.queries = mean_deviation(group.queries);
    summary.rows.push_back(std::move(group.row));
  }
  return summary;
}

}  // namespace bbprompt
