#include "report/trial_rows.hpp"

#include <array>
#include <string>

#include "bbprompt/store/digest.hpp"
#include "report/splits.hpp"

namespace bbprompt {
namespace {

void add_split(nlohmann::ordered_json& row, const std::string& prefix,
               const SplitEvaluation* split) {
  row[prefix + "_metric"] = nullptr;
  row[prefix + "_accuracy"] = nullptr;
  row[prefix + "_loss"] = nullptr;
  if (split == nullptr) return;
  row[prefix + "_metric"] = split->metric;
  row[prefix + "_accuracy"] = split->accuracy;
  row[prefix + "_loss"] = split->loss;
}

void add_usage(nlohmann::ordered_json& row, const TrialRecord& trial, const std::string& purpose) {
  const auto found = trial.usage.find(purpose);
  const UsageRecord usage = found == trial.usage.end() ? UsageRecord{} : found->second;
  row[purpose + "_evaluations"] = usage.num_evaluations;
  for (const UsageCounter& counter : kUsageCounters)
    row[purpose + "_" + std::string(counter.name)] = usage.usage.*counter.value;
  row[purpose + "_cached"] = usage.num_cached;
  row[purpose + "_failed"] = usage.num_failed;
}

std::string joined(const std::vector<std::string>& settings) {
  std::string text;
  for (const std::string& entry : settings) text += (text.empty() ? "" : ", ") + entry;
  return text;
}

}  // namespace

nlohmann::ordered_json trial_row(const TrialRecord& trial, const std::string& run) {
  nlohmann::ordered_json row;
  row["id"] = trial.id;
  row["task"] = trial.task;
  row["method"] = trial.method;
  row["settings"] = joined(trial.settings);
  row["seed"] = trial.seed;
  row["state"] = to_string(trial.state);
  row["failure"] = trial.failure;
  row["stop_reason"] = trial.stop_reason;
  row["model"] = trial.model;
  row["objective"] = trial.objective;
  row["metric"] = trial.metric;
  add_split(row, "dev", find_split(trial.best, "dev"));
  add_split(row, "test", find_split(trial.best, "test"));
  add_split(row, "manual_test", find_split(trial.manual, "test"));
  const bool has_prompt = trial.best.prompt.kind != PromptRecord::Kind::kNone;
  row["fitness"] = has_prompt ? nlohmann::ordered_json(trial.best.fitness) : nullptr;
  row["generation"] = has_prompt ? nlohmann::ordered_json(trial.best.generation) : nullptr;
  row["generations"] = trial.generations.size();
  for (const auto* purpose : {"search", "dev", "test"}) add_usage(row, trial, purpose);
  row["prompt_kind"] = to_string(trial.best.prompt.kind);
  row["prompt"] = trial.best.prompt.text;
  row["seconds"] = trial.seconds;
  row["config_hash"] = trial.config_hash;
  row["digest"] = digest(trial);
  row["run"] = run;
  return row;
}

}  // namespace bbprompt
