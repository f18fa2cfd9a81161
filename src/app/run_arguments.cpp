#include "app/run_arguments.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <cstdlib>
#include <ctime>

#include "app/configuration_arguments.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/run/deadline.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

std::int64_t seconds_since_1970() { return std::time(nullptr); }

std::optional<std::string> given_text(const po::variables_map& values, const char* name) {
  if (values.count(name) == 0) return std::nullopt;
  return values[name].as<std::string>();
}

double progress_seconds(const po::variables_map& values) {
  const double seconds = values["progress-seconds"].as<double>();
  if (std::isfinite(seconds) && seconds > 0.0) return seconds;
  throw UsageError("--progress-seconds: expected a number above 0, found " + short_number(seconds));
}

std::int64_t duration(const po::variables_map& values, const char* name) {
  try {
    return parse_duration(values[name].as<std::string>());
  } catch (const UsageError& error) {
    throw UsageError(std::string("--") + name + ": " + error.what());
  }
}

double lock_seconds(const po::variables_map& values) {
  const auto seconds = duration(values, "lock-timeout");
  if (seconds < 1) {
    throw UsageError("--lock-timeout: expected at least 1s, found " +
                     values["lock-timeout"].as<std::string>());
  }
  return static_cast<double>(seconds);
}

bool goes_on_when_full(const po::variables_map& values) {
  const std::string what = values["on-full-disk"].as<std::string>();
  if (what == "stop" || what == "go_on") return what == "go_on";
  throw UsageError("--on-full-disk: expected stop or go_on, found \"" + what + "\"");
}

std::optional<std::int64_t> time_to_stop(const po::variables_map& values) {
  DeadlineInputs inputs{.now = seconds_since_1970()};
  if (values.count("time-left") > 0) inputs.time_left = duration(values, "time-left");
  if (const char* end = std::getenv("SLURM_JOB_END_TIME")) inputs.slurm_job_end = end;
  inputs.margin = duration(values, "stop-before");
  if (inputs.time_left && *inputs.time_left <= inputs.margin) {
    throw UsageError(
        fmt::format("--time-left: expected more than --stop-before ({} s), found {} s; "
                    "a run could do nothing in that time",
                    inputs.margin, *inputs.time_left));
  }
  return stop_time(inputs);
}

}  // namespace

void add_passed_options(po::options_description& options) {
  options.add_options()(
      "stop-before", po::value<std::string>()->default_value("60s")->value_name("DURATION"),
      "how long before the end of its time the run stops. Raise it where one work item takes "
      "longer than that");
  options.add_options()("model-memory", po::value<std::int64_t>()->value_name("MB"),
                        "memory for models in each worker, in MB of their weight files; the "
                        "worker unloads the model it used least recently. Set it where a "
                        "sweep has more models than fit into memory (default: no limit)");
  options.add_options()("progress-seconds", real_value(5.0)->value_name("SECONDS"),
                        "seconds between two plain progress lines, also in run.log");
  options.add_options()(
      "query-log", po::value<std::string>()->value_name("FOLDER"),
      "write a line for every work item that is evaluated, one file per process, to audit what "
      "the model was asked");
  options.add_options()(
      "lock-timeout", po::value<std::string>()->default_value("60s")->value_name("DURATION"),
      "how long a run on another machine may give no sign of life before its folder is taken "
      "over. Raise it for a slow shared file system");
  options.add_options()(
      "on-full-disk", po::value<std::string>()->default_value("stop")->value_name("WHAT"),
      "where checkpoints find no space: stop at the last good ones, or go_on without (what is paid "
      "until there is space may have to be paid again)");
}

std::vector<std::string> passed_options(const po::variables_map& values) {
  std::vector<std::string> words;
  const auto add = [&](const char* name, const std::string& value) {
    words.push_back(std::string("--") + name);
    words.push_back(value);
  };
  for (const char* name : {"stop-before", "query-log", "lock-timeout", "on-full-disk"}) {
    if (values.count(name) > 0 && !values[name].defaulted())
      add(name, values[name].as<std::string>());
  }
  if (const std::int64_t bytes = model_memory(values); bytes > 0)
    add("model-memory", std::to_string(bytes / 1'000'000));
  if (!values["progress-seconds"].defaulted())
    add("progress-seconds", short_number(progress_seconds(values)));
  return words;
}

CommandOptions run_options() {
  CommandOptions options = configuration_options(
      {.name = "bbprompt run",
       .usage = "[mpirun -n RANKS] bbprompt run FILE.yaml [--out FOLDER] [--set KEY=VALUE ...]",
       .about = "Runs every trial of a configuration and writes checkpoints and results into the "
                "output folder. Start it again with the same configuration and folder to resume. "
                "It runs in one process, or under mpirun or srun with any number of ranks: rank 0 "
                "is the master, the others evaluate prompts.\n"
                "It stops with checkpoints and exit code 3 on SIGTERM, SIGINT, SIGUSR1 or SIGHUP "
                "(a closed terminal), and before the time of --time-left or of the Slurm job is "
                "over.",
       .example =
           "  mpirun -n 3 bbprompt run configs/quickstart/quickstart.yaml --out out/quickstart \\\n"
           "      --set budget.evaluations=200 --set seeds=[1,2]\n"});
  options.named.add_options()("out", po::value<std::string>()->value_name("FOLDER"),
                              "output folder (default: output.folder of the configuration, else "
                              "out/NAME)");
  options.named.add_options()("time-left", po::value<std::string>()->value_name("DURATION"),
                              "time the run may take, such as 900, 15m, 2h or 1:30:00; it stops "
                              "with checkpoints before. In a Slurm job, the end of the job "
                              "(SLURM_JOB_END_TIME) counts too");
  options.named.add_options()("progress",
                              po::value<std::string>()->default_value("auto")->value_name("STYLE"),
                              "how progress is shown: live (one line, redrawn), plain (a line "
                              "every few seconds), none, or auto (live on a terminal, else "
                              "plain)");
  add_passed_options(options.named);
  options.named.add_options()(
      "started-by", po::value<std::string>()->value_name("NAME"),
      "a name for this start, such as the job's number. status.json repeats it, so that a job "
      "script can ask how this very start ended: bbprompt status FOLDER --state --started-by NAME");
  return options;
}

std::int64_t model_memory(const po::variables_map& values) {
  if (values.count("model-memory") == 0) return 0;
  const auto megabytes = values["model-memory"].as<std::int64_t>();
  constexpr std::int64_t kMost = 1'000'000'000;
  if (megabytes >= 1 && megabytes <= kMost) return megabytes * 1'000'000;
  throw UsageError("--model-memory: expected MB from 1 to " + std::to_string(kMost) + ", found " +
                   std::to_string(megabytes));
}

bool RunArguments::is_time_over() const { return stop_at && seconds_since_1970() >= *stop_at; }

RunArguments read_run_arguments(const po::variables_map& values) {
  return {.out = given_text(values, "out"),
          .stop_at = time_to_stop(values),
          .lock_seconds = lock_seconds(values),
          .goes_on_when_full = goes_on_when_full(values),
          .started_by = given_text(values, "started-by").value_or(""),
          .progress = values["progress"].as<std::string>(),
          .progress_seconds = progress_seconds(values)};
}

}  // namespace bbprompt
