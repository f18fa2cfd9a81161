#include "bbprompt/report/run_comparison.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/report/comparison_run.hpp"

namespace bbprompt {
namespace {

using testing::comparison_run;
using ::testing::HasSubstr;
using ::testing::Not;

Results other_run() {
  Results results = comparison_run();
  results.run.name = "other";
  results.run.config_resolved =
      "name: other\nbudget:\n  evaluations: 80\nfew_shot:\n  max_test: 0\n";
  for (TrialRecord& trial : results.trials) {
    trial.id += "-80";
    trial.best.splits["test"].metric +=
        trial.method == "cma" ? 0.01 * static_cast<double>(trial.seed) : 0.0;
    trial.best.prompt.text = "|other|";
  }
  return results;
}

Results first_run() {
  Results results = comparison_run();
  results.run.config_resolved =
      "name: comparison\nbudget:\n  evaluations: 40\nfew_shot:\n  max_test: 0\n";
  return results;
}

TEST(RunComparison, ShowsWhatDiffersTheTestsAndThePrompts) {
  const std::string text = compare_runs({"out/a", first_run()}, {"out/b", other_run()});
  EXPECT_THAT(text, HasSubstr("A: out/a (comparison, bbprompt ): 12 trials done, 0 failed\n"));
  EXPECT_THAT(text, HasSubstr("The runs have no trial in common."));
  EXPECT_THAT(text, HasSubstr("budget.evaluations  40          80\n"));
  EXPECT_THAT(text, Not(HasSubstr("max_test")));
  // B minus A of cma: 0.01, 0.02, 0.03 on each task: t = 0.02 / (0.01 / sqrt(3)) = 3.464.
  EXPECT_THAT(text,
              HasSubstr("72.00 ± 2.65  74.00 ± 3.61      3       +2.00       1.00  3.464  0.0742"));
  // All six differences have one sign: 2 of 2^6.
  EXPECT_THAT(text, HasSubstr("6       +2.00       0.89      -  0.0312    0.1562  no\n"));
  EXPECT_THAT(text, HasSubstr("mrpc  policy  B    50.00  60.00  |other|\n"));
}

TEST(RunComparison, SaysWhereTheRunsAreTheSame) {
  const std::string text = compare_runs({"a", first_run()}, {"b", first_run()});
  EXPECT_THAT(text, HasSubstr("found the same, bit for bit (equal digests)"));
  EXPECT_THAT(text, HasSubstr("The runs have equal settings."));
  Results changed = first_run();
  changed.trials[0].best.splits["test"].metric = 0.1;
  EXPECT_THAT(
      compare_runs({"a", first_run()}, {"b", changed}),
      HasSubstr("11 trials found the same in both, bit for bit; 1 of equal settings did not"));
}

// Two runs of one method each are compared even where the methods have different names.
TEST(RunComparison, ComparesTheOnlyMethods) {
  Results a = first_run();
  Results b = first_run();
  std::erase_if(a.trials, [](const TrialRecord& trial) { return trial.method != "policy"; });
  std::erase_if(b.trials, [](const TrialRecord& trial) { return trial.method != "cma"; });
  for (Results* run : {&a, &b}) {
    for (TrialRecord& trial : run->trials) trial.manual = {};
  }
  EXPECT_THAT(compare_runs({"a", a}, {"b", b}), HasSubstr("policy / cma  mrpc (accuracy)"));
  for (TrialRecord& trial : b.trials) trial.task = "other";
  EXPECT_THAT(compare_runs({"a", a}, {"b", b}), HasSubstr("No method of one name is in both runs"));
  EXPECT_THAT(compare_runs({"a", {}}, {"b", {}}), HasSubstr("No trial is done yet."));
}

TEST(RunComparison, EscapesTextsOfMarkdown) {
  const std::string text =
      compare_runs({"a*", first_run()}, {"b", other_run()}, ComparisonForm::kMarkdown);
  EXPECT_THAT(text, HasSubstr("A: a\\* (comparison"));
  EXPECT_THAT(text, HasSubstr("| budget.evaluations | 40 | 80 |\n"));
  EXPECT_THAT(text, HasSubstr("| \\|other\\| |"));
}

TEST(RunComparison, ShowsTheModelAndTheRowsThatWereFound) {
  Results a = first_run();
  Results b = first_run();
  for (TrialRecord& trial : a.trials) trial.model_fingerprint = "aaaaaaaaaa";
  for (TrialRecord& trial : b.trials) {
    trial.model_fingerprint = "bbbbbbbbbb";
    trial.gold["test"] = {0, 1};
  }
  const std::string text = compare_runs({"a", a}, {"b", b});
  EXPECT_THAT(text, HasSubstr("(model fingerprint)  aaaaaaaa  bbbbbbbb"));
  EXPECT_THAT(text, HasSubstr("(test rows of mrpc)  -         2 with labels "));
}

}  // namespace
}  // namespace bbprompt
