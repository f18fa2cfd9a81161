#include "bbprompt/run/trial_run.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/task/metric.hpp"
#include "run/points.hpp"

namespace bbprompt {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// So many generations in a row from the cache alone: the search has converged, and a budget of
// queries would never be spent.
constexpr std::size_t kMaxCachedGenerations = 100;

}  // namespace

std::string record_hash(const std::string& resolved_yaml, const std::string& model_fingerprint,
                        const std::string& data_fingerprint) {
  return sha256_hex(text_of_results(resolved_yaml) + '\n' + model_fingerprint + '\n' +
                    data_fingerprint);
}

std::string record_hash(const std::string& resolved_yaml, const TrialProblem& context) {
  return record_hash(resolved_yaml, context.model_info().fingerprint, context.data_fingerprint());
}

TrialRun::Identity identity_of(const TrialSpec& trial) {
  TrialRun::Identity identity{
      .id = trial.id, .method = trial.method, .resolved_yaml = trial.resolved_yaml};
  for (const auto& [key, value] : trial.axis_values) {
    identity.settings.push_back(key);
    identity.settings.back().append("=").append(value);
  }
  return identity;
}

TrialRun::TrialRun(const Identity& identity, const TrialProblem& context)
    : context_(context), incumbent_fitness_(std::numeric_limits<double>::infinity()) {
  const ExperimentSpec& spec = context.spec();
  record_.id = identity.id;
  record_.method = identity.method;
  record_.config = identity.resolved_yaml;
  record_.config_hash = record_hash(identity.resolved_yaml, context);
  record_.settings = identity.settings;
  record_.task = spec.task.name;
  record_.seed = spec.seed;
  record_.model = context.model_info().name;
  record_.model_fingerprint = context.model_info().fingerprint;
  record_.metric = to_string(spec.task.metric);
  record_.objective = to_string(spec.objective.kind);
  for (const auto& label : spec.task.labels) record_.labels.push_back(label.name);
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest}) {
    record_.gold[to_string(split)] = context.gold(split);
  }
  record_.state = "running";
  record_.notes = context.notes();
  for (const auto* purpose : {"search", "dev", "test"}) record_.usage[purpose] = {};
  if (!context.prompt_space().fixed_points().empty()) return;
  optimizer_ = make_optimizer(spec.optimizer, context.prompt_space().domain(), {.seed = spec.seed});
  const SearchCost cost = plan_generation();
  if (!is_within(spec.budget, {}, cost)) {
    throw ConfigError({.file = spec.task.name, .key = "budget"},
                      "does not pay for one generation, which takes " + to_string(cost));
  }
}

std::int64_t TrialRun::num_examples(Split split) const {
  return static_cast<std::int64_t>(context_.examples(split).size());
}

std::int64_t TrialRun::num_shards(Split split) const {
  const std::int64_t size = context_.spec().shard_size;
  return (num_examples(split) + size - 1) / size;
}

int TrialRun::add_member(Split split, const std::vector<double>& point) {
  plan_.members.push_back(
      {.split = split, .point = point, .is_manual = false, .num_examples = num_examples(split)});
  return static_cast<int>(plan_.members.size()) - 1;
}

void TrialRun::add_manual_member(Split split) {
  plan_.members.push_back(
      {.split = split, .point = {}, .is_manual = true, .num_examples = num_examples(split)});
}

bool TrialRun::is_cached_out() const {
  const auto& rows = record_.generations;
  return rows.size() > kMaxCachedGenerations &&
         rows.back().num_queries == rows[rows.size() - 1 - kMaxCachedGenerations].num_queries;
}

std::optional<std::string> TrialRun::search_end() const {
  if (const auto reason = optimizer_->stop_reason()) return to_string(*reason);
  if (is_cached_out()) return "cached";
  return std::nullopt;
}

// Asks the next generation and plans a member for each prompt that the cache does not know.
SearchCost TrialRun::plan_generation() {
  plan_ = {};
  population_ = optimizer_->ask();
  SearchCost cost;
  const bool is_counting_tokens = context_.spec().budget.tokens > 0;
  std::map<std::string, int> members;
  for (Eigen::Index i = 0; i < population_.candidates.cols(); ++i) {
    const auto point = to_vector(population_.candidates.col(i));
    const std::string prompt = context_.prompt_key(point);
    int member = -1;
    if (const auto found = members.find(prompt); !prompt.empty() && found != members.end()) {
      member = found->second;
    } else if (prompt.empty() || cache_.find(prompt) == nullptr) {
      member = add_member(Split::kTrain, point);
      if (is_counting_tokens) cost.tokens += context_.count_tokens(point, Split::kTrain);
      if (!prompt.empty()) members.emplace(prompt, member);
    }
    plan_.prompts.push_back(prompt);
    plan_.candidates.push_back(member);
  }
  const auto num_asked = static_cast<std::int64_t>(plan_.members.size());
  cost.evaluations = population_.candidates.cols();
  cost.queries = num_asked * num_examples(Split::kTrain);
  cost.calls = num_asked * num_shards(Split::kTrain);
  return cost;
}

void TrialRun::plan_selection() {
  const bool is_calibrated = context_.is_calibrated();
  for (const Selection& waiting : selection_) {
    plan_.dev.push_back(add_member(Split::kDev, waiting.point));
    const bool is_known = !is_calibrated || waiting.label_means.size() > 0;
    plan_.calibration.push_back(is_known ? -1 : add_member(Split::kTrain, waiting.point));
  }
}

void TrialRun::plan_final() {
  const auto& best = record_.best.prompt.point;
  (void)add_member(Split::kTrain, best);
  (void)add_member(Split::kTest, best);
  if (!context_.spec().is_manual_scored) return;
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest}) add_manual_member(split);
}

void TrialRun::end_search(const std::string& reason) {
  record_.stop_reason = reason;
  plan_ = {};
  const auto num_done = static_cast<std::int64_t>(record_.generations.size());
  if (num_done % context_.spec().selection.every != 0) queue_selection();
  record_positions();
}

EvaluationGroup TrialRun::next_group() {
  plan_ = {};
  if (record_.stop_reason.empty() && !has_search()) {
    record_.stop_reason = "no_search";
    for (const Eigen::VectorXd& point : context_.prompt_space().fixed_points()) {
      selection_.push_back(
          {.point = to_vector(point), .fitness = kNaN, .generation = -1, .label_means = {}});
    }
  }
  if (record_.stop_reason.empty()) {
    if (const auto end = search_end()) {
      end_search(*end);
    } else if (!is_within(context_.spec().budget, record_.usage["search"], plan_generation())) {
      end_search("budget");
    }
  }
  phase_ = record_.stop_reason.empty() ? Phase::kSearch
           : selection_.empty()        ? Phase::kFinal
                                       : Phase::kSelection;
  plan_selection();
  if (phase_ == Phase::kFinal) plan_final();
  return {std::move(plan_.members),
          {.shard_size = context_.spec().shard_size,
           .num_labels = static_cast<int>(record_.labels.size())}};
}

TrialShape TrialRun::shape() const {
  return trial_shape(context_.spec(), context_, has_search() ? optimizer_->population_size() : 0);
}

std::int64_t TrialRun::num_queries_done() const {
  std::int64_t sum = 0;
  for (const auto& [purpose, usage] : record_.usage) sum += usage.num_queries;
  return sum;
}

void TrialRun::stamp(const std::string& host, const std::string& started_at) {
  record_.host = host;
  record_.started_at = started_at;
}

void TrialRun::fail(const std::string& reason) {
  record_.state = "failed";
  record_.failure = reason;
}

void TrialRun::fail_evaluation(Split split, const std::string& reason) {
  const bool is_search = phase_ == Phase::kSearch && split == Split::kTrain;
  const char* purpose = is_search ? "search" : phase_ == Phase::kFinal ? "test" : "dev";
  ++record_.usage[purpose].num_failed;
  fail("an evaluation failed at every attempt: " + reason);
}

}  // namespace bbprompt
