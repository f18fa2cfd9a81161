#pragma once

#include <Eigen/Core>
#include <string>
#include <string_view>

#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

using LabelScores = Eigen::Ref<const Eigen::VectorXd>;

// Index of the largest score, the lowest one on ties. Throws Error when there are no scores or one
// is not finite.
[[nodiscard]] int predict(const LabelScores& scores);

// How label scores become a loss, smaller is better. With z the scores of one example, y its label:
//   cross_entropy   log sum_j exp(z_j) - z_y: softmax over the labels only
//   hinge           sum over j != y of max(0, z_j - z_y + margin)   (BBT, Sun et al. 2022)
//   error_rate      0 if predict(z) == y, else 1
//   released_hinge  max(0, z_y - max_{j != y} z_j + margin) - margin: the margin loss of BDPL's
//                   released code, whose sign is that of an attack: minimising it lowers the true
//                   label. To show the defect, not to learn with.
// A fitness is the mean of it over a split.
class Objective {
 public:
  // Throws SettingError when the margin is negative or not finite.
  explicit Objective(const ObjectiveOptions& options);

  // Throws Error when a score is not finite or `label` is not one of theirs.
  [[nodiscard]] double loss(const LabelScores& scores, int label) const;

 private:
  ObjectiveOptions options_;
};

// "cross_entropy", "hinge", "error_rate", "released_hinge".
[[nodiscard]] std::string to_string(ObjectiveKind kind);

// The inverse. Throws Error that lists the names.
[[nodiscard]] ObjectiveKind parse_objective_kind(std::string_view name);

}  // namespace bbprompt
