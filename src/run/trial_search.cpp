#include "run/trial_search.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "run/points.hpp"

namespace bbprompt {
namespace {

// After this many generations in a row that the cache answered, the search has converged: a budget
// of queries would never be spent.
constexpr std::size_t kMaxCachedGenerations = 100;

// Points that the final shares of options per position are counted over.
constexpr Eigen::Index kNumPositionSamples = 2000;

double median(const std::vector<double>& sorted) {
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
}

}  // namespace

TrialSearch::TrialSearch(const TrialProblem& problem, const SplitScorer& scorer)
    : problem_(problem),
      scorer_(scorer),
      optimizer_(make_optimizer(problem.spec().optimizer, problem.prompt_space().domain(),
                                {.seed = problem.spec().seed})) {}

TrialSearch::Generation TrialSearch::ask() {
  population_ = optimizer_->ask();
  prompts_.clear();
  asked_.clear();
  Generation generation;
  const bool is_counting_tokens = problem_.spec().budget.tokens > 0;
  std::map<std::string, int> known;  // prompts of this generation
  for (Eigen::Index i = 0; i < population_.points.cols(); ++i) {
    auto point = to_vector(population_.points.col(i));
    std::string prompt = problem_.prompt_key(point);
    const auto found = known.find(prompt);
    int asked = -1;
    if (!prompt.empty() && found != known.end()) {
      asked = found->second;
    } else if (prompt.empty() || cache_.find(prompt) == nullptr) {
      asked = static_cast<int>(generation.asked.size());
      if (is_counting_tokens) generation.cost.tokens += problem_.count_tokens(point, Split::kTrain);
      if (!prompt.empty()) known.emplace(prompt, asked);
      generation.asked.push_back(std::move(point));
    }
    prompts_.push_back(std::move(prompt));
    asked_.push_back(asked);
  }
  const auto num_asked = static_cast<std::int64_t>(generation.asked.size());
  const auto num_train = static_cast<std::int64_t>(problem_.examples(Split::kTrain).size());
  const std::int64_t shard_size = problem_.spec().shard_size;
  generation.cost.evaluations = population_.points.cols();
  generation.cost.queries = num_asked * num_train;
  generation.cost.calls = num_asked * ((num_train + shard_size - 1) / shard_size);
  return generation;
}

// Loss and label means of a member on train; an infinite loss where it failed.
EvaluationCache::Entry TrialSearch::entry(const EvaluationGroup& group, std::size_t member,
                                          UsageRecord& usage) {
  const std::string& prompt = prompts_[member];
  if (const auto* cached = prompt.empty() ? nullptr : cache_.find(prompt)) {
    ++usage.num_evaluations;
    ++usage.num_cached;
    return *cached;
  }
  const auto outcome = group.outcome(static_cast<std::size_t>(asked_[member]));
  outcome.count_in(usage);
  if (outcome.is_failed)
    return {.loss = std::numeric_limits<double>::infinity(), .label_means = {}};
  auto entry = scorer_.on_train(outcome.label_scores);
  if (!prompt.empty()) cache_.insert(prompt, entry);
  return entry;
}

std::optional<std::string> TrialSearch::absorb(const EvaluationGroup& group, UsageRecord& usage) {
  fitness_.resize(population_.points.cols());
  std::vector<Eigen::VectorXd> means;
  for (Eigen::Index i = 0; i < fitness_.size(); ++i) {
    auto known = entry(group, static_cast<std::size_t>(i), usage);
    fitness_(i) = known.loss;
    means.push_back(std::move(known.label_means));
  }
  if (fitness_.array().isInf().all()) {
    const auto first = static_cast<std::size_t>(asked_.front());
    return "every evaluation of generation " + std::to_string(population_.generation) +
           " failed; the first: " + group.outcome(first).error;
  }
  optimizer_->tell(fitness_);
  incumbent_.update(population_.points, fitness_, means);
  return std::nullopt;
}

GenerationRecord TrialSearch::record(const UsageRecord& usage) const {
  std::vector<double> sorted = to_vector(fitness_);
  std::sort(sorted.begin(), sorted.end());
  const OptimizerStatistics statistics = optimizer_->statistics();
  return {.generation = population_.generation,
          .num_evaluations = usage.num_evaluations,
          .num_queries = usage.usage.num_queries,
          .best_fitness = sorted.front(),
          .median_fitness = median(sorted),
          .worst_fitness = sorted.back(),
          .incumbent_fitness = incumbent_.fitness(),
          .sigma = statistics.sigma,
          .axis_ratio = statistics.axis_ratio};
}

std::optional<std::string> TrialSearch::end(const std::vector<GenerationRecord>& rows) const {
  if (const auto reason = optimizer_->stop_reason()) return to_string(*reason);
  const bool is_cached_out =
      rows.size() > kMaxCachedGenerations &&
      rows.back().num_queries == rows[rows.size() - 1 - kMaxCachedGenerations].num_queries;
  if (is_cached_out) return "cached";
  return std::nullopt;
}

std::vector<double> TrialSearch::favourite() const { return to_vector(optimizer_->favourite()); }

const Eigen::VectorXd* TrialSearch::known_means(const std::string& prompt) const {
  const auto* known = prompt.empty() ? nullptr : cache_.find(prompt);
  return known == nullptr ? nullptr : &known->label_means;
}

RowMatrixXd TrialSearch::position_shares() const {
  const PromptSpace& space = problem_.prompt_space();
  const auto num_options = static_cast<Eigen::Index>(space.option_texts().size());
  RowMatrixXd shares;
  if (num_options == 0) return shares;
  const Eigen::MatrixXd points = optimizer_->sample(kNumPositionSamples);
  const auto num_positions = space.choices(to_vector(points.col(0))).size();
  shares.setZero(static_cast<Eigen::Index>(num_positions), num_options);
  for (Eigen::Index i = 0; i < points.cols(); ++i) {
    const std::vector<int> choices = space.choices(to_vector(points.col(i)));
    for (std::size_t position = 0; position < choices.size(); ++position) {
      shares(static_cast<Eigen::Index>(position), choices[position]) +=
          1.0 / static_cast<double>(points.cols());
    }
  }
  return shares;
}

void TrialSearch::save(Checkpoint& checkpoint) const {
  checkpoint.optimizer = optimizer_->save();
  cache_.save(checkpoint);
  incumbent_.save(checkpoint);
}

void TrialSearch::restore(const Checkpoint& checkpoint) {
  optimizer_->restore(checkpoint.optimizer);
  cache_.restore(checkpoint);
  incumbent_.restore(checkpoint);
}

}  // namespace bbprompt
