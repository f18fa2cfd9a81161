#include "bbprompt/run/trial_run.hpp"

#include <iterator>
#include <limits>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/task/metric.hpp"
#include "run/dev_selection.hpp"
#include "run/group_plan.hpp"
#include "run/points.hpp"
#include "run/split_scorer.hpp"
#include "run/trial_search.hpp"

namespace bbprompt {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TrialRecord new_record(const TrialRun::Identity& identity, const TrialProblem& problem) {
  const ExperimentSpec& spec = problem.spec();
  TrialRecord record;
  record.id = identity.id;
  record.method = identity.method;
  record.config = text_of_results(identity.resolved_yaml);
  record.config_hash = record_hash(identity.resolved_yaml, problem);
  record.settings = identity.settings;
  record.task = spec.task.name;
  record.seed = spec.seed;
  record.model = problem.model_info().name;
  record.model_fingerprint = problem.model_info().fingerprint;
  record.metric = to_string(spec.task.metric);
  record.objective = to_string(spec.objective.kind);
  for (const auto& label : spec.task.labels) record.labels.push_back(label.name);
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest})
    record.gold[to_string(split)] = problem.gold(split);
  record.notes = problem.notes();
  for (const auto* purpose : {"search", "dev", "test"}) record.usage[purpose] = {};
  return record;
}

}  // namespace

std::string record_hash(const std::string& resolved_yaml, const std::string& model_fingerprint,
                        const std::string& data_fingerprint) {
  return sha256_hex(text_of_results(resolved_yaml) + '\n' + model_fingerprint + '\n' +
                    data_fingerprint);
}

std::string record_hash(const std::string& resolved_yaml, const TrialProblem& problem) {
  return record_hash(resolved_yaml, problem.model_info().fingerprint, problem.data_fingerprint());
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

// What the group that is out asks, and which of its members answers what.
struct TrialRun::OpenGroupPlan {
  Phase phase = Phase::kSearch;
  std::vector<int> dev;          // member of each point that waits for dev
  std::vector<int> calibration;  // its member on train; -1: none
};

TrialRun::TrialRun(const Identity& identity, TrialProblem& problem)
    : problem_(problem),
      record_(new_record(identity, problem)),
      scorer_(std::make_unique<SplitScorer>(problem)),
      selection_(std::make_unique<DevSelection>(problem.spec().selection.rule)),
      open_(std::make_unique<OpenGroupPlan>()) {
  const ExperimentSpec& spec = problem.spec();
  if (problem.prompt_space().fixed_points().empty()) {
    search_ = std::make_unique<TrialSearch>(problem, *scorer_);
    const SearchCost cost = search_->ask().cost;
    if (!is_within(spec.budget, {}, cost)) {
      throw ConfigError({.file = spec.task.name, .key = "budget"},
                        "does not pay for one generation, which takes " + to_string(cost));
    }
  }
  shape_ = trial_shape(spec, problem, has_search() ? search_->population_size() : 0);
  num_queries_planned_ = shape_.num_queries();
}

TrialRun::TrialRun(TrialRun&&) noexcept = default;
TrialRun::~TrialRun() = default;

std::int64_t TrialRun::num_generations() const {
  return static_cast<std::int64_t>(record_.generations.size());
}

std::int64_t TrialRun::num_queries_done() const {
  std::int64_t sum = 0;
  for (const auto& [purpose, usage] : record_.usage) sum += usage.usage.num_queries;
  return sum;
}

// ---- what to ask next

EvaluationGroup TrialRun::next_group() {
  GroupRequest request;
  const bool needs_layer_scales = problem_.needs_layer_scales();
  if (!needs_layer_scales && record_.stop_reason.empty()) request.asked = plan_search();
  for (const Nominee& nominee : selection_->waiting()) {
    request.waiting.push_back(
        {.point = nominee.point, .is_train_known = nominee.label_means.size() > 0});
  }
  request.best = record_.best.prompt.point;
  request.phase = next_phase({.needs_layer_scales = needs_layer_scales,
                              .is_search_over = !record_.stop_reason.empty(),
                              .is_any_waiting = !request.waiting.empty()});
  open_->phase = request.phase;
  GroupPlan plan = plan_group(shape_, std::move(request));
  open_->dev = std::move(plan.dev);
  open_->calibration = std::move(plan.calibration);
  return {std::move(plan.members),
          {.shard_size = shape_.shard_size, .num_labels = static_cast<int>(record_.labels.size())}};
}

// The points of the next generation; none where the search ends here.
std::vector<std::vector<double>> TrialRun::plan_search() {
  if (!has_search()) {
    begin_without_search();
    return {};
  }
  // Where both would end it, the record names the search's own reason and not the budget.
  if (const auto reason = search_->end(record_.generations)) {
    end_search(*reason);
    return {};
  }
  auto generation = search_->ask();
  // A generation is paid for as a whole or not begun, so that a budget is never overshot.
  if (is_within(problem_.spec().budget, record_.usage["search"], generation.cost))
    return std::move(generation.asked);
  end_search("budget");
  return {};
}

void TrialRun::begin_without_search() {
  record_.stop_reason = "no_search";
  for (const Eigen::VectorXd& point : problem_.prompt_space().fixed_points()) {
    const bool is_new = selection_->nominate(
        {.point = to_vector(point), .fitness = kNaN, .generation = -1, .label_means = {}}, {});
    if (!is_new) throw Error("a fixed prompt was judged before");
  }
}

void TrialRun::end_search(const std::string& reason) {
  record_.stop_reason = reason;
  // The last generations were not due for dev yet, and their best point may be the best of all.
  if (num_generations() % problem_.spec().selection.every != 0) nominate_due();
  record_.option_texts = problem_.prompt_space().option_texts();
  record_.position_shares = search_->position_shares();
  if (std::string note = flat_search_note(record_.generations); !note.empty())
    record_.notes.push_back(std::move(note));
}

// ---- what came of it

void TrialRun::absorb(const EvaluationGroup& group, double seconds) {
  record_.seconds = seconds;
  switch (open_->phase) {
    case Phase::kScaling:
      return absorb_scaling(group);
    case Phase::kSearch:
      absorb_selection(group);
      return absorb_generation(group, seconds);
    case Phase::kSelection:
      absorb_selection(group);
      if (record_.best.splits.empty()) fail("no candidate could be scored on the dev split");
      return;
    case Phase::kFinal:
      return absorb_final(group);
  }
}

// Counted with the search, whose budget of queries pays for it; no candidate is evaluated.
void TrialRun::absorb_scaling(const EvaluationGroup& group) {
  const MemberOutcome outcome = group.outcome(0);
  record_.usage["search"].usage += outcome.usage;
  if (outcome.is_failed) return fail("the model's layers could not be measured: " + outcome.error);
  problem_.set_layer_scales(group.layer_scales(0));
}

void TrialRun::absorb_selection(const EvaluationGroup& group) {
  // Until here the nominees wait: a checkpoint of the open group must have them.
  std::vector<Nominee> nominees = selection_->take_waiting();
  for (std::size_t i = 0; i < nominees.size(); ++i) {
    Nominee& nominee = nominees[i];
    const MemberOutcome dev = group.outcome(static_cast<std::size_t>(open_->dev[i]));
    dev.count_in(record_.usage["dev"]);
    bool is_failed = dev.is_failed;
    if (open_->calibration[i] >= 0) {
      const auto train = group.outcome(static_cast<std::size_t>(open_->calibration[i]));
      train.count_in(record_.usage["dev"]);
      is_failed = is_failed || train.is_failed;
      if (!train.is_failed) nominee.label_means = label_means(train.label_scores);
    }
    if (!is_failed)
      consider(nominee, scorer_->on(Split::kDev, dev.label_scores, nominee.label_means));
  }
}

void TrialRun::consider(const Nominee& nominee, const SplitEvaluation& dev) {
  const auto best = record_.best.splits.find("dev");
  if (best != record_.best.splits.end() &&
      !selection_->is_better({.train_loss = nominee.fitness, .dev = dev},
                             {.train_loss = record_.best.fitness, .dev = best->second}))
    return;
  // A copy of the point: what is tested at the end is what was selected here.
  record_.best = {.prompt = problem_.describe(nominee.point),
                  .generation = nominee.generation,
                  .fitness = nominee.fitness,
                  .splits = {{"dev", dev}}};
}

void TrialRun::absorb_generation(const EvaluationGroup& group, double seconds) {
  UsageRecord& usage = record_.usage["search"];
  // In index order, whatever the order in which members came: sums and ties have equal bits.
  if (const auto failure = search_->absorb(group, usage)) return fail(*failure);
  GenerationRecord row = search_->record(usage);
  const auto dev = record_.best.splits.find("dev");
  const bool has_dev = dev != record_.best.splits.end();
  row.dev_metric = has_dev ? dev->second.metric : kNaN;
  row.dev_loss = has_dev ? dev->second.loss : kNaN;
  row.seconds = seconds;
  record_.generations.push_back(row);
  if (num_generations() % problem_.spec().selection.every == 0) nominate_due();
}

void TrialRun::absorb_final(const EvaluationGroup& group) {
  std::vector<MemberOutcome> outcomes;
  for (std::size_t i = 0; i < group.size(); ++i) {
    outcomes.push_back(group.outcome(i));
    outcomes.back().count_in(record_.usage["test"]);
    if (outcomes.back().is_failed)
      return fail("the final evaluation failed: " + outcomes.back().error);
  }
  // The first member of each prompt is the one on train, which calibrates the others.
  const auto fill = [&](ScoredPrompt& scored, std::span<const Split> splits, std::size_t first) {
    const Eigen::VectorXd means = label_means(outcomes[first].label_scores);
    for (std::size_t i = 0; i < splits.size(); ++i) {
      scored.splits[to_string(splits[i])] =
          scorer_->on(splits[i], outcomes[first + i].label_scores, means);
    }
    scored.fitness = scored.splits["train"].loss;
  };
  fill(record_.best, kFinalSplits, 0);
  if (shape_.is_manual_scored) {
    record_.manual.prompt = problem_.describe_manual();
    fill(record_.manual, kManualSplits, std::size(kFinalSplits));
  }
  const std::int64_t truncated = num_truncated(record_);
  if (truncated > 0) record_.notes.push_back(truncation_note(truncated));
  record_.state = TrialState::kDone;
}

// ---- who goes to dev

// Whether the incumbent is another one than when dev evaluations were last due.
bool TrialRun::is_incumbent_new() const {
  const auto every = problem_.spec().selection.every;
  const auto last_due = (num_generations() - 1) / every * every - 1;
  return last_due < 0 ||
         record_.generations[static_cast<std::size_t>(last_due)].incumbent_fitness !=
             search_->incumbent().fitness();
}

void TrialRun::nominate_due() {
  const bool is_last_rule = problem_.spec().selection.rule == SelectionRule::kLast;
  const auto generation = record_.generations.back().generation;
  if (!is_last_rule && is_incumbent_new()) {
    const Incumbent& incumbent = search_->incumbent();
    nominate({.point = incumbent.point(),
              .fitness = incumbent.fitness(),
              .generation = generation,
              .label_means = incumbent.label_means()});
  }
  nominate({.point = search_->favourite(),
            .fitness = kNaN,
            .generation = generation,
            .label_means = {}});
}

void TrialRun::nominate(Nominee nominee) {
  const std::string prompt = problem_.prompt_key(nominee.point);
  // The search has scored this prompt on train already: its means calibrate dev at no query.
  if (const auto* known = search_->known_means(prompt)) nominee.label_means = *known;
  if (selection_->nominate(std::move(nominee), prompt)) return;
  ++record_.usage["dev"].num_evaluations;
  ++record_.usage["dev"].num_cached;
}

// ---- ends

bool TrialRun::is_finished() const { return record_.state != TrialState::kRunning; }

void TrialRun::stamp(const std::string& host, const std::string& started_at) {
  record_.host = host;
  record_.started_at = started_at;
}

void TrialRun::fail(const std::string& reason) {
  record_.state = TrialState::kFailed;
  record_.failure = reason;
}

void TrialRun::fail_item(Split split, const std::string& reason) {
  const bool is_search =
      open_->phase == Phase::kScaling || (open_->phase == Phase::kSearch && split == Split::kTrain);
  const char* purpose = is_search ? "search" : open_->phase == Phase::kFinal ? "test" : "dev";
  ++record_.usage[purpose].num_failed;
  fail("an evaluation failed at every attempt: " + reason);
}

}  // namespace bbprompt
