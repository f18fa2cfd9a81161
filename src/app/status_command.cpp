#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "app/command.hpp"
#include "app/progress_view.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/run/progress.hpp"

namespace bbprompt {
namespace {

// A running master writes its status every two seconds; this long without a sign means trouble.
constexpr std::int64_t kSilentSeconds = 30;

std::string figure(double value) {
  return std::isfinite(value) ? fmt::format("{:.4f}", value) : "-";
}

// Whether the run's process is known to be gone: only its own machine can tell.
bool is_known_dead(const RunProgress& progress) {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && progress.host == name.data() &&
         ::kill(static_cast<pid_t>(progress.process_id), 0) != 0 && errno == ESRCH;
}

void print_status(const RunProgress& progress) {
  const std::int64_t age = std::time(nullptr) - progress.updated;
  std::cout << fmt::format("{}: {} on {} (process {}), {} workers\n", progress.name, progress.state,
                           progress.host, progress.process_id, progress.num_workers);
  if (progress.state == "running" && (age > kSilentSeconds || is_known_dead(progress))) {
    std::cout << "  no sign of life for " << format_duration(static_cast<double>(age))
              << ": it was killed, or its machine is gone; run the same command again to go on\n";
  }
  std::cout << "  " << format_progress(progress) << "\n\n";
  std::size_t width = 5;
  for (const TrialProgress& trial : progress.trials) width = std::max(width, trial.id.size());
  std::cout << fmt::format("{:<{}}  {:<8} {:>9} {:>11} {:>10} {:>8} {:>8} {:>8}\n", "trial", width,
                           "state", "gen", "evaluations", "queries", "fitness", "dev", "test");
  for (const TrialProgress& trial : progress.trials) {
    std::cout << fmt::format(
        "{:<{}}  {:<8} {:>9} {:>11} {:>10} {:>8} {:>8} {:>8}\n", trial.id, width, trial.state,
        fmt::format("{}/{}", trial.num_generations, trial.num_generations_planned),
        trial.num_evaluations, trial.num_queries, figure(trial.incumbent_fitness),
        figure(trial.dev_metric), figure(trial.test_metric));
    if (!trial.failure.empty()) std::cout << "    " << trial.failure << '\n';
  }
}

}  // namespace

int status_command(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandOptions options;
  options.help = {
      .usage = "bbprompt status RUN_FOLDER",
      .about = "Shows how far a run is, while it goes on or after, reading only its files.",
      .example = "  bbprompt status out/quickstart\n"};
  options.hidden.add_options()("folder", po::value<std::string>()->required());
  options.positional.add("folder", 1);
  po::variables_map values;
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  const std::filesystem::path folder = values["folder"].as<std::string>();
  const auto file = folder / "status.json";
  if (!std::filesystem::exists(file)) {
    throw StoreError(folder.string(),
                     "expected the folder of a run, with status.json in it; found none");
  }
  print_status(read_progress(file));
  return kExitDone;
}

}  // namespace bbprompt
