#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// Counts of (gold label, predicted label): row is gold, column is predicted.
class ConfusionMatrix {
 public:
  using Counts = Eigen::Matrix<std::int64_t, Eigen::Dynamic, Eigen::Dynamic>;

  // Throws Error when `num_labels` is below 2.
  explicit ConfusionMatrix(int num_labels);

  // Counts `times` examples. Throws Error when a label is not in 0 .. num_labels - 1.
  void add(int gold, int predicted, std::int64_t times = 1);

  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  Counts counts_;
};

// Counts a whole split. Throws Error when the lengths differ or a label is out of range.
[[nodiscard]] ConfusionMatrix count_confusion(std::span<const int> gold,
                                              std::span<const int> predicted, int num_labels);

// The metric, larger is better. As scikit-learn computes it, with 0/0 = 0 (zero_division=0):
//   accuracy    share of correct predictions
//   macro_f1    mean over all labels of the task of F1 = 2 TP / (2 TP + FP + FN). A label that is
//               neither in gold nor predicted counts as 0 (scikit-learn: labels=range(num_labels))
//   binary_f1   F1 of label 1, the second one, as GLUE scores MRPC; two labels only
//   matthews    correlation R_K (Gorodkin 2004), for two labels Matthews' coefficient; 0 where all
//               gold labels or all predictions are equal
// Throws Error when nothing was counted, or for binary_f1 with more than two labels.
[[nodiscard]] double metric_value(MetricKind kind, const ConfusionMatrix& confusion);

// "accuracy", "macro_f1", "binary_f1", "matthews".
[[nodiscard]] std::string to_string(MetricKind kind);

// The inverse. Throws Error that lists the names.
[[nodiscard]] MetricKind parse_metric_kind(std::string_view name);

}  // namespace bbprompt
