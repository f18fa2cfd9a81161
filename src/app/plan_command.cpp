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
#include "bbprompt/base/wording.hpp"
#include "bbprompt/config/sweep_spec.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kNumTrialsShown = 50;  // trials
constexpr int kMostRanks = 1 << 20;
constexpr int kLongestLadder = 16384;        // ranks tried without --ranks
constexpr double kLeastGain = 0.02;          // of wall time; with less the ladder ends
constexpr std::int64_t kManyItems = 200000;  // from here on the ladder has steps of 4

CommandOptions plan_options() {
  CommandOptions options = configuration_options(
      {.name = "bbprompt plan",
       .usage = "bbprompt plan FILE.yaml [--set KEY=VALUE ...] [--seconds-per-query S | "
                "--measure] [OPTIONS]",
       .about =
           "Shows what a configuration will cost before you run it: its trials in plan order with "
           "their ids, the most queries and tokens each can take, and the memory of a rank. Loads "
           "data and model, but asks the model nothing.\n"
           "With --seconds-per-query or --measure it also simulates the run, with the scheduler "
           "of the real one, for several numbers of ranks: wall time, idle ranks, core-hours. One "
           "rank is the master and evaluates only when it is alone. The simulation assumes that "
           "no prompt is asked twice, no search ends before its budget, no evaluation fails, and "
           "network and file system take no time (--overhead adds some to every work item).\n"
           "The recommended number of ranks is the largest for which the evaluating ranks stand "
           "idle at most 5 % of the time. With fewer ranks the run is slower; with more, "
           "core-hours are wasted.",
       .example = "  bbprompt plan configs/quickstart/quickstart.yaml --measure\n"
                  "  bbprompt plan configs/quickstart/quickstart.yaml --seconds-per-query 0.02 "
                  "--ranks 65,1025\n"});
  options.named.add_options()("all", "show every trial, not only the first 50");
  options.named.add_options()("json", "print everything as JSON, for programs");
  add_query_time_options(options.named);
  options.named.add_options()("ranks", po::value<std::string>()->value_name("N[,N...]"),
                              "simulate these numbers of ranks, for example 17,65. Without it: 1, "
                              "4, 8, ... until more ranks do not help");
  options.named.add_options()(
      "spread", real_value(0.2)->value_name("X"),
      "how much the times of work items differ: each takes (1 - X) to (1 + X) times the mean. "
      "From 0 to below 1; raise it where text lengths or node speeds differ a lot");
  options.named.add_options()(
      "overhead", real_value(0.0)->value_name("S"),
      "seconds a rank waits between two work items. Raise it for a slow network");
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
                       " separated by commas, such as 17,65, found \"" + printable(text, 40) +
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
    throw UsageError("--spread: expected a number from 0 to below 1, found " +
                     short_number(spread));
  const double overhead = values["overhead"].as<double>();
  if (!(overhead >= 0.0 && overhead < 1e9))
    throw UsageError("--overhead: expected seconds from 0 to below 1e9, found " +
                     short_number(overhead));
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
    std::cout << plan_text(report, values.count("all") > 0 ? plan.trials.size() : kNumTrialsShown)
              << note_on_followers(document);
  }
  return kExitDone;
}

}  // namespace bbprompt
