#include "bbprompt/run/trial_run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/task/metric.hpp"

namespace bbprompt {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Everything that decides a trial's results: settings, weights and vocabulary, data and draw.
std::string trial_hash(const std::string& resolved_yaml, const TrialContext& context) {
  return sha256_hex(resolved_yaml + '\n' + context.model_info().fingerprint + '\n' +
                    context.data_fingerprint());
}

std::vector<double> to_vector(const Eigen::VectorXd& point) {
  return {point.data(), point.data() + point.size()};
}

}  // namespace

TrialRun::TrialRun(const Identity& identity, const TrialContext& context)
    : context_(context), incumbent_fitness_(std::numeric_limits<double>::infinity()) {
  const ExperimentSpec& spec = context.spec();
  optimizer_ = make_optimizer(spec.optimizer, context.prompt_space().domain(), {.seed = spec.seed});
  record_.id = identity.id;
  record_.method = identity.method;
  record_.config = identity.resolved_yaml;
  record_.config_hash = trial_hash(identity.resolved_yaml, context);
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
  if (const auto end = search_end()) {
    throw ConfigError({.file = spec.task.name, .key = "budget"},
                      "does not pay for one generation of " +
                          std::to_string(optimizer_->population_size()) + " candidates on " +
                          std::to_string(num_examples(Split::kTrain)) + " train examples");
  }
}

std::int64_t TrialRun::num_examples(Split split) const {
  return static_cast<std::int64_t>(context_.examples(split).size());
}

EvaluationGroup::Member TrialRun::member(Split split, std::vector<double> point) const {
  return {.split = split,
          .point = std::move(point),
          .is_manual = false,
          .num_examples = num_examples(split)};
}

EvaluationGroup::Member TrialRun::manual_member(Split split) const {
  return {.split = split, .point = {}, .is_manual = true, .num_examples = num_examples(split)};
}

std::int64_t TrialRun::num_generations_planned() const {
  const BudgetOptions& budget = context_.spec().budget;
  const std::int64_t size = optimizer_->population_size();
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  if (budget.evaluations > 0) limit = budget.evaluations / size;
  if (budget.queries > 0)
    limit = std::min(limit, budget.queries / (size * num_examples(Split::kTrain)));
  return limit;
}

std::optional<std::string> TrialRun::search_end() const {
  if (const auto reason = optimizer_->stop_reason()) return to_string(*reason);
  const auto done = static_cast<std::int64_t>(record_.generations.size());
  if (done >= num_generations_planned()) return "budget";
  return std::nullopt;
}

EvaluationGroup TrialRun::next_group() {
  std::vector<EvaluationGroup::Member> members;
  const auto end = search_end();
  if (!end) {
    phase_ = Phase::kSearch;
    population_ = optimizer_->ask();
    for (Eigen::Index i = 0; i < population_.candidates.cols(); ++i) {
      members.push_back(member(Split::kTrain, to_vector(population_.candidates.col(i))));
    }
  } else {
    record_.stop_reason = *end;
    phase_ = selection_.empty() ? Phase::kFinal : Phase::kSelection;
  }
  for (const Selection& waiting : selection_) members.push_back(member(Split::kDev, waiting.point));
  if (phase_ == Phase::kFinal) {
    const auto& best = record_.best.prompt.point;
    members = {member(Split::kTrain, best), member(Split::kTest, best),
               manual_member(Split::kTrain), manual_member(Split::kDev),
               manual_member(Split::kTest)};
  }
  return {std::move(members), context_.spec().shard_size};
}

void TrialRun::absorb(const EvaluationGroup& group, double seconds) {
  record_.seconds = seconds;
  const auto num_candidates = static_cast<std::size_t>(population_.candidates.cols());
  switch (phase_) {
    case Phase::kSearch:
      absorb_selection(group, num_candidates);
      absorb_generation(group, seconds);
      break;
    case Phase::kSelection:
      absorb_selection(group, 0);
      break;
    case Phase::kFinal:
      absorb_final(group);
      break;
  }
  if (phase_ == Phase::kSelection && record_.best.generation < 0) {
    fail("no candidate could be scored on the dev split");
  }
}

void TrialRun::count(const std::string& purpose, const MemberOutcome& outcome) {
  UsageRecord& usage = record_.usage[purpose];
  ++usage.num_evaluations;
  usage.num_queries += outcome.num_queries;
  usage.num_tokens += outcome.num_tokens;
  usage.num_truncated += outcome.num_truncated;
  if (outcome.is_failed) ++usage.num_failed;
}

SplitEvaluation TrialRun::evaluation(Split split, const MemberOutcome& outcome) const {
  const auto confusion = count_confusion(record_.gold.at(to_string(split)), outcome.predicted,
                                         static_cast<int>(record_.labels.size()));
  return {.metric = metric_value(context_.spec().task.metric, confusion),
          .accuracy = metric_value(MetricKind::kAccuracy, confusion),
          .loss = outcome.loss,
          .predicted = outcome.predicted};
}

void TrialRun::absorb_selection(const EvaluationGroup& group, std::size_t first) {
  for (std::size_t i = 0; i < selection_.size(); ++i) {
    const MemberOutcome outcome = group.outcome(first + i);
    count("dev", outcome);
    if (outcome.is_failed) continue;
    const SplitEvaluation dev = evaluation(Split::kDev, outcome);
    const auto best = record_.best.splits.find("dev");
    const bool is_better = best == record_.best.splits.end() || dev.metric > best->second.metric ||
                           (dev.metric == best->second.metric && dev.loss < best->second.loss);
    if (!is_better) continue;
    // A copy of the point: what is tested at the end is what was selected here.
    record_.best = {.prompt = context_.describe(selection_[i].point),
                    .generation = selection_[i].generation,
                    .fitness = selection_[i].fitness,
                    .splits = {{"dev", dev}}};
  }
  selection_.clear();
}

void TrialRun::absorb_generation(const EvaluationGroup& group, double seconds) {
  Eigen::VectorXd fitness(population_.candidates.cols());
  bool is_all_failed = true;
  std::string error;
  for (Eigen::Index i = 0; i < fitness.size(); ++i) {
    const MemberOutcome outcome = group.outcome(static_cast<std::size_t>(i));
    count("search", outcome);
    fitness(i) = outcome.loss;
    is_all_failed = is_all_failed && outcome.is_failed;
    if (outcome.is_failed && error.empty()) error = outcome.error;
  }
  if (is_all_failed) {
    fail("every evaluation of generation " + std::to_string(population_.generation) +
         " failed; the first: " + error);
    return;
  }
  optimizer_->tell(fitness);
  update_incumbent(fitness);

  std::vector<double> sorted = to_vector(fitness);
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  const OptimizerStatistics statistics = optimizer_->statistics();
  const auto dev = record_.best.splits.find("dev");
  const bool has_dev = dev != record_.best.splits.end();
  record_.generations.push_back({
      .generation = population_.generation,
      .num_evaluations = record_.usage["search"].num_evaluations,
      .num_queries = record_.usage["search"].num_queries,
      .best_fitness = sorted.front(),
      .median_fitness =
          sorted.size() % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]),
      .worst_fitness = sorted.back(),
      .incumbent_fitness = incumbent_fitness_,
      .sigma = statistics.sigma,
      .axis_ratio = statistics.axis_ratio,
      .dev_metric = has_dev ? dev->second.metric : kNaN,
      .dev_loss = has_dev ? dev->second.loss : kNaN,
      .seconds = seconds,
  });
  queue_selection();
}

void TrialRun::update_incumbent(const Eigen::VectorXd& fitness) {
  for (Eigen::Index i = 0; i < fitness.size(); ++i) {
    if (fitness(i) < incumbent_fitness_) {
      incumbent_fitness_ = fitness(i);
      incumbent_ = to_vector(population_.candidates.col(i));
    }
  }
}

// Whether the incumbent is another one than when dev evaluations were last due.
bool TrialRun::is_incumbent_new() const {
  const auto every = context_.spec().selection.every;
  const auto generation = static_cast<std::int64_t>(record_.generations.size()) - 1;
  const auto last_due = generation / every * every - 1;
  return last_due < 0 ||
         record_.generations[static_cast<std::size_t>(last_due)].incumbent_fitness !=
             incumbent_fitness_;
}

void TrialRun::queue_selection() {
  const auto num_done = static_cast<std::int64_t>(record_.generations.size());
  if (num_done % context_.spec().selection.every != 0 && !search_end()) return;
  const auto generation = record_.generations.back().generation;
  if (is_incumbent_new()) {
    selection_.push_back(
        {.point = incumbent_, .fitness = incumbent_fitness_, .generation = generation});
  }
  selection_.push_back(
      {.point = to_vector(optimizer_->favourite()), .fitness = kNaN, .generation = generation});
}

void TrialRun::absorb_final(const EvaluationGroup& group) {
  for (std::size_t i = 0; i < group.size(); ++i) {
    const MemberOutcome outcome = group.outcome(i);
    count("test", outcome);
    if (outcome.is_failed) {
      fail("the final evaluation failed: " + outcome.error);
      return;
    }
  }
  record_.best.splits["train"] = evaluation(Split::kTrain, group.outcome(0));
  record_.best.splits["test"] = evaluation(Split::kTest, group.outcome(1));
  record_.best.fitness = record_.best.splits["train"].loss;
  record_.manual.prompt = context_.describe_manual();
  record_.manual.splits["train"] = evaluation(Split::kTrain, group.outcome(2));
  record_.manual.splits["dev"] = evaluation(Split::kDev, group.outcome(3));
  record_.manual.splits["test"] = evaluation(Split::kTest, group.outcome(4));
  record_.manual.fitness = record_.manual.splits["train"].loss;
  std::int64_t num_truncated = 0;
  for (const auto& [purpose, usage] : record_.usage) num_truncated += usage.num_truncated;
  if (num_truncated > 0) {
    record_.notes.push_back(
        std::to_string(num_truncated) +
        " queries were longer than the model takes and lost the ends of their texts");
  }
  record_.state = "done";
}

void TrialRun::stamp(const std::string& host, const std::string& started_at) {
  record_.host = host;
  record_.started_at = started_at;
}

void TrialRun::fail(const std::string& reason) {
  record_.state = "failed";
  record_.failure = reason;
}

Checkpoint TrialRun::save() const {
  Checkpoint checkpoint;
  checkpoint.record = record_;
  checkpoint.optimizer = optimizer_->save();
  checkpoint.selection_points.resize(optimizer_->dimension(),
                                     static_cast<Eigen::Index>(selection_.size()));
  for (std::size_t i = 0; i < selection_.size(); ++i) {
    checkpoint.selection_points.col(static_cast<Eigen::Index>(i)) =
        Eigen::Map<const Eigen::VectorXd>(selection_[i].point.data(), optimizer_->dimension());
    checkpoint.selection_fitness.push_back(selection_[i].fitness);
    checkpoint.selection_generation.push_back(selection_[i].generation);
  }
  if (!incumbent_.empty()) {
    checkpoint.incumbent =
        Eigen::Map<const Eigen::VectorXd>(incumbent_.data(), optimizer_->dimension());
  }
  checkpoint.incumbent_fitness = incumbent_fitness_;
  return checkpoint;
}

void TrialRun::restore(const Checkpoint& checkpoint, const std::string& file) {
  if (checkpoint.record.id != record_.id || checkpoint.record.config_hash != record_.config_hash) {
    throw StoreError(
        file, "checkpoint of trial " + checkpoint.record.id +
                  " with configuration, model and data " +
                  checkpoint.record.config_hash.substr(0, 12) + "; expected trial " + record_.id +
                  " with " + record_.config_hash.substr(0, 12) +
                  ". The model folder or the data files changed since; use another output folder");
  }
  const Eigen::Index dimension = optimizer_->dimension();
  const auto& points = checkpoint.selection_points;
  const bool is_sound =
      (points.cols() == 0 || points.rows() == dimension) &&
      static_cast<std::size_t>(points.cols()) == checkpoint.selection_fitness.size() &&
      checkpoint.selection_fitness.size() == checkpoint.selection_generation.size() &&
      (checkpoint.incumbent.size() == 0 || checkpoint.incumbent.size() == dimension);
  if (!is_sound)
    throw StoreError(file, "the checkpoint's points are not of the search space's dimension");
  try {
    optimizer_->restore(checkpoint.optimizer);
  } catch (const Error& error) {
    throw StoreError(file, std::string("optimizer state cannot be restored: ") + error.what());
  }
  record_ = checkpoint.record;
  selection_.clear();
  for (Eigen::Index i = 0; i < points.cols(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    selection_.push_back({.point = to_vector(points.col(i)),
                          .fitness = checkpoint.selection_fitness[at],
                          .generation = checkpoint.selection_generation[at]});
  }
  incumbent_ = to_vector(checkpoint.incumbent);
  incumbent_fitness_ = checkpoint.incumbent_fitness;
}

std::int64_t TrialRun::num_queries_planned() const {
  const ExperimentSpec& spec = context_.spec();
  const std::int64_t generations = num_generations_planned();
  const std::int64_t search =
      generations * optimizer_->population_size() * num_examples(Split::kTrain);
  // The favourite each time, and the incumbent about every other time.
  const std::int64_t dev = generations / spec.selection.every * 3 / 2 * num_examples(Split::kDev);
  return search + dev + 2 * (num_examples(Split::kTrain) + num_examples(Split::kTest)) +
         num_examples(Split::kDev);
}

std::int64_t TrialRun::num_queries_done() const {
  std::int64_t sum = 0;
  for (const auto& [purpose, usage] : record_.usage) sum += usage.num_queries;
  return sum;
}

}  // namespace bbprompt
