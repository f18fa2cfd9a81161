#include "bbprompt/task/metric.hpp"

#include <array>
#include <cmath>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

using Counts = ConfusionMatrix::Counts;

constexpr std::array kKinds = {MetricKind::kAccuracy, MetricKind::kMacroF1, MetricKind::kBinaryF1,
                               MetricKind::kMatthews};

double ratio(double numerator, double denominator) {
  return denominator == 0.0 ? 0.0 : numerator / denominator;
}

double f1(const Counts& counts, Eigen::Index label) {
  const std::int64_t true_positives = counts(label, label);
  // Gold plus predicted occurrences: 2 TP + FP + FN.
  const std::int64_t occurrences = counts.row(label).sum() + counts.col(label).sum();
  return ratio(2.0 * static_cast<double>(true_positives), static_cast<double>(occurrences));
}

double macro_f1(const Counts& counts) {
  double sum = 0.0;
  for (Eigen::Index label = 0; label < counts.rows(); ++label) sum += f1(counts, label);
  return sum / static_cast<double>(counts.rows());
}

// With s examples, c of them correct, t_k gold and p_k predicted occurrences of label k:
// (c s - sum t_k p_k) / sqrt((s^2 - sum p_k^2) (s^2 - sum t_k^2)).
double matthews(const Counts& counts) {
  const Eigen::VectorXd t = counts.rowwise().sum().cast<double>();
  const Eigen::VectorXd p = counts.colwise().sum().transpose().cast<double>();
  const double s = t.sum();
  const double c = counts.diagonal().cast<double>().sum();
  const double predicted_spread = s * s - p.squaredNorm();
  const double gold_spread = s * s - t.squaredNorm();
  return ratio(c * s - t.dot(p), std::sqrt(predicted_spread * gold_spread));
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int num_labels) {
  if (num_labels < 2) {
    throw Error("expected at least two labels, found " + std::to_string(num_labels));
  }
  counts_ = Counts::Zero(num_labels, num_labels);
}

void ConfusionMatrix::add(int gold, int predicted, std::int64_t times) {
  for (const int label : {gold, predicted}) {
    if (label < 0 || label >= counts_.rows()) {
      throw Error("expected a label index below " + std::to_string(counts_.rows()) + ", found " +
                  std::to_string(label));
    }
  }
  counts_(gold, predicted) += times;
}

ConfusionMatrix count_confusion(std::span<const int> gold, std::span<const int> predicted,
                                int num_labels) {
  if (gold.size() != predicted.size()) {
    throw Error("expected " + std::to_string(gold.size()) + " predictions, found " +
                std::to_string(predicted.size()));
  }
  ConfusionMatrix confusion(num_labels);
  for (std::size_t i = 0; i < gold.size(); ++i) confusion.add(gold[i], predicted[i]);
  return confusion;
}

double metric_value(MetricKind kind, const ConfusionMatrix& confusion) {
  const Counts& counts = confusion.counts();
  const auto total = static_cast<double>(counts.sum());
  if (total == 0.0) throw Error("expected predictions to measure, found none");
  switch (kind) {
    case MetricKind::kAccuracy:
      return static_cast<double>(counts.diagonal().sum()) / total;
    case MetricKind::kMacroF1:
      return macro_f1(counts);
    case MetricKind::kBinaryF1:
      if (counts.rows() != 2) {
        throw Error("binary_f1: expected two labels, found " + std::to_string(counts.rows()) +
                    "; use macro_f1");
      }
      return f1(counts, 1);
    case MetricKind::kMatthews:
      return matthews(counts);
  }
  throw Error("unknown metric");
}

std::string to_string(MetricKind kind) {
  switch (kind) {
    case MetricKind::kAccuracy:
      return "accuracy";
    case MetricKind::kMacroF1:
      return "macro_f1";
    case MetricKind::kBinaryF1:
      return "binary_f1";
    case MetricKind::kMatthews:
      return "matthews";
  }
  throw Error("unknown metric");
}

MetricKind parse_metric_kind(std::string_view name) {
  std::vector<std::string> names;
  for (const MetricKind kind : kKinds) {
    names.push_back(to_string(kind));
    if (names.back() == name) return kind;
  }
  throw Error("unknown metric \"" + printable(name) + "\"" + suggestion(name, names) +
              "; expected one of " + quoted_list(names));
}

}  // namespace bbprompt
