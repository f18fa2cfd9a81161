#include "bbprompt/run/plan_survey.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/run/transfer.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::TemporaryFolder;

class PlanSurvey : public ::testing::Test {
 protected:
  SweepPlan plan(const std::string& sweep) {
    const std::string quickstart = (testing::source_folder() / "configs/quickstart").string();
    testing::write_text(folder_ / "plan.yaml",
                        "name: survey\nmodel: {path: " + quickstart +
                            "/tiny-roberta}\nfew_shot: {train_per_class: 4, dev_per_class: 2, "
                            "max_test: 8}\ntask: " +
                            quickstart +
                            "/reviews.yaml\nprompt: {kind: soft}\nbudget: {evaluations: 40}\n" +
                            sweep);
    return load_plan(folder_ / "plan.yaml", {});
  }

  TemporaryFolder folder_;
  ModelPool models_;
};

TEST_F(PlanSurvey, KnowsEveryTrialAsItsOwnRunDoes) {
  const SweepPlan sweep = plan(
      "seeds: [1, 2]\nsweep:\n  axes:\n    optimizer.cma_es.population_size: [4, 7]\n"
      "    few_shot.train_per_class: [2, 5]\n    budget.evaluations: [20, 33]\n");
  std::size_t num_visits = 0;
  const auto trials = survey_plan(
      sweep, models_, [&](const TrialSpec&, TrialProblem&) { return ++num_visits > 0; });
  ASSERT_EQ(trials.size(), 16U);
  EXPECT_EQ(num_visits, 2U) << "only the number of train examples changes data or prompt";
  for (std::size_t i = 0; i < trials.size(); ++i) {
    TrialProblem context(sweep.trials[i].spec, models_);
    const TrialRun run(identity_of(sweep.trials[i]), context);
    EXPECT_EQ(trials[i].shape.num_generations, run.num_generations_planned()) << i;
    EXPECT_EQ(trials[i].shape.num_queries(), run.num_queries_planned()) << i;
    EXPECT_EQ(trials[i].dimension, context.prompt_space().dimension()) << i;
  }
}

TEST_F(PlanSurvey, RefusesABudgetThatPaysForNoGeneration) {
  const SweepPlan sweep = plan("sweep:\n  axes:\n    optimizer.cma_es.population_size: [4, 41]\n");
  try {
    (void)survey_plan(sweep, models_, [](const TrialSpec&, TrialProblem&) { return true; });
    FAIL() << "nothing was refused";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("does not pay for one generation"));
  }
}

}  // namespace
}  // namespace bbprompt
