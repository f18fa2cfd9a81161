#include "app/simulator.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/run/trial_evaluator.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kNumCounted = 16;     // examples of a split whose tokens are counted
constexpr int kNumMeasured = 5;             // calls, of which the median counts
constexpr std::int64_t kMostMeasured = 32;  // queries of one of them

std::vector<double> start_point(const TrialProblem& problem) {
  const auto fixed = problem.prompt_space().fixed_points();
  const Eigen::VectorXd point =
      fixed.empty() ? problem.prompt_space().domain().start : fixed.front();
  return {point.data(), point.data() + point.size()};
}

// Median over a few calls, the first of which, cold, does not count.
double measure_query(TrialProblem& problem, LanguageModel& model,
                     const std::vector<double>& point) {
  complete_layer_scales(problem, model);
  TrialEvaluator evaluator(problem, model);
  const auto num_train = static_cast<std::int64_t>(problem.examples(Split::kTrain).size());
  const WorkItem item{
      .split = Split::kTrain,
      .begin = 0,
      .end = std::min({num_train, std::int64_t{problem.spec().shard_size}, kMostMeasured}),
      .point = point};
  std::vector<double> seconds;
  for (int i = 0; i <= kNumMeasured; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const WorkResult result = evaluator.run(item);
    if (!result.ok()) throw Error(problem.spec().task.name + ": " + result.error);
    const double taken = seconds_since(start);
    if (i > 0) seconds.push_back(taken / static_cast<double>(item.end));
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

}  // namespace

void add_query_time_options(po::options_description& options) {
  options.add_options()("seconds-per-query", po::value<double>()->value_name("S"),
                        "forecast the run, assuming that one query takes S seconds on one rank");
  options.add_options()("measure",
                        "forecast the run, measuring the time of a query here first: a few calls "
                        "of the real model for each data set, prompt length and model. They count "
                        "in no budget");
}

QueryTime query_time(const po::variables_map& values) {
  QueryTime time{.stated = {}, .is_measured = values.count("measure") > 0};
  if (values.count("seconds-per-query") == 0) return time;
  if (time.is_measured) throw UsageError("expected --seconds-per-query or --measure, found both");
  time.stated = values["seconds-per-query"].as<double>();
  if (!(*time.stated > 0.0 && *time.stated < 1e9))
    throw UsageError("--seconds-per-query: expected seconds above 0 and below 1e9, found " +
                     short_number(*time.stated));
  return time;
}

PlanReport look_at(const SweepPlan& plan, const QueryTime& time) {
  ModelPool models;
  PlanReport report{.plan = plan, .trials = {}, .settings = {}, .memory = {}, .time = {}};
  report.trials = survey_plan(plan, models, [&](const TrialSpec& first, TrialProblem& problem) {
    const std::vector<double> point = start_point(problem);
    const auto mean_tokens = [&](Split split) {
      return problem.mean_tokens(point, split, kNumCounted);
    };
    SettingFigures figures{.train_tokens = mean_tokens(Split::kTrain),
                           .dev_tokens = mean_tokens(Split::kDev),
                           .test_tokens = mean_tokens(Split::kTest),
                           .prompt_bytes = prompt_bytes_of(first.spec, problem.model_info(),
                                                           problem.prompt_space().dimension()),
                           .data_bytes = data_bytes_of(problem)};
    figures.seconds_per_query = time.is_measured
                                    ? measure_query(problem, models.get(first.spec.model), point)
                                    : time.stated.value_or(0.0);
    report.settings.push_back(figures);
    return true;
  });
  report.memory = estimate_memory(plan, models, report.settings);
  return report;
}

Simulator::Simulator(const PlanReport& report, const Times& times)
    : report_(report), times_(times) {
  for (const SurveyedTrial& trial : report.trials) shapes_.push_back(trial.shape);
}

SimulatedRun Simulator::run(int num_workers) {
  const auto known = runs_.find(num_workers);
  if (known != runs_.end()) return known->second;
  const SimulationInputs inputs{
      .trials = shapes_,
      .seconds_of = [&](const WorkItem& item) { return seconds_of(item); },
      .seconds_between_items = times_.overhead};
  return runs_[num_workers] = simulate_run(inputs, num_workers);
}

// The same for the same item, whoever has it and when.
double Simulator::seconds_of(const WorkItem& item) const {
  const auto trial = static_cast<std::size_t>(item.trial);
  const double mean = static_cast<double>(item.end - item.begin) *
                      report_.settings[report_.trials[trial].setting].seconds_per_query;
  if (times_.spread == 0.0) return mean;
  const auto place =
      (static_cast<std::uint64_t>(item.member) << 32U) + static_cast<std::uint64_t>(item.begin);
  RandomStream stream({.seed = 1,
                       .trial = trial,
                       .generation = static_cast<std::uint64_t>(item.group),
                       .purpose = "plan_simulation"},
                      4 * place);
  return mean * (1.0 + times_.spread * (2.0 * stream.uniform() - 1.0));
}

}  // namespace bbprompt
