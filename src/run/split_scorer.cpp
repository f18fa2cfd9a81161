#include "run/split_scorer.hpp"

#include "bbprompt/task/metric.hpp"

namespace bbprompt {
namespace {

// What a later calibration or ensemble needs, so that it asks nothing.
StoredScores kept(const RowMatrixXd& label_scores) {
  if (label_scores.size() > kMaxStoredScores) return {};
  StoredScores scores = label_scores.cast<float>();
  return scores.allFinite() ? scores : StoredScores{};
}

}  // namespace

SplitScorer::SplitScorer(const TrialProblem& problem)
    : problem_(problem), num_labels_(static_cast<int>(problem.spec().task.labels.size())) {}

Eigen::VectorXd SplitScorer::offsets(const Eigen::VectorXd& label_means) const {
  if (problem_.is_calibrated()) return label_means;
  return Eigen::VectorXd::Zero(num_labels_);
}

EvaluationCache::Entry SplitScorer::on_train(const RowMatrixXd& label_scores) const {
  EvaluationCache::Entry entry;
  entry.label_means = label_means(label_scores);
  entry.loss = score_split(label_scores, problem_.gold(Split::kTrain), problem_.objective(),
                           offsets(entry.label_means))
                   .loss;
  return entry;
}

SplitEvaluation SplitScorer::on(Split split, const RowMatrixXd& label_scores,
                                const Eigen::VectorXd& label_means) const {
  const auto gold = problem_.gold(split);
  const SplitScore score =
      score_split(label_scores, gold, problem_.objective(), offsets(label_means));
  const auto confusion = count_confusion(gold, score.predicted, num_labels_);
  return {.metric = metric_value(problem_.spec().task.metric, confusion),
          .accuracy = metric_value(MetricKind::kAccuracy, confusion),
          .loss = score.loss,
          .predicted = score.predicted,
          .label_scores = kept(label_scores)};
}

}  // namespace bbprompt
