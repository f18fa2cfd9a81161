#include <algorithm>
#include <charconv>
#include <iostream>
#include <limits>
#include <set>
#include <string>

#include "app/configuration_arguments.hpp"
#include "app/plan_report.hpp"
#include "app/simulator.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/sweep_spec.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kNumShown = 50;  // trials
constexpr int kMostRanks = 1 << 20;
constexpr int kLongestLadder = 16384;        // ranks tried without --ranks
constexpr double kLeastGain = 0.02;          // of wall time; with less the ladder ends
constexpr std::int64_t kManyItems = 200000;  // from here on the ladder has steps of 4

CommandOptions plan_options() {
  CommandOptions options = configuration_options(
      {.usage = "bbprompt plan FILE.yaml [--set KEY=VALUE ...] [--seconds-per-query S | "
                "--measure] [options]",
       .about =
           "Shows the trials of a configuration in the order they run, with their stable ids and "
           "what each will cost at most in queries and tokens, and the memory of a rank. Loads "
           "data and model, but asks no query.\n"
           "With seconds per query, stated or measured, it simulates the run in virtual time, "
           "with the scheduler that runs it: wall time, idle ranks and core-hours by number of "
           "ranks. One rank is the master and evaluates only when it is alone. Assumed are: no "
           "prompt is asked twice, no search ends before its budget, no evaluation fails, and the "
           "network and the file system take no time (--overhead adds some to every work item).\n"
           "Recommended is the largest number of ranks whose evaluating ranks stand idle at most "
           "5 % of the time: fewer are slower, more cost core-hours that do nothing.",
       .example = "  bbprompt plan configs/quickstart/quickstart.yaml --measure\n"
                  "  bbprompt plan configs/quickstart/quickstart.yaml --seconds-per-query 0.02 "
                  "--ranks 65,1025\n"});
  options.named.add_options()("all", "every trial, not the first 50 only");
  options.named.add_options()("json", "everything, for programs");
  add_query_time_options(options.named);
  options.named.add_options()("ranks", po::value<std::string>()->value_name("N[,N...]"),
                              "simulate these numbers of ranks (default: 1, 2, 4, ... until more "
                              "do not help)");
  options.named.add_options()("spread", po::value<double>()->default_value(0.2)->value_name("X"),
                              "work items take (1 - X) to (1 + X) of their mean, uniformly");
  options.named.add_options()("overhead", po::value<double>()->default_value(0.0)->value_name("S"),
                              "seconds between two work items of a rank");
  return options;
}

std::vector<int> parse_ranks(const std::string& text) {
  std::set<int> ranks;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    int value = 0;
    const auto read = std::from_chars(text.data() + begin, text.data() + end, value);
    if (read.ec != std::errc{} || read.ptr != text.data() + end || value < 1 ||
        value > kMostRanks) {
      throw UsageError("--ranks: expected numbers from 1 to " + std::to_string(kMostRanks) +
                       " with commas between, such as 17,65, found \"" + printable(text, 40) +
                       "\"");
    }
    ranks.insert(value);
    begin = end + 1;
  }
  return {ranks.begin(), ranks.end()};
}

void check_arguments(const po::variables_map& values) {
  if (values.count("ranks") > 0 && !query_time(values).is_known())
    throw UsageError("--ranks needs --seconds-per-query S or --measure");
  const double spread = values["spread"].as<double>();
  if (!(spread >= 0.0 && spread < 1.0))
    throw UsageError("--spread: expected a number from 0 to below 1");
  const double overhead = values["overhead"].as<double>();
  if (!(overhead >= 0.0 && overhead < 1e9))
    throw UsageError("--overhead: expected a number from 0 to below 1e9");
}

bool is_busy(const SimulatedRun& run) { return 1.0 - run.busy_share() <= kMaxIdle; }

void simulate_given(PlannedTime& time, Simulator& simulator, const std::vector<int>& ranks) {
  for (const int count : ranks) {
    const SimulatedRun run = simulator.run(num_workers_of(count));
    if (is_busy(run)) time.recommended = std::max(time.recommended.value_or(1), count);
    time.runs.push_back({.num_ranks = count, .run = run});
  }
}

// Ever more ranks until that gains nothing, and the recommended number between two of them.
void simulate_ladder(PlannedTime& time, Simulator& simulator) {
  const auto add = [&](int ranks) -> const SimulatedRun& {
    time.runs.push_back({.num_ranks = ranks, .run = simulator.run(num_workers_of(ranks))});
    return time.runs.back().run;
  };
  double before = add(1).wall_seconds;
  const int step = time.runs.front().run.num_items >= kManyItems ? 4 : 2;
  for (int ranks = 4; ranks <= kLongestLadder; ranks *= step) {
    const double wall = add(ranks).wall_seconds;
    if (wall > (1.0 - kLeastGain) * before) break;
    before = wall;
  }
  const auto idle = std::find_if(time.runs.begin(), time.runs.end(),
                                 [](const RanksRun& planned) { return !is_busy(planned.run); });
  int most = time.runs.back().run.num_workers;
  if (idle != time.runs.end()) {
    const int good = idle == time.runs.begin() ? 1 : (idle - 1)->run.num_workers;
    most = most_busy_workers([&](int count) { return simulator.run(count); }, kMaxIdle,
                             {.good = good, .bad = idle->run.num_workers});
  }
  time.recommended = num_ranks_of(most);
  time.is_searched = true;
}

PlannedTime simulate(const PlanReport& report, const po::variables_map& values) {
  PlannedTime time{.source = values.count("measure") > 0 ? "measured here" : "as stated",
                   .spread = values["spread"].as<double>(),
                   .overhead = values["overhead"].as<double>(),
                   .shortest = std::numeric_limits<double>::infinity(),
                   .runs = {},
                   .recommended = {}};
  for (const SettingFigures& setting : report.settings) {
    time.shortest = std::min(time.shortest, setting.seconds_per_query);
    time.longest = std::max(time.longest, setting.seconds_per_query);
  }
  for (const TrialSpec& trial : report.plan.trials)
    time.threads = std::max(time.threads, trial.spec.model.threads);
  Simulator simulator(report, {.spread = time.spread, .overhead = time.overhead});
  if (values.count("ranks") > 0) {
    simulate_given(time, simulator, parse_ranks(values["ranks"].as<std::string>()));
  } else {
    simulate_ladder(time, simulator);
  }
  time.wall_of_one = simulator.run(1).wall_seconds;
  return time;
}

}  // namespace

int plan_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, plan_options(), values)) return kExitDone;
  check_arguments(values);
  if (values.count("ranks") > 0) (void)parse_ranks(values["ranks"].as<std::string>());
  const SweepDocument document = load_document(values);
  const SweepPlan plan = plan_of(document, values);
  PlanReport report = look_at(plan, query_time(values));
  report.more_follow = document.sweep.prompts_from.own_run;
  if (query_time(values).is_known()) report.time = simulate(report, values);
  if (values.count("json") > 0) {
    std::cout << plan_json(report);
  } else {
    std::cout << plan_text(report, values.count("all") > 0 ? plan.trials.size() : kNumShown)
              << note_on_followers(document);
  }
  return kExitDone;
}

}  // namespace bbprompt
