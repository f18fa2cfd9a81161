#include "bbprompt/task/split_score.hpp"

#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

Eigen::VectorXd label_means(const RowMatrixXd& label_scores) {
  if (label_scores.rows() == 0) throw Error("expected label scores of at least one example");
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(label_scores.cols());
  for (Eigen::Index i = 0; i < label_scores.rows(); ++i) sums += label_scores.row(i).transpose();
  return sums / static_cast<double>(label_scores.rows());
}

SplitScore score_split(const RowMatrixXd& label_scores, std::span<const int> gold,
                       const Objective& objective, const Eigen::VectorXd& offsets) {
  if (static_cast<std::size_t>(label_scores.rows()) != gold.size() || gold.empty() ||
      offsets.size() != label_scores.cols()) {
    throw Error("expected scores of " + std::to_string(gold.size()) + " examples and " +
                std::to_string(offsets.size()) + " labels, found " +
                std::to_string(label_scores.rows()) + " x " + std::to_string(label_scores.cols()));
  }
  SplitScore score;
  for (Eigen::Index i = 0; i < label_scores.rows(); ++i) {
    const Eigen::VectorXd z = label_scores.row(i).transpose() - offsets;
    score.loss += objective.loss(z, gold[static_cast<std::size_t>(i)]);
    score.predicted.push_back(predict(z));
  }
  score.loss /= static_cast<double>(gold.size());
  return score;
}

}  // namespace bbprompt
