#pragma once

#include <exception>
#include <vector>

#include "bbprompt/eval/evaluation.hpp"
#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// A problem and a model that answers it: what workers have, and `explain`.
class TrialEvaluator {
 public:
  // Both must outlive the evaluator; the model must be the one whose view the problem was built
  // from.
  TrialEvaluator(const TrialProblem& problem, LanguageModel& model)
      : problem_(problem), model_(model) {}

  [[nodiscard]] const TrialProblem& problem() const { return problem_; }

  // Scores a work item of this trial. Failure is data: never throws for what an evaluation does.
  [[nodiscard]] WorkResult run(const WorkItem& item);

  // The same in three steps, for a model that holds several requests at once: what to ask (with
  // answers()), then what the answer, or the error that came instead, makes of the item. queries()
  // throws as a score does; hand that error to failed_result(). Results have no `seconds`.
  [[nodiscard]] std::vector<Query> queries(const WorkItem& item) const;
  [[nodiscard]] const std::vector<Answer>& answers() const;
  [[nodiscard]] WorkResult result(const WorkItem& item, const AnswerScores& answers) const;

  // Any prompt on a whole split, in the shards of a run's work items, so that the same prompt gets
  // the same bits. Throws Error, for scores that are not known too.
  [[nodiscard]] Evaluation evaluate(const Prompt& prompt, Split split);

  // Reads the hidden states that scale a deep prompt's layers (problem().layer_queries()): as many
  // queries as there are train examples, one call. Throws ModelError on a model that does not show
  // them.
  [[nodiscard]] LayerDeviations measure_layers();

 private:
  // The examples that an item asks; `picked` holds them where they are not a stretch of the split.
  [[nodiscard]] std::span<const Example> asked(const WorkItem& item,
                                               std::vector<Example>& picked) const;
  [[nodiscard]] WorkResult layer_scales(const WorkItem& item);

  const TrialProblem& problem_;
  LanguageModel& model_;
};

// What an item's error makes of it: a ModelError would come again anywhere, others are worth
// another attempt.
[[nodiscard]] WorkResult failed_result(const WorkItem& item, const std::exception_ptr& error);

// Measures and sets what a deep prompt lacks, with this process's model; nothing for others.
void complete_layer_scales(TrialProblem& problem, LanguageModel& model);

}  // namespace bbprompt
