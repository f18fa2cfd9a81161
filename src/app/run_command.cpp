#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>

#include "app/configuration_arguments.hpp"
#include "app/progress_view.hpp"
#include "app/stop_signals.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/launch.hpp"
#include "bbprompt/comm/loopback_channel.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "bbprompt/comm/mpi_environment.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "bbprompt/run/deadline.hpp"
#include "bbprompt/run/farewell.hpp"
#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/transfer.hpp"
#include "bbprompt/run/worker_run.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

CommandOptions run_options() {
  CommandOptions options = configuration_options(
      {.name = "bbprompt run",
       .usage = "[mpirun -n RANKS] bbprompt run FILE.yaml [--out FOLDER] [--set KEY=VALUE ...]",
       .about = "Runs every trial of a configuration and writes checkpoints and results into the "
                "output folder. Start it again with the same configuration and folder to resume. "
                "It runs in one process, or under mpirun or srun with any number of ranks: rank 0 "
                "is the master, the others evaluate prompts.\n"
                "It stops with checkpoints and exit code 3 on SIGTERM, SIGINT or SIGUSR1, and "
                "before the time of --time-left or of the Slurm job is over.",
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
  options.named.add_options()(
      "stop-before", po::value<std::string>()->default_value("60s")->value_name("DURATION"),
      "how long before the end of its time the run stops. Raise it where one work item takes "
      "longer than that");
  options.named.add_options()("model-memory", po::value<std::int64_t>()->value_name("MB"),
                              "memory for models in each worker, in MB of their weight files; the "
                              "worker unloads the model it used least recently. Set it where a "
                              "sweep has more models than fit into memory (default: no limit)");
  options.named.add_options()("progress",
                              po::value<std::string>()->default_value("auto")->value_name("STYLE"),
                              "how progress is shown: live (one line, redrawn), plain (a line "
                              "every few seconds), none, or auto (live on a terminal, else "
                              "plain)");
  options.named.add_options()("progress-seconds", real_value(5.0)->value_name("SECONDS"),
                              "seconds between two plain progress lines, also in run.log");
  options.named.add_options()(
      "query-log", po::value<std::string>()->value_name("FOLDER"),
      "write a line for every work item that is evaluated, one file per process, to audit what "
      "the model was asked");
  options.named.add_options()(
      "lock-timeout", po::value<std::string>()->default_value("60s")->value_name("DURATION"),
      "how long a run on another machine may give no sign of life before its folder is taken "
      "over. Raise it for a slow shared file system");
  return options;
}

// Everything into run.log; on standard error warnings, and the rest too where no live line is
// drawn.
void start_logging(const RunFolder& folder, ProgressStyle style) {
  auto file = std::make_shared<spdlog::sinks::basic_file_sink_st>(folder.log().string());
  file->set_level(spdlog::level::debug);
  auto terminal = std::make_shared<spdlog::sinks::stderr_sink_st>();
  terminal->set_level(style == ProgressStyle::kPlain ? spdlog::level::info : spdlog::level::warn);
  terminal->set_pattern("bbprompt: %v");
  logger()->sinks() = {file, terminal};
  file->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
  logger()->set_level(spdlog::level::debug);
  logger()->flush_on(spdlog::level::debug);
}

RunInfo describe_run(const SweepPlan& plan, int num_ranks) {
  return {.version = BBPROMPT_VERSION,
          .name = plan.name,
          .config_given = plan.config_given,
          .config_resolved = plan.config_resolved,
          .config_hash = plan.config_hash,
          .build = BBPROMPT_BUILD,
          .config_folder = plan.folder.string(),
          .num_ranks = num_ranks};
}

// What the command line says of a run.
struct RunArguments {
  const po::variables_map& values;
  std::optional<std::int64_t> stop_at;  // seconds since 1970
  double lock_seconds = 60.0;
};

// 0: any.
std::int64_t model_memory(const po::variables_map& values) {
  if (values.count("model-memory") == 0) return 0;
  const auto megabytes = values["model-memory"].as<std::int64_t>();
  constexpr std::int64_t kMost = 1'000'000'000;
  if (megabytes >= 1 && megabytes <= kMost) return megabytes * 1'000'000;
  throw UsageError("--model-memory: expected MB from 1 to " + std::to_string(kMost) + ", found " +
                   std::to_string(megabytes));
}

std::int64_t seconds_since_1970() { return std::time(nullptr); }

std::int64_t duration(const po::variables_map& values, const char* name) {
  try {
    return parse_duration(values[name].as<std::string>());
  } catch (const UsageError& error) {
    throw UsageError(std::string("--") + name + ": " + error.what());
  }
}

RunArguments read_arguments(const po::variables_map& values) {
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
  const auto lock_seconds = duration(values, "lock-timeout");
  if (lock_seconds < 1) {
    throw UsageError("--lock-timeout: expected at least 1s, found " +
                     values["lock-timeout"].as<std::string>());
  }
  return {.values = values,
          .stop_at = stop_time(inputs),
          .lock_seconds = static_cast<double>(lock_seconds)};
}

bool is_time_over(const RunArguments& arguments) {
  return arguments.stop_at && seconds_since_1970() >= *arguments.stop_at;
}

// Where a plan's trials run.
struct Stage {
  Channel& channel;
  ModelPool& models;
  ProgressView& view;
  const RunArguments& arguments;
  std::uint64_t next_item = 0;  // of the channel's work items
};

std::string count_of(std::size_t count, std::string_view noun) {
  return plural(static_cast<std::int64_t>(count), noun);
}

RunOutcome run_plan(const SweepPlan& plan, const RunFolder& folder, bool is_followed,
                    Stage& stage) {
  Channel& channel = stage.channel;
  const RunArguments& arguments = stage.arguments;
  const int num_ranks =
      channel.workers() == std::vector<int>{0} ? 1 : static_cast<int>(channel.workers().size()) + 1;
  logger()->info("{} {} in {}: {}, {}", folder.is_resumed() ? "resuming" : "starting", plan.name,
                 folder.path().string(), count_of(plan.trials.size(), "trial"),
                 plural(num_ranks, "rank"));
  if (const auto& change = folder.change()) {
    logger()->info("the plan has changed: {} kept, {} new, {} left out",
                   count_of(change->num_kept, "trial"), change->num_new, change->num_left_out);
  }
  MasterRun master(plan, folder, channel, stage.models,
                   {.is_stop_requested =
                        [&] {
                          folder.check_lock();
                          return stop_signal() != 0 || is_time_over(arguments);
                        },
                    .on_progress = [&](const RunProgress& progress) { stage.view.show(progress); },
                    .info = describe_run(plan, num_ranks),
                    .worker_model_bytes = model_memory(arguments.values),
                    .first_item = stage.next_item,
                    .is_followed = is_followed});
  const RunOutcome outcome = master.run();
  stage.next_item = master.next_item();
  stage.view.clear();
  return outcome;
}

std::string stop_cause(const RunArguments& arguments) {
  if (stop_signal() != 0) return ::strsignal(stop_signal());
  return is_time_over(arguments) ? "the end of its time" : "a worker's signal";
}

int report_outcome(RunOutcome outcome, const RunFolder& folder, const RunArguments& arguments) {
  const std::string path = folder.path().string();
  switch (outcome) {
    case RunOutcome::kDone:
      logger()->info("done; for the results: bbprompt report {}", path);
      return kExitDone;
    case RunOutcome::kFailed:
      logger()->error("some trials failed; for the reasons: bbprompt status {}", path);
      return kExitFailed;
    case RunOutcome::kStopped:
      break;
  }
  logger()->warn("stopped by {} with checkpoints in {}; run the same command again to go on",
                 stop_cause(arguments), path);
  return kExitStopped;
}

RunLockOptions lock_options(const RunArguments& arguments) {
  return {
      .heartbeat_seconds = std::min(5.0, arguments.lock_seconds / 4),
      .lost_seconds = arguments.lock_seconds,
      .is_stop_requested = [&] { return stop_signal() != 0 || is_time_over(arguments); },
      .on_wait =
          [](const std::string& reason) { std::cerr << "bbprompt: " << reason << std::endl; },
  };
}

// Nothing where it was asked to stop while it waited for the folder.
std::unique_ptr<RunFolder> open_folder(const std::filesystem::path& path, const SweepPlan& plan,
                                       const RunArguments& arguments) {
  const RunLockOptions options = lock_options(arguments);
  try {
    return std::make_unique<RunFolder>(path, plan, options);
  } catch (const StoreError& error) {
    if (!options.is_stop_requested()) throw;
    std::cerr << "bbprompt: " << error.what() << std::endl;
    return nullptr;
  }
}

double progress_seconds(const po::variables_map& values) {
  const double seconds = values["progress-seconds"].as<double>();
  if (std::isfinite(seconds) && seconds > 0.0) return seconds;
  throw UsageError("--progress-seconds: expected a number above 0, found " + short_number(seconds));
}

std::unique_ptr<QueryLog> make_query_log(const po::variables_map& values) {
  if (values.count("query-log") == 0) return nullptr;
  return std::make_unique<QueryLog>(values["query-log"].as<std::string>());
}

// The first plan and, where prompts that it learns go to other tasks, the whole one after it.
RunOutcome run_plans(const ConfigDocument& document, const SweepPlan& first,
                     std::optional<SweepPlan> whole, RunFolder& folder, Stage& stage) {
  const bool is_followed = !whole && parse_sweep(document).prompts_from.own_run;
  if (!whole) {
    const RunOutcome outcome = run_plan(first, folder, is_followed, stage);
    if (!is_followed || outcome != RunOutcome::kDone) return outcome;
    whole = plan_with_own_prompts(document, first, folder.path());
    folder.take_plan(whole.value());
  }
  return run_plan(*whole, folder, false, stage);
}

int run_master(Channel& channel, ModelPool& models, const po::variables_map& values) {
  const RunArguments arguments = read_arguments(values);
  const ConfigDocument document = load_document(values);
  const SweepPlan first = plan_of(document, values);
  std::filesystem::path path = first.output.folder;
  if (values.count("out") > 0) path = values["out"].as<std::string>();
  if (path.empty()) throw UsageError("--out: expected a folder, found nothing");
  auto whole = plan_with_own_prompts(document, first, path);
  const auto style = choose_progress_style(values["progress"].as<std::string>());
  ProgressView view(style, progress_seconds(values));
  const auto folder = open_folder(path, whole ? *whole : first, arguments);
  if (!folder) return kExitStopped;
  start_logging(*folder, style);
  Stage stage{.channel = channel, .models = models, .view = view, .arguments = arguments};
  try {
    const RunOutcome outcome = run_plans(document, first, std::move(whole), *folder, stage);
    return report_outcome(outcome, *folder, arguments);
  } catch (const std::exception& error) {
    logger()->sinks().back()->set_level(spdlog::level::off);  // who catches it prints it
    logger()->error("{}", error.what());
    throw;
  }
}

int run_alone(const po::variables_map& values) {
  check_launch(detect_launch([](const char* name) { return std::getenv(name); }), 0);
  ModelPool models;
  const auto query_log = make_query_log(values);
  WorkerRun worker(models, query_log.get());
  LoopbackChannel channel([&](const Bytes& message, const LoopbackChannel::Reply& reply) {
    worker.handle(message, reply);
  });
  return run_master(channel, models, values);
}

// The master's error is printed at once: what follows may take the process away.
int run_master_rank(Channel& channel, ModelPool& models, const po::variables_map& values) {
  std::optional<std::string> problem;
  int code = kExitFailed;
  try {
    code = run_master(channel, models, values);
  } catch (const ConfigError& error) {
    problem = error.what();
    code = kExitUsage;
  } catch (const UsageError& error) {
    problem = error.what();
    code = kExitUsage;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (problem) std::cerr << "bbprompt: " << *problem << std::endl;
  return say_farewell(channel, code);
}

int run_in_world(const po::variables_map& values) {
  const MpiEnvironment environment;
  const Communicator communicator(environment);
  if (communicator.size() == 1) return run_alone(values);
  MpiChannel channel(communicator);
  ModelPool models;
  if (communicator.rank() != 0) models.set_max_bytes(model_memory(values));
  if (communicator.rank() == 0) return run_master_rank(channel, models, values);
  try {
    const auto query_log = make_query_log(values);
    serve_master(
        channel, models, [] { return stop_signal() != 0; }, query_log.get());
    return kExitDone;
  } catch (const std::exception& error) {
    std::cerr << "bbprompt: rank " << communicator.rank() << ": " << error.what() << std::endl;
    MpiEnvironment::abort(kExitFailed);
  }
}

}  // namespace

int run_command(const Arguments& arguments) {
  po::variables_map values;
  const auto options = run_options();
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  (void)model_memory(values);  // refused on every rank, before any waits for another
  catch_stop_signals();
  return is_started_by_mpi_launcher() ? run_in_world(values) : run_alone(values);
}

}  // namespace bbprompt
