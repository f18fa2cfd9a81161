#include "report/chance.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using Labels = std::vector<std::int32_t>;

constexpr MetricKind kAll[] = {MetricKind::kAccuracy, MetricKind::kMacroF1, MetricKind::kBinaryF1,
                               MetricKind::kMatthews};

// Every answer sheet there is, each as likely as the others.
ChanceLevel enumerated(MetricKind metric, const Labels& gold, int num_labels) {
  std::vector<double> values;
  Labels guess(gold.size(), 0);
  for (bool is_left = true; is_left;) {
    values.push_back(metric_value(metric, count_confusion(gold, guess, num_labels)));
    is_left = false;
    for (std::int32_t& label : guess) {
      if (++label < num_labels) {
        is_left = true;
        break;
      }
      label = 0;
    }
  }
  ChanceLevel level;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) level.mean += value / count;
  for (const double value : values) {
    level.deviation += (value - level.mean) * (value - level.mean) / count;
  }
  level.deviation = std::sqrt(level.deviation);
  return level;
}

TEST(UniformGuess, IsExactForTwoLabels) {
  for (const Labels& gold : {Labels{0, 1, 1}, {1, 1, 1, 1}, {0}, {0, 0, 1, 0, 1, 0, 1, 0, 0}}) {
    for (const MetricKind metric : kAll) {
      const ChanceLevel found = uniform_guess(metric, gold, 2);
      const ChanceLevel expected = enumerated(metric, gold, 2);
      EXPECT_NEAR(found.mean, expected.mean, 1e-12) << to_string(metric);
      EXPECT_NEAR(found.deviation, expected.deviation, 1e-12) << to_string(metric);
    }
  }
}

TEST(UniformGuess, IsDrawnForMoreLabels) {
  const Labels gold{0, 0, 0, 1, 1, 2, 2};
  for (const MetricKind metric :
       {MetricKind::kAccuracy, MetricKind::kMacroF1, MetricKind::kMatthews}) {
    const ChanceLevel found = uniform_guess(metric, gold, 3);
    const ChanceLevel expected = enumerated(metric, gold, 3);
    const double error = expected.deviation / std::sqrt(static_cast<double>(kGuessDraws));
    EXPECT_NEAR(found.mean, expected.mean, 4.0 * error) << to_string(metric);
    EXPECT_NEAR(found.deviation, expected.deviation, 4.0 * error) << to_string(metric);
    EXPECT_EQ(found.mean, uniform_guess(metric, gold, 3).mean) << "the same draws every time";
  }
  EXPECT_EQ(uniform_guess(MetricKind::kAccuracy, gold, 3).mean, 1.0 / 3.0) << "exact";
}

// 68 % of MRPC's test pairs are equivalent: a guess has an F1 of 0.577, "equivalent" one of 0.81.
TEST(UniformGuess, KnowsWhatF1GivesForNothing) {
  Labels gold(400, 1);
  std::fill(gold.begin(), gold.begin() + 128, 0);
  EXPECT_NEAR(uniform_guess(MetricKind::kBinaryF1, gold, 2).mean, 0.5756, 5e-4);
  EXPECT_NEAR(uniform_guess(MetricKind::kMatthews, gold, 2).mean, 0.0, 1e-12);
  EXPECT_DOUBLE_EQ(majority_score(MetricKind::kBinaryF1, gold, 2), 2.0 * 272.0 / (400.0 + 272.0));
}

TEST(MajorityLabel, IsTheFirstOfTheMostFrequent) {
  EXPECT_DOUBLE_EQ(majority_score(MetricKind::kAccuracy, Labels{0, 2, 2, 1}, 3), 0.5);
  EXPECT_DOUBLE_EQ(majority_score(MetricKind::kAccuracy, Labels{1, 0}, 2), 0.5);
  EXPECT_EQ(majority_score(MetricKind::kBinaryF1, Labels{1, 0}, 2), 0.0) << "of label 0";
  EXPECT_EQ(majority_score(MetricKind::kMatthews, Labels{0, 2, 2, 1}, 3), 0.0);
  EXPECT_NEAR(majority_score(MetricKind::kMacroF1, Labels{0, 2, 2, 1}, 3), 2.0 / 9.0, 1e-15);
}

TEST(UniformGuess, RefusesWhatItCannotGuess) {
  EXPECT_THROW((void)uniform_guess(MetricKind::kAccuracy, {}, 2), Error);
  EXPECT_THROW((void)uniform_guess(MetricKind::kAccuracy, Labels{0, 2}, 2), Error);
}

}  // namespace
}  // namespace bbprompt
