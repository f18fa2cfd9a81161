#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/progress_view.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/run/progress.hpp"

namespace bbprompt {
namespace {

// A running master writes its status every two seconds; this long without a sign means trouble.
constexpr std::int64_t kSilentSeconds = 30;

std::string figure(double value) {
  if (!std::isfinite(value)) return "-";
  return std::abs(value) < 1e9 ? fmt::format("{:.4f}", value) : fmt::format("{:.2g}", value);
}

std::string rate(double value) {
  return value < 1e9 ? fmt::format("{:.1f}", value) : fmt::format("{:.2g}", value);
}

// Whether the run's process is known to be gone: only its own machine can tell.
bool is_known_dead(const RunProgress& progress) {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && progress.host == name.data() &&
         ::kill(static_cast<pid_t>(progress.process_id), 0) != 0 && errno == ESRCH;
}

// Workers shown: the slowest of those that scored enough to tell, and all that do not answer.
constexpr std::size_t kNumSlowest = 3;
// Lines of the table without --all: running and failed trials first.
constexpr std::size_t kNumTrials = 40;

void print_workers(const std::vector<WorkerProgress>& workers) {
  std::vector<const WorkerProgress*> measured;
  for (const WorkerProgress& worker : workers) {
    if (std::isfinite(worker.queries_per_second())) measured.push_back(&worker);
    if (worker.state != WorkerState::kWorking)
      std::cout << fmt::format("  worker {}: {}\n", worker.rank, to_string(worker.state));
  }
  if (measured.size() < 2) return;
  std::sort(measured.begin(), measured.end(), [](const auto* a, const auto* b) {
    return a->queries_per_second() < b->queries_per_second();
  });
  const double median = measured[measured.size() / 2]->queries_per_second();
  std::cout << fmt::format("  workers: median {} queries/s; slowest:", rate(median));
  for (std::size_t i = 0; i < std::min(kNumSlowest, measured.size()); ++i) {
    std::cout << fmt::format("{} rank {} {}/s ({})", i == 0 ? "" : ",", measured[i]->rank,
                             rate(measured[i]->queries_per_second()),
                             plural(measured[i]->num_items, "item"));
  }
  std::cout << '\n';
}

void print_failures(const RunProgress& progress) {
  if (progress.num_retried + progress.num_given_up == 0) return;
  std::cout << fmt::format("  failed evaluations: {} tried again, {} given up\n",
                           progress.num_retried, progress.num_given_up);
  for (const FailureProgress& failure : progress.failures) {
    std::cout << fmt::format("    {}, last on rank {}: {}\n", plural(failure.count, "time"),
                             failure.rank, failure.reason);
  }
}

// The trials that say most, in plan order: those that run, then failed ones, then the last that
// ended, then the next that wait.
std::vector<const TrialProgress*> choose_trials(const std::vector<TrialProgress>& trials,
                                                std::size_t limit) {
  std::vector<std::size_t> chosen;
  const auto take = [&](TrialStanding state, bool is_last_first) {
    for (std::size_t k = 0; k < trials.size() && chosen.size() < limit; ++k) {
      const std::size_t i = is_last_first ? trials.size() - 1 - k : k;
      if (trials[i].state == state) chosen.push_back(i);
    }
  };
  take(TrialStanding::kRunning, false);
  take(TrialStanding::kFailed, false);
  take(TrialStanding::kDone, true);
  take(TrialStanding::kWaiting, false);
  std::sort(chosen.begin(), chosen.end());
  std::vector<const TrialProgress*> shown;
  shown.reserve(chosen.size());
  for (const std::size_t i : chosen) shown.push_back(&trials[i]);
  return shown;
}

void print_trials(const std::vector<const TrialProgress*>& trials) {
  std::size_t width = 5;
  for (const TrialProgress* trial : trials) width = std::max(width, trial->id.size());
  std::cout << fmt::format("{:<{}}  {:<8} {:>9} {:>11} {:>10} {:>8} {:>8} {:>8}\n", "trial", width,
                           "state", "gen", "evaluations", "queries", "fitness", "dev", "test");
  for (const TrialProgress* trial : trials) {
    std::cout << fmt::format(
        "{:<{}}  {:<8} {:>9} {:>11} {:>10} {:>8} {:>8} {:>8}\n", trial->id, width,
        to_string(trial->state),
        fmt::format("{}/{}", trial->num_generations, trial->num_generations_planned),
        trial->num_evaluations, trial->num_queries, figure(trial->incumbent_fitness),
        figure(trial->dev_metric), figure(trial->test_metric));
    if (!trial->failure.empty()) std::cout << "    " << trial->failure << '\n';
  }
}

void print_status(const RunProgress& progress, std::size_t limit) {
  const std::int64_t age = std::time(nullptr) - progress.updated;
  std::cout << fmt::format("{}: {} on {} (process {}), {}\n", progress.name,
                           to_string(progress.state), progress.host, progress.process_id,
                           plural(progress.num_workers, "worker"));
  if (!progress.reason.empty()) std::cout << "  " << printable(progress.reason) << '\n';
  if (progress.state == RunState::kRunning && (age > kSilentSeconds || is_known_dead(progress))) {
    std::cout << "  no sign of life for " << format_duration(static_cast<double>(age))
              << ": the run was killed, or its machine is gone. Run the same command again to "
                 "resume\n";
  }
  std::cout << "  " << format_progress(progress) << '\n';
  std::cout << fmt::format(
      "  trials: {} waiting, {} running, {} done, {} failed\n",
      progress.count(TrialStanding::kWaiting), progress.count(TrialStanding::kRunning),
      progress.count(TrialStanding::kDone), progress.count(TrialStanding::kFailed));
  print_workers(progress.workers);
  print_failures(progress);
  std::cout << '\n';
  const auto shown = choose_trials(progress.trials, limit);
  print_trials(shown);
  if (shown.size() < progress.trials.size()) {
    std::cout << fmt::format("... {} more; --all shows them\n",
                             progress.trials.size() - shown.size());
  }
}

// One word for scripts. A run that stopped because something was wrong says what, so that nobody
// takes it for one that only has to go on.
std::string state_word(const std::filesystem::path& file, const std::string& started_by) {
  if (!std::filesystem::exists(file)) return "none";
  const RunProgress progress = read_progress(file);
  if (!started_by.empty() && progress.started_by != started_by) return "none";
  if (progress.reason.empty()) return std::string(to_string(progress.state));
  return std::string(to_string(progress.state)) + ": " + printable(progress.reason);
}

}  // namespace

int status_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandOptions options;
  options.help = {
      .name = "bbprompt status",
      .usage =
          "bbprompt status RUN_FOLDER [--all]\n       bbprompt status RUN_FOLDER --state "
          "[--started-by NAME]",
      .about =
          "Shows how far a run is, while it goes on and afterwards: its trials, queries per second "
          "and time left, the slowest workers, what failed and why. Reads only the files in the "
          "run's folder, so any machine that sees the folder will do.",
      .example = "  bbprompt status out/quickstart\n"};
  options.named.add_options()("all", po::bool_switch(),
                              "show every trial, not only the 40 that say most");
  options.named.add_options()("state", po::bool_switch(),
                              "print one word for scripts and nothing else: running, stopped, "
                              "done, failed, or none where there is no run; after \"stopped\" "
                              "comes what was wrong, if anything was");
  options.named.add_options()("started-by", po::value<std::string>()->value_name("NAME"),
                              "with --state: of the start that was given this name (bbprompt run "
                              "--started-by), and none where that one never began");
  options.hidden.add_options()("folder", po::value<std::string>()->required(),
                               "the folder of a run: bbprompt status RUN_FOLDER");
  options.positional.add("folder", 1);
  po::variables_map values;
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  const std::filesystem::path folder = values["folder"].as<std::string>();
  const auto file = folder / "status.json";
  if (values["state"].as<bool>()) {
    const bool is_named = values.count("started-by") > 0;
    std::cout << state_word(file, is_named ? values["started-by"].as<std::string>() : "") << '\n';
    return kExitDone;
  }
  if (!std::filesystem::exists(file)) {
    throw StoreError(folder.string(),
                     "expected the folder of a run, which has a file status.json; found none. Name "
                     "the folder that bbprompt run wrote into (--out)");
  }
  const RunProgress progress = read_progress(file);
  print_status(progress, values["all"].as<bool>() ? progress.trials.size() : kNumTrials);
  return kExitDone;
}

}  // namespace bbprompt
