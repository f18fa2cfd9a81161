#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "run/evaluation_cache.hpp"
#include "run/incumbent.hpp"
#include "run/search_budget.hpp"
#include "run/split_scorer.hpp"

namespace bbprompt {

// The search of a trial: its optimizer, one generation at a time, with a cache of the discrete
// prompts that were asked and the incumbent. Knows nothing of dev, budgets and phases.
class TrialSearch {
 public:
  // Both must outlive the search.
  TrialSearch(const TrialProblem& problem, const SplitScorer& scorer);

  [[nodiscard]] std::int64_t population_size() const { return optimizer_->population_size(); }

  // The next generation: the points that the cache does not know, each discrete prompt once, and
  // what they cost. Asked again before absorb(), it is the same.
  struct Generation {
    std::vector<std::vector<double>> asked;
    SearchCost cost;
  };
  [[nodiscard]] Generation ask();

  // Takes in the results of the asked points, which are the first members of the group. Counts them
  // in `usage` and tells the optimizer. Returns why the trial fails, where every point failed.
  [[nodiscard]] std::optional<std::string> absorb(const EvaluationGroup& group, UsageRecord& usage);

  // Figures of the absorbed generation; those of dev and time are left to the caller.
  [[nodiscard]] GenerationRecord record(const UsageRecord& usage) const;

  // Why the search ends by itself: a stop rule of the optimizer, or "cached" where nothing new was
  // asked for many generations.
  [[nodiscard]] std::optional<std::string> end(const std::vector<GenerationRecord>& rows) const;

  [[nodiscard]] const Incumbent& incumbent() const { return incumbent_; }
  // The optimizer's favourite point.
  [[nodiscard]] std::vector<double> favourite() const;
  // Mean score of each label on train of a discrete prompt that was asked; null: it was not.
  [[nodiscard]] const Eigen::VectorXd* known_means(const std::string& prompt) const;

  // How often each option stands at each position of a discrete prompt in the distribution that the
  // search has reached; positions x options, rows sum to 1. Empty for other prompts.
  [[nodiscard]] RowMatrixXd position_shares() const;

  void save(Checkpoint& checkpoint) const;
  // Throws Error where the optimizer refuses its state.
  void restore(const Checkpoint& checkpoint);

 private:
  [[nodiscard]] EvaluationCache::Entry entry(const EvaluationGroup& group, std::size_t member,
                                             UsageRecord& usage);

  const TrialProblem& problem_;
  const SplitScorer& scorer_;
  std::unique_ptr<Optimizer> optimizer_;
  EvaluationCache cache_;
  Incumbent incumbent_;
  Population population_;             // of the open generation
  std::vector<std::string> prompts_;  // names of its discrete prompts; empty: no name
  std::vector<int> asked_;            // index among the asked points; -1: the cache knows it
  Eigen::VectorXd fitness_;           // of the absorbed generation
};

}  // namespace bbprompt
