#include <algorithm>
#include <cmath>
#include <limits>

#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/task/metric.hpp"
#include "run/points.hpp"

namespace bbprompt {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Points that the final shares of candidates per position are counted over.
constexpr Eigen::Index kNumPositionSamples = 2000;

bool is_better(const SplitEvaluation& dev, const SplitEvaluation& best, SelectionRule rule) {
  switch (rule) {
    case SelectionRule::kLast:
      return true;
    case SelectionRule::kDevLoss:
      return dev.loss < best.loss || (dev.loss == best.loss && dev.metric > best.metric);
    case SelectionRule::kDevBest:
      break;
  }
  return dev.metric > best.metric || (dev.metric == best.metric && dev.loss < best.loss);
}

}  // namespace

void TrialRun::absorb(const EvaluationGroup& group, double seconds) {
  record_.seconds = seconds;
  if (phase_ == Phase::kFinal) {
    absorb_final(group);
    return;
  }
  absorb_selection(group);
  if (phase_ == Phase::kSearch) absorb_generation(group, seconds);
  if (phase_ == Phase::kSelection && record_.best.splits.empty()) {
    fail("no candidate could be scored on the dev split");
  }
}

void TrialRun::count(const std::string& purpose, const MemberOutcome& outcome) {
  UsageRecord& usage = record_.usage[purpose];
  ++usage.num_evaluations;
  usage.num_queries += outcome.usage.num_queries;
  usage.num_calls += outcome.usage.num_calls;
  usage.num_tokens += outcome.usage.num_tokens;
  usage.num_truncated += outcome.usage.num_truncated;
  if (outcome.is_failed) ++usage.num_failed;
}

Eigen::VectorXd TrialRun::offsets(const Eigen::VectorXd& label_means) const {
  if (context_.is_calibrated()) return label_means;
  return Eigen::VectorXd::Zero(static_cast<Eigen::Index>(record_.labels.size()));
}

SplitEvaluation TrialRun::evaluation(Split split, const MemberOutcome& outcome,
                                     const Eigen::VectorXd& label_means) const {
  const auto& gold = record_.gold.at(to_string(split));
  const SplitScore score =
      score_split(outcome.label_scores, gold, context_.objective(), offsets(label_means));
  const auto confusion =
      count_confusion(gold, score.predicted, static_cast<int>(record_.labels.size()));
  return {.metric = metric_value(context_.spec().task.metric, confusion),
          .accuracy = metric_value(MetricKind::kAccuracy, confusion),
          .loss = score.loss,
          .predicted = score.predicted};
}

void TrialRun::absorb_selection(const EvaluationGroup& group) {
  for (std::size_t i = 0; i < plan_.dev.size(); ++i) {
    Selection& waiting = selection_[i];
    const MemberOutcome outcome = group.outcome(static_cast<std::size_t>(plan_.dev[i]));
    count("dev", outcome);
    bool is_failed = outcome.is_failed;
    if (plan_.calibration[i] >= 0) {
      const auto train = group.outcome(static_cast<std::size_t>(plan_.calibration[i]));
      count("dev", train);
      is_failed = is_failed || train.is_failed;
      if (!train.is_failed) waiting.label_means = label_means(train.label_scores);
    }
    if (!is_failed) consider(waiting, evaluation(Split::kDev, outcome, waiting.label_means));
  }
  selection_.clear();
}

void TrialRun::consider(const Selection& selection, const SplitEvaluation& dev) {
  const auto best = record_.best.splits.find("dev");
  const SelectionRule rule = context_.spec().selection.rule;
  if (best != record_.best.splits.end() && !is_better(dev, best->second, rule)) return;
  // A copy of the point: what is tested at the end is what was selected here.
  record_.best = {.prompt = context_.describe(selection.point),
                  .generation = selection.generation,
                  .fitness = selection.fitness,
                  .splits = {{"dev", dev}}};
}

// Loss and label means of a candidate on train; an infinite loss where it failed.
EvaluationCache::Entry TrialRun::candidate_entry(const EvaluationGroup& group,
                                                 std::size_t candidate) {
  const std::string& prompt = plan_.prompts[candidate];
  if (const auto* cached = prompt.empty() ? nullptr : cache_.find(prompt)) {
    UsageRecord& usage = record_.usage["search"];
    ++usage.num_evaluations;
    ++usage.num_cached;
    return *cached;
  }
  const auto outcome = group.outcome(static_cast<std::size_t>(plan_.candidates[candidate]));
  count("search", outcome);
  if (outcome.is_failed)
    return {.loss = std::numeric_limits<double>::infinity(), .label_means = {}};
  EvaluationCache::Entry entry;
  entry.label_means = label_means(outcome.label_scores);
  entry.loss = score_split(outcome.label_scores, record_.gold.at("train"), context_.objective(),
                           offsets(entry.label_means))
                   .loss;
  if (!prompt.empty()) cache_.insert(prompt, entry);
  return entry;
}

void TrialRun::absorb_generation(const EvaluationGroup& group, double seconds) {
  Eigen::VectorXd fitness(population_.candidates.cols());
  std::vector<Eigen::VectorXd> means;
  for (Eigen::Index i = 0; i < fitness.size(); ++i) {
    auto entry = candidate_entry(group, static_cast<std::size_t>(i));
    fitness(i) = entry.loss;
    means.push_back(std::move(entry.label_means));
  }
  if (fitness.array().isInf().all()) {
    const auto first = static_cast<std::size_t>(plan_.candidates.front());
    fail("every evaluation of generation " + std::to_string(population_.generation) +
         " failed; the first: " + group.outcome(first).error);
    return;
  }
  optimizer_->tell(fitness);
  update_incumbent(fitness, means);
  record_generation(fitness, seconds);
  const auto num_done = static_cast<std::int64_t>(record_.generations.size());
  if (num_done % context_.spec().selection.every == 0) queue_selection();
}

void TrialRun::record_generation(const Eigen::VectorXd& fitness, double seconds) {
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
}

void TrialRun::update_incumbent(const Eigen::VectorXd& fitness,
                                const std::vector<Eigen::VectorXd>& label_means) {
  for (Eigen::Index i = 0; i < fitness.size(); ++i) {
    if (fitness(i) < incumbent_fitness_) {
      incumbent_fitness_ = fitness(i);
      incumbent_ = to_vector(population_.candidates.col(i));
      incumbent_label_means_ = label_means[static_cast<std::size_t>(i)];
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
  const bool is_last_rule = context_.spec().selection.rule == SelectionRule::kLast;
  const auto generation = record_.generations.back().generation;
  if (!is_last_rule && is_incumbent_new()) {
    queue({.point = incumbent_,
           .fitness = incumbent_fitness_,
           .generation = generation,
           .label_means = incumbent_label_means_});
  }
  queue({.point = to_vector(optimizer_->favourite()),
         .fitness = kNaN,
         .generation = generation,
         .label_means = {}});
}

// A discrete prompt that dev has judged cannot become better than it was; the rule that takes the
// last one needs it all the same.
void TrialRun::queue(Selection selection) {
  const std::string prompt = context_.prompt_key(selection.point);
  const bool is_new = prompt.empty() || dev_prompts_.insert(prompt).second;
  if (!is_new && context_.spec().selection.rule != SelectionRule::kLast) {
    ++record_.usage["dev"].num_evaluations;
    ++record_.usage["dev"].num_cached;
    return;
  }
  if (const auto* cached = prompt.empty() ? nullptr : cache_.find(prompt)) {
    selection.label_means = cached->label_means;
  }
  selection_.push_back(std::move(selection));
}

void TrialRun::absorb_final(const EvaluationGroup& group) {
  std::vector<MemberOutcome> outcomes;
  for (std::size_t i = 0; i < group.size(); ++i) {
    outcomes.push_back(group.outcome(i));
    count("test", outcomes.back());
    if (outcomes.back().is_failed) {
      fail("the final evaluation failed: " + outcomes.back().error);
      return;
    }
  }
  const auto fill = [&](ScoredPrompt& scored, std::vector<Split> splits, std::size_t first) {
    const Eigen::VectorXd means = label_means(outcomes[first].label_scores);
    for (std::size_t i = 0; i < splits.size(); ++i) {
      scored.splits[to_string(splits[i])] = evaluation(splits[i], outcomes[first + i], means);
    }
    scored.fitness = scored.splits["train"].loss;
  };
  fill(record_.best, {Split::kTrain, Split::kTest}, 0);
  if (context_.spec().is_manual_scored) {
    record_.manual.prompt = context_.describe_manual();
    fill(record_.manual, {Split::kTrain, Split::kDev, Split::kTest}, 2);
  }
  const std::int64_t truncated = num_truncated(record_);
  if (truncated > 0) record_.notes.push_back(truncation_note(truncated));
  record_.state = TrialState::kDone;
}

void TrialRun::record_positions() {
  const PromptSpace& space = context_.prompt_space();
  record_.candidate_texts = space.candidate_texts();
  if (record_.candidate_texts.empty()) return;
  const auto num_candidates = static_cast<Eigen::Index>(record_.candidate_texts.size());
  const Eigen::MatrixXd points = optimizer_->sample(kNumPositionSamples);
  const auto num_positions = space.choices(to_vector(points.col(0))).size();
  record_.position_shares.setZero(static_cast<Eigen::Index>(num_positions), num_candidates);
  for (Eigen::Index i = 0; i < points.cols(); ++i) {
    const std::vector<int> choices = space.choices(to_vector(points.col(i)));
    for (std::size_t position = 0; position < choices.size(); ++position) {
      record_.position_shares(static_cast<Eigen::Index>(position), choices[position]) +=
          1.0 / static_cast<double>(points.cols());
    }
  }
}

}  // namespace bbprompt
