#include "bbprompt/task/metric.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

double metric(MetricKind kind, const std::vector<int>& gold, const std::vector<int>& predicted,
              int num_labels) {
  return metric_value(kind, count_confusion(gold, predicted, num_labels));
}

TEST(MetricValue, AgreesWithTheExamplesOfScikitLearnsDocumentation) {
  // sklearn.metrics.accuracy_score, f1_score, matthews_corrcoef.
  EXPECT_EQ(metric(MetricKind::kAccuracy, {0, 1, 2, 3}, {0, 2, 1, 3}, 4), 0.5);
  EXPECT_DOUBLE_EQ(metric(MetricKind::kMacroF1, {0, 1, 2, 0, 1, 2}, {0, 2, 1, 0, 0, 1}, 3),
                   0.8 / 3);
  EXPECT_NEAR(metric(MetricKind::kMatthews, {1, 1, 1, 0}, {1, 0, 1, 1}, 2), -1.0 / 3, 1e-15);
}

TEST(MetricValue, AgreesWithValuesComputedByHand) {
  // Label 1: TP 2, FP 1, FN 1; label 0: TP 1, FP 1, FN 1.
  const std::vector<int> gold = {1, 1, 1, 0, 0};
  const std::vector<int> predicted = {1, 1, 0, 1, 0};
  EXPECT_DOUBLE_EQ(metric(MetricKind::kAccuracy, gold, predicted, 2), 3.0 / 5);
  EXPECT_DOUBLE_EQ(metric(MetricKind::kBinaryF1, gold, predicted, 2), 4.0 / 6);
  EXPECT_DOUBLE_EQ(metric(MetricKind::kMacroF1, gold, predicted, 2), (4.0 / 6 + 2.0 / 4) / 2);
  // (TP TN - FP FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN)) = (2 - 1) / sqrt(3 3 2 2)
  EXPECT_DOUBLE_EQ(metric(MetricKind::kMatthews, gold, predicted, 2), 1.0 / 6);
}

struct Degenerate {
  std::vector<int> gold, predicted;
  double accuracy, macro_f1, binary_f1, matthews;
};

TEST(MetricValue, TakesZeroOverZeroAsZero) {
  const std::vector<Degenerate> cases = {
      {{0, 0, 0}, {0, 0, 0}, 1.0, 0.5, 0.0, 0.0},  // label 1 nowhere
      {{1, 1, 1}, {1, 1, 1}, 1.0, 0.5, 1.0, 0.0},  // label 0 nowhere
      {{0, 1, 0, 1}, {1, 1, 1, 1}, 0.5, 1.0 / 3, 2.0 / 3, 0.0},
      {{1, 1, 1, 1}, {0, 1, 0, 1}, 0.5, 1.0 / 3, 2.0 / 3, 0.0},
      {{0, 0}, {1, 1}, 0.0, 0.0, 0.0, 0.0},
      {{0, 1}, {1, 0}, 0.0, 0.0, 0.0, -1.0},
      {{0, 1}, {0, 1}, 1.0, 1.0, 1.0, 1.0},
  };
  for (const Degenerate& wanted : cases) {
    const auto value = [&](MetricKind kind) {
      return metric(kind, wanted.gold, wanted.predicted, 2);
    };
    EXPECT_DOUBLE_EQ(value(MetricKind::kAccuracy), wanted.accuracy);
    EXPECT_DOUBLE_EQ(value(MetricKind::kMacroF1), wanted.macro_f1);
    EXPECT_DOUBLE_EQ(value(MetricKind::kBinaryF1), wanted.binary_f1);
    EXPECT_DOUBLE_EQ(value(MetricKind::kMatthews), wanted.matthews);
  }
  // A label of the task that occurs nowhere counts as 0 in the mean.
  EXPECT_DOUBLE_EQ(metric(MetricKind::kMacroF1, {0, 1}, {0, 1}, 4), 0.5);
}

// By example, without a confusion matrix: precision and recall, and R_K as the ratio of the
// covariances of one-hot vectors that defines it.
double brute_f1(const std::vector<int>& gold, const std::vector<int>& predicted, int label) {
  double num_true = 0, num_gold = 0, num_predicted = 0;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    num_true += gold[i] == label && predicted[i] == label;
    num_gold += gold[i] == label;
    num_predicted += predicted[i] == label;
  }
  if (num_true == 0) return 0;
  const double precision = num_true / num_predicted;
  const double recall = num_true / num_gold;
  return 2 * precision * recall / (precision + recall);
}

double brute_covariance(const std::vector<int>& a, const std::vector<int>& b, int num_labels) {
  double covariance = 0;
  const auto size = static_cast<double>(a.size());
  for (int k = 0; k < num_labels; ++k) {
    double mean_a = 0, mean_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      mean_a += (a[i] == k) / size;
      mean_b += (b[i] == k) / size;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
      covariance += ((a[i] == k) - mean_a) * ((b[i] == k) - mean_b);
    }
  }
  return covariance;
}

TEST(MetricValue, AgreesWithBruteForce) {
  RandomStream random({.seed = 1, .trial = 0, .generation = 0, .purpose = "metric_test"});
  for (int round = 0; round < 200; ++round) {
    const int num_labels = 2 + static_cast<int>(random.below(6));
    std::vector<int> gold, predicted;
    for (int i = 0; i < 60; ++i) {
      const auto label = [&] {
        return static_cast<int>(random.below(static_cast<std::uint64_t>(num_labels)));
      };
      gold.push_back(label());
      predicted.push_back(random.uniform() < 0.5 ? gold.back() : label());
    }
    double macro = 0;
    for (int k = 0; k < num_labels; ++k) macro += brute_f1(gold, predicted, k) / num_labels;
    EXPECT_NEAR(metric(MetricKind::kMacroF1, gold, predicted, num_labels), macro, 1e-14);
    const double r_k = brute_covariance(gold, predicted, num_labels) /
                       std::sqrt(brute_covariance(gold, gold, num_labels) *
                                 brute_covariance(predicted, predicted, num_labels));
    EXPECT_NEAR(metric(MetricKind::kMatthews, gold, predicted, num_labels), r_k, 1e-13);
    if (num_labels == 2) {
      EXPECT_NEAR(metric(MetricKind::kBinaryF1, gold, predicted, 2), brute_f1(gold, predicted, 1),
                  1e-14);
    }
  }
}

TEST(MetricValue, RefusesWhatItCannotMeasure) {
  EXPECT_THROW((void)metric(MetricKind::kAccuracy, {}, {}, 2), Error);
  EXPECT_THROW((void)metric(MetricKind::kAccuracy, {0}, {0, 1}, 2), Error);
  EXPECT_THROW((void)metric(MetricKind::kAccuracy, {2}, {0}, 2), Error);
  EXPECT_THROW((void)metric(MetricKind::kAccuracy, {0}, {-1}, 2), Error);
  EXPECT_THROW((void)metric(MetricKind::kBinaryF1, {0}, {1}, 3), Error);
  EXPECT_THROW(ConfusionMatrix(1), Error);
}

TEST(MetricKindNames, GoBothWays) {
  for (const auto* name : {"accuracy", "macro_f1", "binary_f1", "matthews"}) {
    EXPECT_EQ(to_string(parse_metric_kind(name)), name);
  }
  EXPECT_EQ(parse_metric_kind("macro_f1"), MetricKind::kMacroF1);
  EXPECT_EQ(parse_metric_kind("matthews"), MetricKind::kMatthews);
  try {
    (void)parse_metric_kind("macro-f1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("did you mean \"macro_f1\""));
  }
}

}  // namespace
}  // namespace bbprompt
