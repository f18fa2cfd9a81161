#include "report/search_curve.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace bbprompt {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TrialRecord trial_of(const std::vector<CurvePoint>& steps) {
  TrialRecord trial;
  for (const CurvePoint& step : steps) {
    GenerationRecord row;
    row.num_queries = static_cast<std::int64_t>(step.queries);
    row.incumbent_fitness = step.value;
    trial.generations.push_back(row);
  }
  return trial;
}

std::vector<CurvePoint> mean_of(const std::vector<TrialRecord>& trials) {
  std::vector<const TrialRecord*> pointers;
  pointers.reserve(trials.size());
  for (const TrialRecord& trial : trials) pointers.push_back(&trial);
  return mean_curve(pointers, &GenerationRecord::incumbent_fitness);
}

void expect_curve(const std::vector<CurvePoint>& found, const std::vector<CurvePoint>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].queries, expected[i].queries) << i;
    EXPECT_EQ(found[i].value, expected[i].value) << i;
  }
}

TEST(MeanCurve, AveragesStepFunctionsOfDifferentGrids) {
  expect_curve(mean_of({trial_of({{10, 4.0}, {20, 2.0}}), trial_of({{15, 8.0}, {30, 6.0}})}),
               {{15, 6.0}, {20, 5.0}, {30, 4.0}});
}

TEST(MeanCurve, LeavesOutPointsWithoutAChangeButTheLast) {
  expect_curve(mean_of({trial_of({{1, 3.0}, {2, 3.0}, {3, 1.0}, {4, 1.0}, {5, 1.0}})}),
               {{1, 3.0}, {3, 1.0}, {5, 1.0}});
}

TEST(MeanCurve, BeginsWhereEveryTrialHasAValue) {
  expect_curve(mean_of({trial_of({{1, kNan}, {2, 4.0}}), trial_of({{1, 2.0}, {3, 0.0}})}),
               {{2, 3.0}, {3, 2.0}});
  expect_curve(mean_of({trial_of({{1, kNan}}), trial_of({{1, 2.0}})}), {});
  expect_curve(mean_of({}), {});
}

// The last selection comes behind the last generation.
TEST(MeanCurve, EndsWithTheDevMetricOfThePromptThatIsReturned) {
  TrialRecord trial = trial_of({{10, 4.0}, {20, 2.0}});
  trial.generations[0].dev_metric = 0.25;
  trial.generations[1].dev_metric = 0.25;
  trial.best.splits["dev"].metric = 0.75;
  const TrialRecord* const pointer = &trial;
  expect_curve(mean_curve(std::span(&pointer, 1), &GenerationRecord::dev_metric),
               {{10, 0.25}, {20, 0.75}});
}

}  // namespace
}  // namespace bbprompt
