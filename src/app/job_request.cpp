#include "app/job_request.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "app/child_process.hpp"
#include "app/run_arguments.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/run/deadline.hpp"

namespace bbprompt {

namespace po = boost::program_options;
namespace fs = std::filesystem;

bool is_any(const SweepPlan& plan, ModelKind kind) {
  return std::any_of(plan.trials.begin(), plan.trials.end(),
                     [&](const TrialSpec& trial) { return trial.spec.model.kind == kind; });
}

namespace {

int positive(const po::variables_map& values, const char* name) {
  const int number = values[name].as<int>();
  if (number >= 1) return number;
  throw UsageError(std::string("--") + name + ": expected at least 1, found " +
                   std::to_string(number));
}

std::vector<std::string> passed_on(const po::variables_map& values) {
  std::vector<std::string> options;
  for (const char* name : {"account", "partition", "qos"}) {
    if (values.count(name) > 0) {
      options.push_back(std::string("--") + name + "=" + values[name].as<std::string>());
    }
  }
  if (values.count("sbatch") > 0) {
    const auto more = values["sbatch"].as<std::vector<std::string>>();
    options.insert(options.end(), more.begin(), more.end());
  }
  return options;
}

// The fewest cores of the nodes that the job may come to.
int cores_by_sinfo(const po::variables_map& values) {
  std::vector<std::string> command = {"sinfo", "--noheader", "--format=%c"};
  if (values.count("partition") > 0) {
    command.push_back("--partition=" + values["partition"].as<std::string>());
  }
  int fewest = 0;
  if (const auto told = run_program(command); told && told->exit_code == 0) {
    std::istringstream lines(told->output);  // "16", or "16+" where nodes differ
    for (std::string line; std::getline(lines, line);) {
      const int cores = std::atoi(line.c_str());
      if (cores > 0) fewest = fewest == 0 ? cores : std::min(fewest, cores);
    }
  }
  if (fewest > 0) return fewest;
  throw UsageError(
      "--ntasks-per-node: expected the number of ranks on each node, best its number of cores; "
      "found none, and sinfo, which would say the number of cores, is not there or fails");
}

// Slurm takes a bare number for minutes, others take it for seconds.
std::int64_t time_limit(const po::variables_map& values) {
  if (values.count("time") == 0)
    throw UsageError("--time: expected a time limit such as 4:00:00, found nothing");
  const std::string text = values["time"].as<std::string>();
  const bool is_bare = std::all_of(text.begin(), text.end(),
                                   [](unsigned char letter) { return std::isdigit(letter) != 0; });
  if (is_bare) {
    throw UsageError("--time: expected a unit, such as " + (text.empty() ? "30" : text) +
                     "m, found \"" + text + "\"");
  }
  try {
    return parse_duration(text);
  } catch (const UsageError& error) {
    throw UsageError(std::string("--time: ") + error.what());
  }
}

std::string profile_path(const po::variables_map& values) {
  std::string path;
  if (const char* variable = std::getenv("PROFILE")) path = variable;
  if (values.count("profile") > 0) path = values["profile"].as<std::string>();
  if (path.empty() || !fs::is_regular_file(path)) {
    throw UsageError("--profile: expected your copy of jobs/slurm/profile.example, found " +
                     (path.empty() ? "nothing" : "no file \"" + path + "\""));
  }
  return fs::absolute(path).string();
}

std::string servers_path(const po::variables_map& values, const SweepPlan& plan) {
  if (values.count("with-servers") == 0) return {};
  const std::string path = values["with-servers"].as<std::string>();
  if (!fs::is_regular_file(path)) {
    throw UsageError(
        "--with-servers: expected your copy of jobs/slurm/servers.example, found no file \"" +
        path + "\"");
  }
  if (is_any(plan, ModelKind::kReplica)) {
    throw UsageError(
        "--with-servers: expected a configuration with model.kind: server, found model.kind: "
        "replica; "
        "configs/servers has examples");
  }
  return fs::absolute(path).string();
}

// A file that was named without its folder was found elsewhere.
std::string config_path(const fs::path& given, const SweepPlan& plan) {
  return fs::absolute(fs::exists(given) ? given : plan.folder / given.filename()).string();
}

}  // namespace

JobRequest read_request(const po::variables_map& values, const SweepPlan& plan) {
  if (values.count("shard") > 0) {
    throw UsageError("--shard: expected --array K instead, which makes a task of each part");
  }
  JobRequest request{.name = plan.name,
                     .config = config_path(values["file"].as<std::string>(), plan),
                     .overrides = {},
                     .out = fs::absolute(plan.output.folder).string(),
                     .profile = profile_path(values),
                     .servers = servers_path(values, plan),
                     .num_nodes = positive(values, "nodes"),
                     .time_limit = time_limit(values),
                     .max_requeues = values["max-requeues"].as<int>(),
                     .options = passed_on(values),
                     .run_options = passed_options(values)};
  if (values.count("out") > 0) {
    request.out = fs::absolute(values["out"].as<std::string>()).lexically_normal().string();
  }
  if (values.count("set") > 0) request.overrides = values["set"].as<std::vector<std::string>>();
  if (values.count("array") > 0) request.num_parts = positive(values, "array");
  request.ranks_per_node = values.count("ntasks-per-node") > 0 ? positive(values, "ntasks-per-node")
                                                               : cores_by_sinfo(values);
  if (request.num_parts > static_cast<int>(plan.trials.size())) {
    throw UsageError(fmt::format("--array: expected at most {}, the number of trials, found {}",
                                 plan.trials.size(), request.num_parts));
  }
  return request;
}

}  // namespace bbprompt
