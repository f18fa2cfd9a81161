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

}  // namespace
}  // namespace bbprompt
