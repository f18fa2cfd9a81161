#include "bbprompt/run/progress.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"

namespace bbprompt {
namespace {

using nlohmann::ordered_json;

ordered_json number_or_null(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

double number(const nlohmann::json& object, const char* name) {
  const auto& value = object.at(name);
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

ordered_json to_json(const TrialProgress& trial) {
  return {{"id", trial.id},
          {"state", trial.state},
          {"generations", trial.num_generations},
          {"generations_planned", trial.num_generations_planned},
          {"evaluations", trial.num_evaluations},
          {"queries", trial.num_queries},
          {"queries_planned", trial.num_queries_planned},
          {"fitness", number_or_null(trial.incumbent_fitness)},
          {"dev_metric", number_or_null(trial.dev_metric)},
          {"test_metric", number_or_null(trial.test_metric)},
          {"failure", trial.failure}};
}

TrialProgress trial_from_json(const nlohmann::json& json) {
  return {.id = json.at("id").get<std::string>(),
          .state = json.at("state").get<std::string>(),
          .num_generations = json.at("generations").get<std::int64_t>(),
          .num_generations_planned = json.at("generations_planned").get<std::int64_t>(),
          .num_evaluations = json.at("evaluations").get<std::int64_t>(),
          .num_queries = json.at("queries").get<std::int64_t>(),
          .num_queries_planned = json.at("queries_planned").get<std::int64_t>(),
          .incumbent_fitness = number(json, "fitness"),
          .dev_metric = number(json, "dev_metric"),
          .test_metric = number(json, "test_metric"),
          .failure = json.at("failure").get<std::string>()};
}

}  // namespace

std::int64_t RunProgress::count(const std::string& trial_state) const {
  return std::count_if(trials.begin(), trials.end(),
                       [&](const TrialProgress& trial) { return trial.state == trial_state; });
}

std::int64_t RunProgress::num_queries() const {
  return std::accumulate(
      trials.begin(), trials.end(), std::int64_t{0},
      [](std::int64_t sum, const TrialProgress& trial) { return sum + trial.num_queries; });
}

std::int64_t RunProgress::num_queries_planned() const {
  return std::accumulate(
      trials.begin(), trials.end(), std::int64_t{0},
      [](std::int64_t sum, const TrialProgress& trial) { return sum + trial.num_queries_planned; });
}

void write_progress(const std::filesystem::path& path, const RunProgress& progress) {
  ordered_json json = {{"name", progress.name},
                       {"state", progress.state},
                       {"host", progress.host},
                       {"process_id", progress.process_id},
                       {"workers", progress.num_workers},
                       {"seconds", progress.seconds},
                       {"queries_per_second", progress.queries_per_second},
                       {"seconds_left", number_or_null(progress.seconds_left)},
                       {"updated", progress.updated},
                       {"trials", ordered_json::array()}};
  for (const TrialProgress& trial : progress.trials) json["trials"].push_back(to_json(trial));
  replace_file(path, json.dump(1) + '\n');
}

RunProgress read_progress(const std::filesystem::path& path) {
  try {
    const auto json = parse_json(read_file(path));
    RunProgress progress{.name = json.at("name").get<std::string>(),
                         .state = json.at("state").get<std::string>(),
                         .host = json.at("host").get<std::string>(),
                         .process_id = json.at("process_id").get<std::int64_t>(),
                         .num_workers = json.at("workers").get<int>(),
                         .seconds = number(json, "seconds"),
                         .queries_per_second = number(json, "queries_per_second"),
                         .seconds_left = number(json, "seconds_left"),
                         .updated = json.at("updated").get<std::int64_t>(),
                         .trials = {}};
    for (const auto& trial : json.at("trials")) progress.trials.push_back(trial_from_json(trial));
    return progress;
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& error) {
    throw StoreError(path.string(), std::string("not a status file of bbprompt: ") + error.what());
  }
}

}  // namespace bbprompt
