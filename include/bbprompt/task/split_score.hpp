#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "bbprompt/task/objective.hpp"

namespace bbprompt {

using RowMatrixXd = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// What a prompt reached on a split.
struct SplitScore {
  double loss = 0.0;                    // mean objective over the examples, summed in their order
  std::vector<std::int32_t> predicted;  // label index per example
};

// Mean score of each label over the examples (rows). Throws Error when there are none.
[[nodiscard]] Eigen::VectorXd label_means(const RowMatrixXd& label_scores);

// Losses and predictions of z - offsets, for the scores z (examples x labels). With the offsets
// label_means() of the same prompt on the few-shot train split, whose classes are of equal size,
// this is calibration: no label has an advantage that does not come from the text. Zero offsets
// change nothing. Throws Error when sizes differ or a score is not finite.
[[nodiscard]] SplitScore score_split(const RowMatrixXd& label_scores, std::span<const int> gold,
                                     const Objective& objective, const Eigen::VectorXd& offsets);

}  // namespace bbprompt
