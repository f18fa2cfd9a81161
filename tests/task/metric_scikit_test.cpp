#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bbprompt/task/metric.hpp"

namespace bbprompt {
namespace {

struct StoredMetrics {
  int num_labels;
  std::string gold, predicted;  // one digit per example
  double accuracy, macro_f1, binary_f1, matthews;
};

// scikit-learn 1.2.1 on random answers (half of them right) and degenerate ones: accuracy_score;
// f1_score(average="macro", labels=range(num_labels), zero_division=0); f1_score(pos_label=1,
// zero_division=0), for two labels; matthews_corrcoef. Printed with %.15g.
const std::vector<StoredMetrics> kOfScikitLearn{
    {2, "11111110000110010100", "11111000110110000110", 0.7, 0.696969696969697, 0.727272727272727,
     0.393939393939394},
    {2, "1011011111010001111110110010100001001", "1001011110000101101110100101100011001",
     0.72972972972973, 0.727941176470588, 0.75, 0.460195011513113},
    {3, "0012221021222021122102000", "0010221220011201020102200", 0.56, 0.573099415204678, -1,
     0.341584158415842},
    {5, "3342022311043213230030320334434044343442", "1342022314043203142000102334423041314443", 0.6,
     0.559336219336219, -1, 0.497277855743006},
    {7, "404250144532224321411253402554", "403250154505224351054253112545", 0.6, 0.514913657770801,
     -1, 0.526098901098901},
    {2, "0000", "0000", 1, 0.5, 0, 0},
    {2, "111", "111", 1, 0.5, 1, 0},
    {2, "01011", "11111", 0.6, 0.375, 0.75, 0},
    {2, "0001", "0000", 0.75, 0.428571428571429, 0, 0},
    {2, "11", "00", 0, 0, 0, 0},
    {2, "011", "100", 0, 0, 0, -1},
    {3, "2222", "2222", 1, 0.333333333333333, -1, 0},
    {3, "0120", "1111", 0.25, 0.133333333333333, -1, 0},
    {3, "0011", "2222", 0, 0, -1, 0},
    {3, "012", "120", 0, 0, -1, -0.5},
    {2, "0", "0", 1, 0.5, 0, 0},
    {2, "0", "1", 0, 0, 0, 0},
    {4, "0101", "0101", 1, 0.5, -1, 1},
};

std::vector<int> labels_of(const std::string& digits) {
  std::vector<int> labels;
  for (const char digit : digits) labels.push_back(digit - '0');
  return labels;
}

TEST(MetricValue, AgreesWithScikitLearn) {
  for (const StoredMetrics& stored : kOfScikitLearn) {
    const auto value = [&](MetricKind kind) {
      return metric_value(kind, count_confusion(labels_of(stored.gold), labels_of(stored.predicted),
                                                stored.num_labels));
    };
    EXPECT_NEAR(value(MetricKind::kAccuracy), stored.accuracy, 1e-14) << stored.gold;
    EXPECT_NEAR(value(MetricKind::kMacroF1), stored.macro_f1, 1e-14) << stored.gold;
    EXPECT_NEAR(value(MetricKind::kMatthews), stored.matthews, 1e-14) << stored.gold;
    if (stored.num_labels != 2) continue;
    EXPECT_NEAR(value(MetricKind::kBinaryF1), stored.binary_f1, 1e-14) << stored.gold;
  }
}

}  // namespace
}  // namespace bbprompt
