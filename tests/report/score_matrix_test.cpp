#include "report/score_matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "bbprompt/base/error.hpp"
#include "report/paired_tests.hpp"
#include "tests/report/page_run.hpp"

namespace bbprompt {
namespace {

using testing::comparison_run;
using testing::sample_run;

const MatrixRow& row(const ScoreMatrix& matrix, const std::string& method) {
  for (const MatrixRow& candidate : matrix.rows) {
    if (candidate.method == method) return candidate;
  }
  throw Error("no row " + method);
}

TEST(ScoreMatrix, HasMeansAndDeviationsWorkedOutByHand) {
  const ScoreMatrix matrix = score_matrix(comparison_run());
  ASSERT_EQ(matrix.columns.size(), 2U);
  EXPECT_EQ(matrix.columns[1].task, "rte");
  ASSERT_EQ(matrix.rows.size(), 3U);
  EXPECT_EQ(matrix.rows[1].method, "policy");
  const MatrixRow& cma = row(matrix, "cma");
  EXPECT_NEAR(cma.cells[0].figure.mean, 0.72, 1e-15);
  // (0.02^2 + 0.01^2 + 0.03^2) / 2 = 0.0007; rte: (0.05^2 + 0.03^2 + 0.02^2) / 2 = 0.0019
  EXPECT_NEAR(cma.cells[0].figure.deviation.value(), std::sqrt(0.0007), 1e-15);
  EXPECT_NEAR(cma.cells[1].figure.mean, 0.55, 1e-15);
  EXPECT_NEAR(cma.cells[1].figure.deviation.value(), std::sqrt(0.0019), 1e-15);
  EXPECT_NEAR(cma.average, 0.635, 1e-15);
  EXPECT_NEAR(row(matrix, "policy").average, 0.57, 1e-15);
  EXPECT_EQ(cma.min_seeds(), 3);
  EXPECT_EQ(cma.max_seeds(), 3);
}

TEST(ScoreMatrix, MarksTheBestOfEachColumnAndTiesToo) {
  Results results = comparison_run();
  ScoreMatrix matrix = score_matrix(results);
  EXPECT_TRUE(row(matrix, "cma").cells[0].is_best);
  EXPECT_TRUE(row(matrix, "cma").is_best_average);
  EXPECT_FALSE(row(matrix, "policy").cells[0].is_best);
  EXPECT_FALSE(row(matrix, "policy").is_best_average);
  for (TrialRecord& trial : results.trials) trial.best.splits["test"].metric = 0.1;
  matrix = score_matrix(results);
  EXPECT_TRUE(row(matrix, "policy").cells[0].is_best == row(matrix, "cma").cells[0].is_best);
  EXPECT_TRUE(row(matrix, "manual").cells[0].is_best);
}

TEST(ScoreMatrix, TakesTheWrittenPromptFromTheTrials) {
  const ScoreMatrix matrix = score_matrix(comparison_run());
  EXPECT_TRUE(matrix.rows[0].is_written_prompt);
  EXPECT_EQ(matrix.rows[0].method, "manual");
  EXPECT_EQ(matrix.rows[0].cells[0].figure.num_values, 3);
  EXPECT_EQ(matrix.rows[0].average, 0.5);
}

// Calibration and model change what the written prompt reaches: each method has its own.
TEST(ScoreMatrix, HasARowOfTheWrittenPromptForEachSetOfMethodsThatAgree) {
  Results results = comparison_run();
  const std::vector<TrialRecord> given = results.trials;
  for (TrialRecord trial : given) {
    if (trial.method != "cma") continue;
    trial.method = "calibrated";
    trial.id += "-calibrated";
    trial.manual.splits["test"].metric = 0.7;
    results.trials.insert(results.trials.begin(), trial);
  }
  const ScoreMatrix matrix = score_matrix(results);
  ASSERT_EQ(matrix.rows.size(), 5U);
  EXPECT_NEAR(row(matrix, "manual of calibrated").average, 0.7, 1e-15);
  EXPECT_EQ(row(matrix, "manual of policy").average, 0.5);
  EXPECT_EQ(row(matrix, "calibrated").written_prompt, "manual of calibrated");
  EXPECT_EQ(row(matrix, "policy").written_prompt, "manual of policy");
  const PairedTests tests = paired_tests(matrix, {.baseline = "manual"});
  for (const Comparison& comparison : tests.comparisons) {
    if (comparison.column) continue;
    const double written = comparison.method == "calibrated" ? 0.7 : 0.5;
    const double all = comparison.method == "policy" ? 0.57 : 0.635;
    EXPECT_NEAR(comparison.difference.mean, all - written, 1e-12) << comparison.method;
  }
}

TEST(ScoreMatrix, LeavesTheWrittenPromptOutWhereNoTrialHasIt) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) trial.manual = {};
  const ScoreMatrix matrix = score_matrix(results);
  ASSERT_EQ(matrix.rows.size(), 2U);
  EXPECT_FALSE(matrix.rows[0].is_written_prompt);
}

TEST(ScoreMatrix, PrefersAMethodOfTheManualPromptAsBaseline) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) {
    if (trial.method == "policy") {
      trial.method = "manual";
      trial.best.prompt.kind = PromptRecord::Kind::kManual;
    }
  }
  const ScoreMatrix matrix = score_matrix(results);
  ASSERT_EQ(matrix.rows.size(), 2U);
  EXPECT_NEAR(row(matrix, "manual").average, 0.57, 1e-15);
  EXPECT_FALSE(row(matrix, "manual").is_written_prompt);
}

TEST(ScoreMatrix, DoesNotTakePromptsOfOtherTasksForTheManualOne) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) {
    trial.best.prompt.kind = PromptRecord::Kind::kManual;
    trial.method = "from-mrpc";
  }
  EXPECT_TRUE(score_matrix(results).rows[0].is_written_prompt);
  EXPECT_EQ(transfer_source("from-mrpc"), "mrpc");
  EXPECT_EQ(transfer_source("policy"), "");
}

TEST(ScoreMatrix, HasNoAverageForAMethodThatMissesATask) {
  const ScoreMatrix matrix = score_matrix(sample_run());  // discrete is on mrpc only
  const MatrixRow& discrete = row(matrix, "discrete");
  EXPECT_EQ(discrete.cells[1].figure.num_values, 0);
  EXPECT_TRUE(std::isnan(discrete.average));
  EXPECT_FALSE(discrete.is_best_average);
  EXPECT_FALSE(discrete.cells[1].is_best);
}

TEST(ScoreMatrix, CountsTrialsOfOneSeedAsOne) {
  Results results = comparison_run();
  TrialRecord again = results.trials[1];  // cma on mrpc, seed 1: 0.70
  again.id += "-again";
  again.best.splits["test"].metric = 0.80;
  results.trials.push_back(again);
  const auto matrix = score_matrix(results);
  const MatrixCell& cell = row(matrix, "cma").cells[0];
  EXPECT_EQ(cell.figure.num_values, 3);
  EXPECT_NEAR(cell.by_seed.at(1), 0.75, 1e-15);
}

TEST(ScoreMatrix, NeverAveragesOverDifferentSettings) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) {
    const std::string length = trial.seed == 1 ? "5" : "10";
    trial.settings = {"task=" + trial.task, "prompt.length=" + length, "model=tiny"};
    if (trial.method == "policy") trial.settings[1] = "prompt.length=5";
  }
  const ScoreMatrix matrix = score_matrix(results);
  ASSERT_EQ(matrix.rows.size(), 4U);
  EXPECT_EQ(matrix.rows[1].method, "policy");  // it has one length only
  EXPECT_EQ(row(matrix, "cma").cells[0].figure.num_values, 1);
  EXPECT_EQ(row(matrix, "cma (prompt.length=10)").cells[0].figure.num_values, 2);
  EXPECT_TRUE(row(matrix, "cma (prompt.length=10)").is_variation);
  EXPECT_FALSE(row(matrix, "cma").is_variation);
}

TEST(ScoreMatrix, SaysEveryValueWhereNoneIsUsual) {
  Results results = comparison_run();
  std::map<std::string, std::vector<std::string>> lengths = {{"policy", {"5", "10"}},
                                                             {"cma", {"5", "10"}}};
  for (TrialRecord& trial : results.trials) {
    trial.settings = {"prompt.length=" + lengths[trial.method][trial.seed == 1 ? 0 : 1]};
  }
  EXPECT_TRUE(row(score_matrix(results), "cma (prompt.length=5)").is_variation);
  // One method without the axis: what it would have is not known.
  for (TrialRecord& trial : results.trials) {
    if (trial.method == "policy") trial.settings = {"prompt.length=5"};
    if (trial.method == "cma" && trial.seed == 1) trial.settings = {};
    if (trial.method == "cma" && trial.seed == 2) trial.settings = {"prompt.length=5"};
  }
  EXPECT_EQ(row(score_matrix(results), "cma").cells[0].figure.num_values, 1);
  EXPECT_TRUE(row(score_matrix(results), "cma (prompt.length=5)").is_variation);
  EXPECT_TRUE(row(score_matrix(results), "cma (prompt.length=10)").is_variation);
}

TEST(MatrixParts, SetVariationsApartFromTheMethodsToCompare) {
  const ScoreMatrix matrix = score_matrix(testing::page_run());
  const MatrixParts parts = split_variations(matrix);
  ASSERT_EQ(parts.methods.rows.size(), 3U);
  EXPECT_EQ(parts.methods.rows[2].method, "cma");
  EXPECT_NEAR(parts.methods.rows[2].average, 0.635, 1e-15);
  EXPECT_TRUE(parts.methods.rows[2].is_best_average);
  ASSERT_EQ(parts.variations.rows.size(), matrix.rows.size() - 3U);
  EXPECT_EQ(parts.variations.rows.back().method, "from-rte");
  EXPECT_EQ(split_variations(matrix, "from-rte").methods.rows.size(), matrix.rows.size());
}

TEST(MatrixParts, KeepOnlyTasksWithFigures) {
  Results results = comparison_run();
  TrialRecord other = results.trials[0];
  other.id = "third-from-mrpc-s1";
  other.task = "third";
  other.method = "from-mrpc";
  results.trials.push_back(other);
  const MatrixParts parts = split_variations(score_matrix(results));
  EXPECT_EQ(parts.methods.columns.size(), 2U);
  ASSERT_EQ(parts.variations.columns.size(), 1U);
  EXPECT_EQ(parts.variations.columns[0].task, "third");
  EXPECT_NEAR(parts.variations.rows[0].average, 0.6, 1e-15);
}

TEST(MatrixParts, KeepEverythingTogetherWhereAllIsVariation) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) {
    trial.settings = {"prompt.length=" + std::to_string(trial.seed)};
  }
  const MatrixParts parts = split_variations(score_matrix(results));
  EXPECT_EQ(parts.methods.rows.size(), 7U);
  EXPECT_TRUE(parts.variations.rows.empty());
}

TEST(ScoreMatrix, KeepsDifferentMetricsOfATaskApart) {
  Results results = comparison_run();
  results.trials[0].metric = "macro_f1";
  EXPECT_EQ(score_matrix(results).columns.size(), 3U);
  EXPECT_TRUE(score_matrix({}).rows.empty());
}

}  // namespace
}  // namespace bbprompt
