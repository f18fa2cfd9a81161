#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/task/split_score.hpp"
#include "run/evaluation_cache.hpp"

namespace bbprompt {

// Label scores of a prompt on a whole split to losses, metrics and predictions, by the objective,
// metric and calibration of a trial.
class SplitScorer {
 public:
  // `problem` must outlive the scorer.
  explicit SplitScorer(const TrialProblem& problem);

  // Scores (examples x labels) on train: the mean objective, and the mean score of each label.
  [[nodiscard]] EvaluationCache::Entry on_train(const RowMatrixXd& label_scores) const;

  // Scores on any split. `label_means` of the same prompt on train calibrate them; they are not
  // read where the trial is not calibrated.
  [[nodiscard]] SplitEvaluation on(Split split, const RowMatrixXd& label_scores,
                                   const Eigen::VectorXd& label_means) const;

 private:
  [[nodiscard]] Eigen::VectorXd offsets(const Eigen::VectorXd& label_means) const;

  const TrialProblem& problem_;
  int num_labels_;
};

}  // namespace bbprompt
