#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>

#include "app/configuration_arguments.hpp"
#include "app/progress_view.hpp"
#include "app/run_arguments.hpp"
#include "app/safe_output.hpp"
#include "app/stop_signals.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/launch.hpp"
#include "bbprompt/comm/loopback_channel.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "bbprompt/comm/mpi_environment.hpp"
#include "bbprompt/run/farewell.hpp"
#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/plan_stages.hpp"
#include "bbprompt/run/worker_run.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

// ---- logging

// Everything into run.log; on standard error warnings, and the rest too where no live line is
// drawn.
void start_logging(const RunFolder& folder, ProgressStyle style) {
  auto file = std::make_shared<spdlog::sinks::basic_file_sink_st>(folder.log().string());
  file->set_level(spdlog::level::debug);
  auto terminal = std::make_shared<spdlog::sinks::ostream_sink_st>(error_output());
  terminal->set_level(style == ProgressStyle::kPlain ? spdlog::level::info : spdlog::level::warn);
  terminal->set_pattern("bbprompt: %v");
  logger()->sinks() = {file, terminal};
  file->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
  logger()->set_level(spdlog::level::debug);
  logger()->flush_on(spdlog::level::debug);
}

int num_ranks_of(const Channel& channel) {
  const std::vector<int> workers = channel.workers();
  return workers == std::vector<int>{0} ? 1 : static_cast<int>(workers.size()) + 1;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return plural(static_cast<std::int64_t>(count), noun);
}

void log_start(const SweepPlan& plan, const RunFolder& folder, const Channel& channel) {
  logger()->info("{} {} in {}: {}, {}", folder.is_resumed() ? "resuming" : "starting", plan.name,
                 folder.path().string(), count_of(plan.trials.size(), "trial"),
                 plural(num_ranks_of(channel), "rank"));
  if (const auto& change = folder.change()) {
    logger()->info("the plan has changed: {} kept, {} new, {} left out",
                   count_of(change->num_kept, "trial"), change->num_new, change->num_left_out);
  }
}

std::string stop_cause(const RunArguments& arguments) {
  if (stop_signal() != 0) return ::strsignal(stop_signal());
  return arguments.is_time_over() ? "the end of its time" : "what a rank reported (see above)";
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

// ---- the master

RunInfo describe_run(const SweepPlan& plan, int num_ranks) {
  return {.version = BBPROMPT_VERSION,
          .name = plan.name,
          .config_given = plan.config_given,
          .config_resolved = plan.config_resolved,
          .config_asked = plan.config_asked,
          .config_hash = plan.config_hash,
          .build = BBPROMPT_BUILD,
          .config_folder = plan.folder.string(),
          .num_ranks = num_ranks};
}

bool is_stop_wanted(const RunArguments& arguments) {
  return stop_signal() != 0 || arguments.is_time_over();
}

// Nothing where the run was asked to stop while it waited for the folder.
std::unique_ptr<RunFolder> open_folder(const std::filesystem::path& path, const SweepPlan& plan,
                                       const RunArguments& arguments) {
  const RunLockOptions options = {
      .heartbeat_seconds = std::min(5.0, arguments.lock_seconds / 4),
      .lost_seconds = arguments.lock_seconds,
      .is_stop_requested = [&] { return is_stop_wanted(arguments); },
      .on_wait =
          [](const std::string& reason) { error_output() << "bbprompt: " << reason << std::endl; },
  };
  try {
    return std::make_unique<RunFolder>(path, plan, options);
  } catch (const StoreError& error) {
    if (!options.is_stop_requested()) throw;
    error_output() << "bbprompt: " << error.what() << std::endl;
    return nullptr;
  }
}

// Runs the stages' plans, one after another, with the same workers.
class StageRunner {
 public:
  StageRunner(Channel& channel, ModelPool& models, const RunArguments& arguments,
              std::int64_t worker_model_bytes)
      : channel_(channel),
        models_(models),
        arguments_(arguments),
        worker_model_bytes_(worker_model_bytes),
        view_(choose_progress_style(arguments.progress), arguments.progress_seconds) {}

  RunOutcome run(const SweepPlan& plan, const RunFolder& folder, bool is_followed) {
    log_start(plan, folder, channel_);
    MasterRun master(plan, folder, channel_, models_,
                     {.is_stop_requested =
                          [&] {
                            folder.check_lock();
                            return is_stop_wanted(arguments_);
                          },
                      .on_progress = [&](const RunProgress& progress) { view_.show(progress); },
                      .started_by = arguments_.started_by,
                      .info = describe_run(plan, num_ranks_of(channel_)),
                      .worker_model_bytes = worker_model_bytes_,
                      .first_item = next_item_,
                      .goes_on_when_full = arguments_.goes_on_when_full,
                      .is_followed = is_followed});
    const RunOutcome outcome = master.run();
    next_item_ = master.next_item();
    view_.clear();
    return outcome;
  }

 private:
  Channel& channel_;
  ModelPool& models_;
  const RunArguments& arguments_;
  std::int64_t worker_model_bytes_;
  ProgressView view_;
  std::uint64_t next_item_ = 0;  // of the channel's work items
};

std::filesystem::path output_folder(const SweepPlan& plan, const RunArguments& arguments) {
  const std::filesystem::path path =
      arguments.out ? std::filesystem::path(*arguments.out) : plan.output.folder;
  if (path.empty()) throw UsageError("--out: expected a folder, found nothing");
  return path;
}

int run_master(Channel& channel, ModelPool& models, const po::variables_map& values) {
  const RunArguments arguments = read_run_arguments(values);
  SweepDocument document = load_document(values);
  SweepPlan first = plan_of(document, values);
  const std::filesystem::path path = output_folder(first, arguments);
  PlanStages stages(std::move(document), std::move(first));
  (void)stages.advance(path);  // where an earlier run of the folder has come to
  StageRunner runner(channel, models, arguments, model_memory(values));
  const auto folder = open_folder(path, stages.plan(), arguments);
  if (!folder) return kExitStopped;
  start_logging(*folder, choose_progress_style(arguments.progress));
  try {
    const RunOutcome outcome =
        run_stages(stages, *folder, [&](const SweepPlan& plan, bool is_followed) {
          return runner.run(plan, *folder, is_followed);
        });
    return report_outcome(outcome, *folder, arguments);
  } catch (const std::exception& error) {
    logger()->sinks().back()->set_level(spdlog::level::off);  // who catches it prints it
    logger()->error("{}", error.what());
    throw;
  }
}

// ---- roles

std::unique_ptr<QueryLog> make_query_log(const po::variables_map& values) {
  if (values.count("query-log") == 0) return nullptr;
  return std::make_unique<QueryLog>(values["query-log"].as<std::string>());
}

int run_alone(const po::variables_map& values) {
  check_launch(detect_launch([](const char* name) { return std::getenv(name); }), 0);
  ModelPool models;
  const auto query_log = make_query_log(values);
  WorkerRun worker(models, query_log.get());
  LoopbackChannel channel(worker.in_this_process());
  return run_master(channel, models, values);
}

// The master's error is printed at once: what follows may take the process away.
int run_master_rank(Channel& channel, const po::variables_map& values) {
  ModelPool models;
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
  if (problem) error_output() << "bbprompt: " << *problem << std::endl;
  return say_farewell(channel, code);
}

int run_worker_rank(Channel& channel, int num_ranks, const po::variables_map& values) {
  ModelPool models(ModelFactory::at({.rank = channel.rank(), .num_workers = num_ranks - 1}));
  models.set_max_bytes(model_memory(values));
  try {
    const auto query_log = make_query_log(values);
    serve_master(
        channel, models, [] { return stop_signal() != 0; }, query_log.get());
    return kExitDone;
  } catch (const std::exception& error) {
    std::cerr << "bbprompt: rank " << channel.rank() << ": " << error.what() << std::endl;
    MpiEnvironment::abort(kExitFailed);
  }
}

int run_in_world(const po::variables_map& values) {
  const MpiEnvironment environment;
  const Communicator communicator(environment);
  if (communicator.size() == 1) return run_alone(values);
  MpiChannel channel(communicator);
  return communicator.rank() == 0 ? run_master_rank(channel, values)
                                  : run_worker_rank(channel, communicator.size(), values);
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
