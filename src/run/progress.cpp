#include "bbprompt/run/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

using nlohmann::ordered_json;

ordered_json number_or_null(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double number(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? kNaN : found->get<double>();
}

// Larger than any run's; a million of them still have a sum.
constexpr double kMostCount = 1e12;

// Files come from elsewhere too: what is no count must not be summed up.
std::int64_t count_of(const nlohmann::json& value, const char* name) {
  const double number = value.get<double>();
  if (value.is_number_integer() && number >= 0.0 && number <= kMostCount)
    return value.get<std::int64_t>();
  throw Error(std::string(name) + ": expected a count from 0 to 1e12, found " +
              printable(value.dump()));
}

std::int64_t count_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? 0 : count_of(*found, name);
}

std::string text_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::string() : found->get<std::string>();
}

// An object that leaves out what its reader takes for granted.
class LeanObject {
 public:
  explicit LeanObject(ordered_json start) : json_(std::move(start)) {}
  LeanObject& add(const char* name, std::int64_t value) {
    if (value != 0) json_[name] = value;
    return *this;
  }
  LeanObject& add(const char* name, double value) {
    if (std::isfinite(value)) json_[name] = value;
    return *this;
  }
  LeanObject& add(const char* name, const std::string& value) {
    if (!value.empty()) json_[name] = value;
    return *this;
  }
  [[nodiscard]] std::string line() const {
    return json_.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }

 private:
  ordered_json json_;
};

std::string to_line(const TrialProgress& trial) {
  LeanObject object({{"id", trial.id}, {"state", to_string(trial.state)}});
  object.add("generations_planned", trial.num_generations_planned)
      .add("queries_planned", trial.num_queries_planned);
  if (trial.state == TrialStanding::kWaiting) return object.line();
  return object.add("generations", trial.num_generations)
      .add("evaluations", trial.num_evaluations)
      .add("queries", trial.num_queries)
      .add("fitness", trial.incumbent_fitness)
      .add("dev_metric", trial.dev_metric)
      .add("test_metric", trial.test_metric)
      .add("failure", trial.failure)
      .line();
}

std::string to_line(const WorkerProgress& worker) {
  return LeanObject({{"rank", worker.rank}, {"state", to_string(worker.state)}})
      .add("items", worker.num_items)
      .add("failed", worker.num_failed)
      .add("queries", worker.num_queries)
      .add("seconds", worker.seconds)
      .line();
}

std::string to_line(const FailureProgress& failure) {
  return LeanObject({{"reason", failure.reason}, {"count", failure.count}, {"rank", failure.rank}})
      .line();
}

// ,\n"NAME": [ with a line for each entry.
template <typename Entry>
std::string to_array(const char* name, const std::vector<Entry>& entries) {
  std::string text = std::string(",\n \"") + name + "\": [";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    text += i == 0 ? "\n  " : ",\n  ";
    text += to_line(entries[i]);
  }
  return text + "]";
}

template <NamedEnum Enum>
Enum state_in(const nlohmann::json& object) {
  const auto name = object.at("state").get<std::string>();
  const auto state = from_string<Enum>(name);
  if (!state) {
    throw Error("state: expected one of " + listed_names<Enum>() + ", found \"" + printable(name) +
                "\"");
  }
  return *state;
}

TrialProgress trial_from_json(const nlohmann::json& json) {
  return {.id = json.at("id").get<std::string>(),
          .state = state_in<TrialStanding>(json),
          .num_generations = count_in(json, "generations"),
          .num_generations_planned = count_in(json, "generations_planned"),
          .num_evaluations = count_in(json, "evaluations"),
          .num_queries = count_in(json, "queries"),
          .num_queries_planned = count_in(json, "queries_planned"),
          .incumbent_fitness = number(json, "fitness"),
          .dev_metric = number(json, "dev_metric"),
          .test_metric = number(json, "test_metric"),
          .failure = text_in(json, "failure")};
}

WorkerProgress worker_from_json(const nlohmann::json& json) {
  const double seconds = number(json, "seconds");
  return {.rank = json.at("rank").get<int>(),
          .state = state_in<WorkerState>(json),
          .num_items = count_in(json, "items"),
          .num_failed = count_in(json, "failed"),
          .num_queries = count_in(json, "queries"),
          .seconds = std::isfinite(seconds) ? seconds : 0.0};
}

void read_lists(const nlohmann::json& json, RunProgress& progress) {
  for (const auto& trial : json.at("trials")) progress.trials.push_back(trial_from_json(trial));
  // Files of older versions lack these.
  for (const auto& worker : json.value("ranks", nlohmann::json::array())) {
    progress.workers.push_back(worker_from_json(worker));
  }
  for (const auto& failure : json.value("failures", nlohmann::json::array())) {
    progress.failures.push_back({.reason = failure.at("reason").get<std::string>(),
                                 .count = count_of(failure.at("count"), "count"),
                                 .rank = failure.at("rank").get<int>()});
  }
}

}  // namespace

std::span<const EnumName<RunState>> enum_names(RunState) {
  static constexpr std::array kNames{
      EnumName{RunState::kRunning, "running"}, EnumName{RunState::kStopped, "stopped"},
      EnumName{RunState::kDone, "done"}, EnumName{RunState::kFailed, "failed"}};
  return kNames;
}

std::span<const EnumName<TrialStanding>> enum_names(TrialStanding) {
  static constexpr std::array kNames{
      EnumName{TrialStanding::kWaiting, "waiting"}, EnumName{TrialStanding::kRunning, "running"},
      EnumName{TrialStanding::kDone, "done"}, EnumName{TrialStanding::kFailed, "failed"}};
  return kNames;
}

std::span<const EnumName<WorkerState>> enum_names(WorkerState) {
  static constexpr std::array kNames{EnumName{WorkerState::kWorking, "working"},
                                     EnumName{WorkerState::kHung, "hung"},
                                     EnumName{WorkerState::kLost, "lost"}};
  return kNames;
}

TrialStanding standing_of(TrialState state) {
  switch (state) {
    case TrialState::kRunning:
      return TrialStanding::kRunning;
    case TrialState::kDone:
      return TrialStanding::kDone;
    case TrialState::kFailed:
      return TrialStanding::kFailed;
  }
  throw Error("unknown state of a trial");
}

double WorkerProgress::queries_per_second() const {
  return num_queries > 0 && seconds > 0.0 ? static_cast<double>(num_queries) / seconds : kNaN;
}

std::int64_t RunProgress::count(TrialStanding phase) const {
  return std::count_if(trials.begin(), trials.end(),
                       [&](const TrialProgress& trial) { return trial.state == phase; });
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
                       {"state", to_string(progress.state)},
                       {"reason", progress.reason},
                       {"started_by", progress.started_by},
                       {"host", progress.host},
                       {"process_id", progress.process_id},
                       {"workers", progress.num_workers},
                       {"seconds", progress.seconds},
                       {"queries_per_second", progress.queries_per_second},
                       {"seconds_left", number_or_null(progress.seconds_left)},
                       {"updated", progress.updated},
                       {"retried", progress.num_retried},
                       {"given_up", progress.num_given_up}};
  for (const char* name : {"reason", "started_by"}) {
    if (json[name].get_ref<const std::string&>().empty()) json.erase(name);
  }
  std::string text = json.dump(1, ' ', false, ordered_json::error_handler_t::replace);
  text.erase(text.rfind('\n'));  // the closing brace: lists follow
  text += to_array("failures", progress.failures) + to_array("ranks", progress.workers) +
          to_array("trials", progress.trials) + "\n}\n";
  replace_file(path, text);
}

RunProgress read_progress(const std::filesystem::path& path) {
  try {
    const auto json = parse_json(read_regular_file(path));
    RunProgress progress{.name = json.at("name").get<std::string>(),
                         .state = state_in<RunState>(json),
                         .reason = text_in(json, "reason"),
                         .started_by = text_in(json, "started_by"),
                         .host = json.at("host").get<std::string>(),
                         .process_id = count_of(json.at("process_id"), "process_id"),
                         .num_workers = json.at("workers").get<int>(),
                         .seconds = number(json, "seconds"),
                         .queries_per_second = number(json, "queries_per_second"),
                         .seconds_left = number(json, "seconds_left"),
                         .updated = count_of(json.at("updated"), "updated"),
                         .num_retried = count_in(json, "retried"),
                         .num_given_up = count_in(json, "given_up"),
                         .failures = {},
                         .workers = {},
                         .trials = {}};
    read_lists(json, progress);
    return progress;
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& error) {
    throw StoreError(path.string(), std::string("not a status file of bbprompt: ") + error.what());
  }
}

}  // namespace bbprompt
