#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "app/child_process.hpp"
#include "app/configuration_arguments.hpp"
#include "app/job_request.hpp"
#include "app/job_scripts.hpp"
#include "app/progress_view.hpp"
#include "app/run_arguments.hpp"
#include "app/simulator.hpp"
#include "app/slurm_job.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/run/deadline.hpp"
#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/run/run_lock.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

CommandOptions submit_options() {
  CommandOptions options = configuration_options(
      {.name = "bbprompt submit",
       .usage = "bbprompt submit FILE.yaml --time T [--nodes N] --profile FILE [OPTIONS]",
       .about =
           "Runs a sweep as a Slurm job; the job requeues itself until the sweep is done. Before "
           "it submits, the command checks configuration, data and model, and shows what the time "
           "limit and the number of ranks mean for the run.\nThe job's script, command line and "
           "logs are in the folder \"job\" of the output folder.",
       .example = "  bbprompt submit configs/quickstart/quickstart.yaml --nodes 2 "
                  "--ntasks-per-node 32 \\\n"
                  "      --time 4:00:00 --profile my.profile --seconds-per-query 0.02 --report "
                  "--dry-run\n"});
  const auto text = [] { return po::value<std::string>(); };
  auto add = options.named.add_options();
  add("time", text()->value_name("T"),
      "time limit of the job, such as 4:00:00, 30m or 1-00:00:00; required");
  add("nodes", po::value<int>()->default_value(1)->value_name("N"),
      "number of nodes for the job, or for each part with --array");
  add("ntasks-per-node", po::value<int>()->value_name("M"),
      "ranks on each node (default: its number of cores, from sinfo)");
  add("array", po::value<int>()->value_name("K"),
      "split the sweep into K array tasks of --nodes nodes each. Use it where several small jobs "
      "start sooner than a large one");
  add("profile", text()->value_name("FILE"),
      "your copy of jobs/slurm/profile.example, which says how to start bbprompt on this cluster "
      "(default: the environment variable PROFILE)");
  add("with-servers", text()->value_name("FILE"),
      "start model servers in the job, wait until they are healthy, run the sweep against them and "
      "stop them. FILE is your copy of jobs/slurm/servers.example, which says how to start one. "
      "For "
      "configurations with model.kind: server");
  add("out", text()->value_name("FOLDER"),
      "output folder (default: output.folder of the configuration, else out/NAME)");
  add("account", text()->value_name("NAME"), "account to charge, as sbatch --account takes it");
  add("partition", text()->value_name("NAME"), "partition to run in, as sbatch --partition");
  add("qos", text()->value_name("NAME"), "quality of service, as sbatch --qos");
  add("sbatch", po::value<std::vector<std::string>>()->composing()->value_name("OPTION"),
      "another option to pass to sbatch, for example --sbatch=--mem=64G; repeat it for more");
  add("max-requeues", po::value<int>()->default_value(20)->value_name("N"),
      "how often the job may requeue itself when its time was too short");
  add("report", "also submit a job that writes FOLDER/report.txt when the sweep is done");
  add("force", "submit even if the forecast says that the time is too short");
  add("dry-run", "show everything, but write and submit nothing");
  add_passed_options(options.named);
  add_query_time_options(options.named);
  return options;
}

// What the plan says of the job; of an array, of its first part, which is as large as any.
struct JobForecast {
  double seconds = 0.0;           // simulated wall time; 0: not known
  std::int64_t num_requeues = 0;  // starts beyond the first
  int num_workers = 1;
  int num_idle = 0;  // workers that never get a work item
};

JobForecast forecast(const SweepPlan& plan, const JobRequest& request, const QueryTime& time) {
  const Shard first{.index = 0, .count = std::max(request.num_parts, 1)};
  const SweepPlan part = take_shard(plan, first);
  PlanReport report = look_at(part, time);
  if (!time.is_known()) {
    for (SettingFigures& setting : report.settings) setting.seconds_per_query = 1.0;
  }
  JobForecast shown{.num_workers = num_workers_of(request.num_nodes * request.ranks_per_node)};
  const SimulatedRun run = Simulator(report, {}).run(shown.num_workers);
  shown.num_idle = run.num_unused;
  if (!time.is_known()) return shown;
  shown.seconds = run.wall_seconds;
  shown.num_requeues = num_requeues(run.wall_seconds, request.time_limit);
  return shown;
}

std::string wall_time_text(const JobForecast& shown, const JobRequest& request) {
  if (shown.seconds <= 0.0) {
    return "unknown; --seconds-per-query S or --measure forecasts it";
  }
  const std::string about = "about " + format_duration(shown.seconds);
  if (shown.num_requeues == 0) return about + ", within the limit";
  return about + fmt::format(": {}, {} allowed", plural(shown.num_requeues, "requeue"),
                             request.max_requeues);
}

void show(const JobRequest& request, std::size_t num_trials, const JobForecast& shown) {
  std::cout << fmt::format("sweep      {}: {}\n", request.name,
                           plural(static_cast<std::int64_t>(num_trials), "trial"))
            << fmt::format("job        {}{} x {}: one master, {}; {}\n",
                           request.num_parts > 0 ? plural(request.num_parts, "part") + " of "
                                                 : std::string(),
                           plural(request.num_nodes, "node"),
                           plural(request.ranks_per_node, "rank"),
                           plural(shown.num_workers, "worker"), slurm_time(request.time_limit))
            << "wall time  " << wall_time_text(shown, request) << '\n';
  if (shown.num_idle > 0) {
    std::cout << fmt::format(
        "idle       {} of {} never get work; use fewer ranks (see bbprompt plan)\n", shown.num_idle,
        plural(shown.num_workers, "worker"));
  }
}

void check_forecast(const JobRequest& request, const JobForecast& shown) {
  if (usable_seconds(request.time_limit) < 60) {
    throw UsageError("--time: expected at least 4m, found " + slurm_time(request.time_limit) +
                     ": the job stops up to three minutes before its end. Give more time, or "
                     "--force");
  }
  if (shown.num_requeues > request.max_requeues) {
    throw UsageError(fmt::format(
        "expected at most {} (--max-requeues), the forecast has about {}; give a longer --time, "
        "more --nodes, a higher --max-requeues, or --force",
        plural(request.max_requeues, "requeue"), shown.num_requeues));
  }
}

fs::path last_job_file(const JobRequest& request) { return job_folder(request) + "/last_job"; }

bool begins_with_any(const std::string& option, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return option.starts_with(start); });
}

// The person has said what this job waits for.
bool is_chained(const JobRequest& request) {
  return std::any_of(request.options.begin(), request.options.end(), [](const std::string& option) {
    return begins_with_any(option, {"--dependency", "-d"});
  });
}

std::string note_on_gpus(const JobRequest& request, const SweepPlan& plan) {
  const bool is_asked =
      std::any_of(request.options.begin(), request.options.end(), [](const std::string& option) {
        return begins_with_any(option, {"--gpus", "--gres=gpu", "-G"});
      });
  if (!is_asked || is_any(plan, ModelKind::kServer)) return {};
  return "note       nothing in this job uses a GPU: bbprompt computes its model on the processor. "
         "A "
         "model server on the GPU does (configs/servers)\n";
}

// The number of the folder's last job, while Slurm has it waiting or running; else empty.
std::string job_of_folder(const JobRequest& request) {
  std::ifstream file(last_job_file(request));
  std::string job;
  if (!std::getline(file, job) || job.empty() ||
      job.find_first_not_of("0123456789") != std::string::npos)
    return {};
  const auto told = run_program({"squeue", "--noheader", "--format=%i", "--jobs=" + job});
  return told && told->exit_code == 0 && !told->output.empty() ? job : std::string();
}

// Two jobs of one folder would be in each other's way: the second fails when it begins.
void check_nobody_runs(const JobRequest& request) {
  constexpr const char* kAdvice =
      "; wait for it or cancel it. To have this job begin when that one has ended, give "
      "--sbatch=--dependency=afterany:";
  for (const std::string& folder : run_folders(request)) {
    const std::string holder = living_run(fs::path(folder) / "lock", RunLockOptions().lost_seconds);
    if (!holder.empty() && !is_chained(request))
      throw UsageError("--out " + folder + ": a run is going on there, " + holder + kAdvice +
                       "JOB");
  }
  const std::string job = job_of_folder(request);
  if (!job.empty() && !is_chained(request)) {
    throw UsageError("--out " + request.out + ": its job " + job + " waits or runs" + kAdvice +
                     job);
  }
}

// What the runs would refuse hours later.
void check_run_folders(const JobRequest& request, const SweepPlan& plan) {
  const std::vector<std::string> folders = run_folders(request);
  const int count = static_cast<int>(folders.size());
  for (int part = 0; part < count; ++part) {
    const std::string& folder = folders[static_cast<std::size_t>(part)];
    if (!fs::exists(folder)) continue;
    (void)check_run_folder(folder,
                           count > 1 ? take_shard(plan, {.index = part, .count = count}) : plan);
  }
}

std::string submit(const std::vector<std::string>& command) {
  const auto told = run_program(command);
  if (!told) {
    throw Error(
        "expected the program sbatch, found none; submit on a login node of the cluster (a module "
        "may be needed), or use --dry-run");
  }
  if (told->exit_code != 0) {
    throw Error("sbatch ended with code " + std::to_string(told->exit_code) + ": " +
                shell_line(command));
  }
  return told->output.substr(0, told->output.find_first_of(";\n"));  // "123;cluster"
}

std::string command_file(const JobRequest& request) {
  return "#!/bin/bash\n# Submits this job again; the run resumes.\n" +
         shell_line(sweep_job(request)) + '\n';
}

std::string first_lines(std::string_view text) {
  return std::string(text.substr(0, text.find('\n', text.find('\n') + 1)));
}

// A script of an earlier submission begins with the same comment.
void replace_script(const fs::path& file, std::string_view script) {
  if (fs::exists(file) && first_lines(read_regular_file(file)) != first_lines(script)) {
    throw StoreError(file.string(),
                     "not a script of bbprompt submit, which would write over it; choose another "
                     "folder with --out, or move the file away");
  }
  replace_file(file, script);
}

void write_files(const JobRequest& request) {
  const fs::path folder = job_folder(request);
  std::error_code status;
  fs::create_directories(folder, status);
  if (status) throw StoreError(folder.string(), "cannot create: " + status.message());
  replace_script(folder / "sweep.sh", sweep_script());
  replace_script(folder / "report.sh", report_script());
  replace_script(folder / "submit.sh", command_file(request));
  fs::permissions(folder / "submit.sh", fs::perms::owner_exec, fs::perm_options::add, status);
}

void show_dry_run(const JobRequest& request, const po::variables_map& values) {
  std::cout << "submits    " << shell_line(sweep_job(request)) << '\n';
  if (values.count("report") > 0) {
    std::cout << "and then   " << shell_line(report_job(request, "JOB")) << '\n';
  }
  std::cout << "\n# " << job_folder(request) << "/sweep.sh\n" << sweep_script();
}

}  // namespace

int submit_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, submit_options(), values)) return kExitDone;
  const SweepDocument document = load_document(values);
  const SweepPlan plan = plan_of(document, values);
  const JobRequest request = read_request(values, plan);
  check_nobody_runs(request);
  check_run_folders(request, plan);
  const JobForecast shown = forecast(plan, request, query_time(values));
  show(request, plan.trials.size(), shown);
  std::cout << note_on_gpus(request, plan) << note_on_followers(document);
  if (values.count("force") == 0) check_forecast(request, shown);
  if (values.count("dry-run") > 0) {
    show_dry_run(request, values);
    return kExitDone;
  }
  write_files(request);
  const std::string job = submit(sweep_job(request));
  replace_file(last_job_file(request), job + '\n');
  std::cout << "submitted  job " << job << "; progress: bbprompt status " << request.out
            << "; logs: " << job_folder(request) << '\n';
  if (values.count("report") > 0) {
    std::cout << "submitted  job " << submit(report_job(request, job))
              << ", which writes the report to " << request.out << "/report.txt\n";
  }
  return kExitDone;
}

}  // namespace bbprompt
