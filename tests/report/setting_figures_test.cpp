#include <gtest/gtest.h>

#include "report/figures.hpp"
#include "tests/report/comparison_run.hpp"

namespace bbprompt {
namespace {

FigureGroup group_named(const std::vector<FigureGroup>& groups, const std::string& title) {
  for (const FigureGroup& group : groups) {
    if (group.title == title) return group;
  }
  return {};
}

// "cma" varies its length, "policy" has the usual one.
TEST(SettingFigures, ShowTheMethodsThatVaryTheSettingWithItsUsualValue) {
  Results results = testing::comparison_run();
  for (TrialRecord& trial : results.trials) trial.settings = {"prompt.length=5"};
  const std::vector<TrialRecord> usual = results.trials;
  for (TrialRecord trial : usual) {
    if (trial.method != "cma") continue;
    trial.id += "-long";
    trial.settings = {"prompt.length=10"};
    trial.best.splits["test"].metric = 0.5;
    results.trials.push_back(std::move(trial));
  }
  const FigureGroup lengths = group_named(setting_figures(results), "Prompt length");
  ASSERT_EQ(lengths.figures.size(), 2U);  // one for each task
  const GnuplotScript& mrpc = lengths.figures.front();
  ASSERT_EQ(mrpc.files.size(), 1U);
  // Test metrics of cma on mrpc: 0.70, 0.71, 0.75; all 0.5 with the longer prompt.
  const std::string& series = mrpc.files.at("series0");
  EXPECT_EQ(series.substr(0, 2), "5 ");
  EXPECT_NEAR(std::stod(series.substr(2)), 72.0, 1e-9);
  EXPECT_EQ(series.substr(series.find('\n') + 1), "10 50 0\n");
  EXPECT_EQ(mrpc.commands.find("policy"), std::string::npos);
  EXPECT_TRUE(group_named(setting_figures(results), "Objective").figures.empty());
}

// A variation carries its value; the trials beside it have theirs in their configuration.
TEST(SettingFigures, ShowVariationsBesideTheValueOfTheConfiguration) {
  Results results = testing::comparison_run();
  for (TrialRecord& trial : results.trials) {
    trial.config = "prompt:\n  length: 5\nobjective:\n  kind: cross_entropy\n";
  }
  const std::vector<TrialRecord> usual = results.trials;
  for (const auto* setting : {"prompt.length=10", "objective.kind=hinge"}) {
    for (TrialRecord trial : usual) {
      if (trial.method != "cma") continue;
      trial.id += setting;
      trial.settings = {setting};
      trial.best.splits["test"].metric = 0.5;
      results.trials.push_back(std::move(trial));
    }
  }
  const auto groups = setting_figures(results);
  const FigureGroup lengths = group_named(groups, "Prompt length");
  ASSERT_EQ(lengths.figures.size(), 2U);
  ASSERT_EQ(lengths.figures.front().files.size(), 1U);
  const std::string& series = lengths.figures.front().files.at("series0");
  EXPECT_EQ(series.substr(0, 4), "5 72");
  EXPECT_EQ(series.substr(series.find('\n') + 1), "10 50 0\n");
  const FigureGroup objectives = group_named(groups, "Objective");
  ASSERT_EQ(objectives.figures.size(), 2U);
  EXPECT_NE(objectives.figures.front().commands.find("cross_entropy"), std::string::npos);
  EXPECT_TRUE(group_named(groups, "Training examples").figures.empty());
}

}  // namespace
}  // namespace bbprompt
