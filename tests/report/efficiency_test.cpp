#include "report/efficiency.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "tests/report/comparison_run.hpp"

namespace bbprompt {
namespace {

using testing::comparison_run;
using ::testing::HasSubstr;
using testing::sample_search;

const EfficiencyRow& row(const Efficiency& efficiency, const std::string& method) {
  for (const EfficiencyRow& candidate : efficiency.rows) {
    if (candidate.method == method) return candidate;
  }
  throw Error("no row " + method);
}

TEST(Efficiency, CountsQueriesUntilTheReferencesLossIsReached) {
  // policy ends at 0.5 after 400 queries and returns 0.6, found after 300; cma is at 0.5 after 200.
  const Efficiency efficiency = search_efficiency(comparison_run(), "policy");
  ASSERT_EQ(efficiency.rows.size(), 2U);
  const EfficiencyRow& cma = row(efficiency, "cma");
  EXPECT_EQ(cma.incumbent.num_pairs, 6);
  EXPECT_EQ(cma.incumbent.median_queries, 200.0);
  EXPECT_EQ(cma.incumbent.median_ratio, 0.5);
  EXPECT_EQ(cma.incumbent.share, 1.0);
  EXPECT_EQ(cma.returned.median_queries, 200.0);
  EXPECT_DOUBLE_EQ(cma.returned.median_ratio, 2.0 / 3.0);
  const EfficiencyRow& policy = row(efficiency, "policy");
  EXPECT_EQ(policy.incumbent.median_queries, 400.0);
  EXPECT_EQ(policy.incumbent.median_ratio, 1.0);
  EXPECT_EQ(policy.returned.median_queries, 300.0);
}

TEST(Efficiency, MeasuresWhatASearchHasLearnedByTheMedianOfAGeneration) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) {
    const bool is_cma = trial.method == "cma";
    const double medians[2][4] = {{2.0, 1.0, 1.5, 1.2}, {1.9, 1.4, 1.1, 1.3}};
    for (std::size_t i = 0; i < 4; ++i)
      trial.generations[i].median_fitness = medians[is_cma ? 1 : 0][i];
  }
  // The last generation of policy is at 1.2, where its second was by chance.
  const Efficiency efficiency = search_efficiency(results, "policy");
  EXPECT_EQ(row(efficiency, "policy").typical.median_queries, 200.0);
  EXPECT_EQ(row(efficiency, "cma").typical.median_queries, 300.0);
  EXPECT_DOUBLE_EQ(row(efficiency, "cma").typical.median_ratio, 1.5);
  EXPECT_EQ(row(efficiency, "cma").typical.num_pairs, 6);
}

TEST(Efficiency, TakesTheMedianWithTrialsThatNeverGetThereAsInfinite) {
  Results results = comparison_run();
  // Queries of cma to 0.5, by trial: 100 100 400 never never never: median (400 + inf) / 2.
  const std::vector<std::vector<double>> searches{{0.5, 0.5}, {0.4},      {0.9, 0.8, 0.7, 0.5},
                                                  {0.51},     {0.9, 0.8}, {0.9, 0.8, 0.7, 0.6}};
  std::size_t next = 0;
  for (TrialRecord& trial : results.trials) {
    if (trial.method == "cma") trial.generations = sample_search(searches[next++]);
  }
  ReachFigures figures = row(search_efficiency(results, "policy"), "cma").incumbent;
  EXPECT_TRUE(std::isinf(figures.median_queries));
  EXPECT_TRUE(std::isinf(figures.median_ratio));
  EXPECT_EQ(figures.share, 0.5);
  results.trials.pop_back();  // cma's last
  figures = row(search_efficiency(results, "policy"), "cma").incumbent;
  EXPECT_EQ(figures.num_pairs, 5);
  EXPECT_EQ(figures.median_queries, 400.0);
  EXPECT_EQ(figures.median_ratio, 1.0);
}

TEST(Efficiency, PairsEqualTasksSeedsObjectivesAndSettings) {
  Results results = comparison_run();
  results.trials[1].seed = 9;
  results.trials[3].objective = "hinge";
  results.trials[5].state = TrialState::kFailed;
  EXPECT_EQ(row(search_efficiency(results, "policy"), "cma").incumbent.num_pairs, 3);
  for (TrialRecord& trial : results.trials) {
    trial.settings = {"prompt.length=" + std::to_string(5 * trial.seed)};
  }
  results.trials.back().settings = {"prompt.length=50"};
  // Settings are pairs of their own: seeds 9 and 2 of mrpc have none, and 1 and 2 of rte have.
  const Efficiency efficiency = search_efficiency(results, "policy");
  EXPECT_EQ(row(efficiency, "cma (prompt.length=5)").incumbent.num_pairs, 1);
  EXPECT_EQ(row(efficiency, "cma (prompt.length=10)").incumbent.num_pairs, 1);
  EXPECT_THROW((void)row(efficiency, "cma (prompt.length=50)"), Error);
}

TEST(Efficiency, DoesNotPairLossesOfDifferentModels) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials)
    trial.model_fingerprint = trial.method == "policy" ? "aaaaaaaa" : "bbbbbbbb";
  EXPECT_EQ(row(search_efficiency(results, "policy"), "cma").incumbent.num_pairs, 0);
}

// Calibrated scores have other losses than those that are not, and so have more examples.
TEST(Efficiency, DoesNotPairLossesOfDifferentKinds) {
  for (const std::string other :
       {"scoring:\n  calibration: few_shot\n", "few_shot:\n  train_per_class: 32\n"}) {
    Results results = comparison_run();
    for (TrialRecord& trial : results.trials) {
      trial.config = "scoring:\n  calibration: none\n";
      if (trial.method == "policy") trial.config = other;
    }
    const Efficiency efficiency = search_efficiency(results, "policy");
    EXPECT_EQ(row(efficiency, "cma").incumbent.num_pairs, 0);
    EXPECT_GT(row(efficiency, "policy").incumbent.num_pairs, 0);
  }
}

TEST(Efficiency, HasNoRatioWhereTheReferenceItselfDoesNotGetThere) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) trial.best.fitness = 0.25;  // policy ends at 0.5
  const auto efficiency = search_efficiency(results, "policy");
  const EfficiencyRow& cma = row(efficiency, "cma");
  EXPECT_EQ(cma.returned.median_queries, 400.0);
  EXPECT_TRUE(std::isnan(cma.returned.median_ratio));
}

TEST(Efficiency, RefusesAMethodThatDidNotSearch) {
  try {
    (void)search_efficiency(comparison_run(), "bdpl");
    ADD_FAILURE() << "an unknown method was taken";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"policy\", \"cma\""));
    EXPECT_THAT(error.what(), HasSubstr("found \"bdpl\""));
  }
  EXPECT_THROW((void)search_efficiency({}, "policy"), UsageError);
}

}  // namespace
}  // namespace bbprompt
