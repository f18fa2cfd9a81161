#include "app/run_arguments.hpp"

#include <cmath>
#include <cstdlib>
#include <ctime>

#include "app/configuration_arguments.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/run/deadline.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

std::int64_t seconds_since_1970() { return std::time(nullptr); }

std::optional<std::string> text_of(const po::variables_map& values, const char* name) {
  if (values.count(name) == 0) return std::nullopt;
  return values[name].as<std::string>();
}

double progress_seconds(const po::variables_map& values) {
  const double seconds = values["progress-seconds"].as<double>();
  if (std::isfinite(seconds) && seconds > 0.0) return seconds;
  throw UsageError("--progress-seconds: expected a number above 0, found " +
                   std::to_string(seconds));
}

double lock_seconds(const po::variables_map& values) {
  const auto seconds = parse_duration(values["lock-timeout"].as<std::string>());
  if (seconds < 1) throw UsageError("--lock-timeout: expected at least 1s");
  return static_cast<double>(seconds);
}

std::optional<std::int64_t> time_to_stop(const po::variables_map& values) {
  DeadlineInputs inputs{.now = seconds_since_1970()};
  if (const auto time_left = text_of(values, "time-left"))
    inputs.time_left = parse_duration(*time_left);
  if (const char* end = std::getenv("SLURM_JOB_END_TIME")) inputs.slurm_job_end = end;
  inputs.margin = parse_duration(values["stop-before"].as<std::string>());
  return stop_time(inputs);
}

}  // namespace

CommandOptions run_options() {
  CommandOptions options = configuration_options(
      {.usage = "[mpirun -n RANKS] bbprompt run FILE.yaml [--out FOLDER] [--set KEY=VALUE ...]",
       .about = "Runs every trial of a configuration and writes checkpoints and results into the "
                "output folder. Started again with the same configuration and folder it goes on "
                "where it stopped. Works alone, or under mpirun or srun with any number of ranks: "
                "rank 0 is the master, the others evaluate.\n"
                "SIGTERM, SIGINT or SIGUSR1, and the end of the time it is given, stop it with "
                "checkpoints and exit code 3.",
       .example =
           "  mpirun -n 3 bbprompt run configs/quickstart/quickstart.yaml --out out/quickstart \\\n"
           "      --set budget.evaluations=200 --set seeds=[1,2]\n"});
  options.named.add_options()("out", po::value<std::string>()->value_name("FOLDER"),
                              "output folder; default: output.folder of the file, else out/NAME");
  options.named.add_options()("time-left", po::value<std::string>()->value_name("DURATION"),
                              "stop in time: seconds, or 15m, 2h, 1:30:00. In a Slurm job its end "
                              "(SLURM_JOB_END_TIME) counts too");
  options.named.add_options()(
      "stop-before", po::value<std::string>()->default_value("60s")->value_name("DURATION"),
      "how long before the end of the time to stop");
  options.named.add_options()("model-memory", po::value<std::int64_t>()->value_name("MB"),
                              "most memory of a worker for models, in MB of their weights files: "
                              "those not used for longest are unloaded; default: any");
  options.named.add_options()("progress",
                              po::value<std::string>()->default_value("auto")->value_name("STYLE"),
                              "auto, live (one line, redrawn), plain (lines), none");
  options.named.add_options()("progress-seconds",
                              po::value<double>()->default_value(5.0)->value_name("SECONDS"),
                              "time between plain progress lines, in run.log too");
  options.named.add_options()(
      "query-log", po::value<std::string>()->value_name("FOLDER"),
      "for an audit: a line for every work item that is really evaluated, one file per process");
  options.named.add_options()(
      "lock-timeout", po::value<std::string>()->default_value("60s")->value_name("DURATION"),
      "how long without a sign of life until a run on another machine counts as gone");
  return options;
}

std::int64_t model_memory(const po::variables_map& values) {
  if (values.count("model-memory") == 0) return 0;
  const auto megabytes = values["model-memory"].as<std::int64_t>();
  constexpr std::int64_t kMost = 1'000'000'000;
  if (megabytes >= 1 && megabytes <= kMost) return megabytes * 1'000'000;
  throw UsageError("--model-memory: expected megabytes from 1 to " + std::to_string(kMost) +
                   ", found " + std::to_string(megabytes));
}

bool RunArguments::is_time_over() const { return stop_at && seconds_since_1970() >= *stop_at; }

RunArguments read_run_arguments(const po::variables_map& values) {
  return {.out = text_of(values, "out"),
          .stop_at = time_to_stop(values),
          .lock_seconds = lock_seconds(values),
          .progress = values["progress"].as<std::string>(),
          .progress_seconds = progress_seconds(values)};
}

}  // namespace bbprompt
