#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "bbprompt/report/html_page.hpp"
#include "bbprompt/report/report_table.hpp"
#include "report/tables.hpp"
#include "tests/report/predicted_run.hpp"

// Chance rows, chance-normalised scores, ranks, and the two panels.
namespace bbprompt {
namespace {

using testing::alternating;
using ::testing::HasSubstr;
using testing::LabelList;
using ::testing::Not;
using testing::predicted_trial;
using testing::wrong_on;

// Method "plain" and "calibrated" on tasks of accuracy and F1, three seeds.
Results panel_run() {
  Results results;
  const LabelList gold = alternating(100);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (const std::string task : {"first", "second"}) {
      for (const std::string method : {"plain", "calibrated", "weak"}) {
        const std::size_t num_wrong = method == "plain" ? 40 : method == "weak" ? 55 : 20 + seed;
        TrialRecord trial = predicted_trial(task, method, seed,
                                            {.gold = gold,
                                             .predicted = wrong_on(gold, 0, num_wrong),
                                             .metric = task == "first" ? "accuracy" : "matthews"});
        testing::set_calibration(trial, method == "calibrated" ? "few_shot" : "none");
        trial.manual = trial.best;
        results.trials.push_back(std::move(trial));
      }
    }
  }
  return results;
}

const MatrixRow& row(const ScoreMatrix& matrix, const std::string& method, bool is_calibrated) {
  for (const MatrixRow& candidate : matrix.rows) {
    if (candidate.method == method && candidate.is_calibrated == is_calibrated) return candidate;
  }
  throw std::runtime_error("no row " + method);
}

TEST(ChanceRows, StandInEveryPanel) {
  const ScoreMatrix matrix = score_matrix(panel_run());
  for (const bool is_calibrated : {false, true}) {
    const MatrixRow& guess = row(matrix, "uniform guess", is_calibrated);
    EXPECT_EQ(guess.cells[0].figure.mean, 0.5);
    EXPECT_NEAR(guess.cells[0].figure.deviation.value(), 0.05, 1e-12);
    EXPECT_NEAR(guess.cells[1].figure.mean, 0.0, 1e-12);
    EXPECT_NEAR(guess.above_guess, 0.0, 1e-12);
    EXPECT_EQ(row(matrix, "majority label", is_calibrated).cells[0].figure.mean, 0.5);
  }
}

TEST(AboveGuess, IsZeroForAGuessAndOneWithoutError) {
  const ScoreMatrix matrix = score_matrix(panel_run());
  // Accuracy 0.60 is 0.2 above the guess's 0.5; Matthews of the same predictions is 0.2.
  EXPECT_NEAR(row(matrix, "plain", false).above_guess, 0.2, 1e-12);
  EXPECT_NEAR(row(matrix, "plain", false).average, (0.6 + 0.2) / 2.0, 1e-12);
  EXPECT_NEAR(row(matrix, "weak", false).above_guess, -0.1, 1e-4);
}

TEST(Ranks, AreWithinThePanel) {
  const ScoreMatrix matrix = score_matrix(panel_run());
  // plain: plain and its written prompt share places 1 and 2; guess and majority 3 and 4.
  EXPECT_NEAR(row(matrix, "plain", false).rank, 1.5, 1e-12);
  EXPECT_NEAR(row(matrix, "uniform guess", false).rank, 3.5, 1e-12);
  EXPECT_NEAR(row(matrix, "weak", false).rank, 5.5, 1e-12);
  EXPECT_NEAR(row(matrix, "calibrated", true).rank, 1.5, 1e-12);
}

TEST(Panels, EachMarkTheirOwnBest) {
  const ScoreMatrix matrix = score_matrix(panel_run());
  EXPECT_TRUE(row(matrix, "plain", false).cells[0].is_best);
  EXPECT_TRUE(row(matrix, "calibrated", true).cells[0].is_best);
  const std::vector<DataTable> tables = matrix_tables(matrix);
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].columns()[0].title, "plain");
  EXPECT_EQ(tables[1].columns()[0].title, "calibrated");
  EXPECT_EQ(tables[1].rows().size(), 4U);  // guess, majority, written prompt, method
}

TEST(Panels, NeverShareARowOfOneName) {
  Results results = panel_run();
  for (TrialRecord& trial : results.trials) {
    if (trial.method == "calibrated") trial.method = "plain";
  }
  const ScoreMatrix matrix = score_matrix(results);
  for (const bool is_calibrated : {false, true}) {
    const auto found =
        std::find_if(matrix.rows.begin(), matrix.rows.end(), [&](const MatrixRow& row) {
          return row.method.starts_with("plain") && row.is_calibrated == is_calibrated;
        });
    ASSERT_NE(found, matrix.rows.end()) << is_calibrated;
    EXPECT_EQ(found->cells[0].figure.num_values, 3);
  }
}

TEST(CalibrationFactor, ComparesWhatIsEqualButForScoring) {
  Results results = panel_run();
  const Comparisons found = compare(results, {});
  ASSERT_FALSE(found.calibration.comparisons.empty());
  const auto method =
      std::find_if(found.calibration.comparisons.begin(), found.calibration.comparisons.end(),
                   [](const Comparison& comparison) { return comparison.method == "calibrated"; });
  ASSERT_NE(method, found.calibration.comparisons.end());
  EXPECT_EQ(method->baseline, "plain");
  EXPECT_NEAR(method->difference.mean, 0.18, 1e-12);  // 22 rows wrong in place of 40
  EXPECT_TRUE(method->row_error.has_value());
  // Another budget is another method.
  for (TrialRecord& trial : results.trials) {
    if (trial.method == "calibrated") trial.config += "  queries: 5\n";
  }
  EXPECT_TRUE(compare(results, {}).calibration.comparisons.empty());
}

TEST(Panels, AreInEveryForm) {
  const Results results = panel_run();
  const std::string warning =
      "the raw average mixes metrics (accuracy, matthews) whose value for a guess differs";
  for (const std::string& text : {to_text(results), to_markdown(results), to_latex(results)}) {
    EXPECT_THAT(text, HasSubstr("uniform guess"));
    EXPECT_THAT(text, HasSubstr("majority label"));
    EXPECT_THAT(text, HasSubstr("above guess"));
  }
  EXPECT_THAT(to_markdown(results), HasSubstr(warning));
  EXPECT_THAT(to_html(results, {}, std::nullopt), HasSubstr(warning));
  EXPECT_THAT(to_html(results, {}, std::nullopt), HasSubstr("What calibration changes"));
  EXPECT_THAT(to_csv(results, "matrix"), HasSubstr("methods,uniform guess,first,accuracy,3,0.5,"));
  EXPECT_THAT(to_csv(results, "calibration"), HasSubstr("calibrated,plain,first,accuracy,"));
  EXPECT_THAT(to_markdown(testing::sample_run()), Not(HasSubstr("uniform guess")))
      << "results without gold labels";
}

TEST(Panels, SayWhereADifferenceIsOfCalibrationToo) {
  const std::string warning = "such a difference is that of calibration too";
  const Results results = panel_run();
  EXPECT_THAT(to_markdown(results), HasSubstr(warning));  // against "plain"
  EXPECT_THAT(to_markdown(results, {.baseline = "uniform guess"}), Not(HasSubstr(warning)));
  EXPECT_THAT(to_markdown(results, {.baseline = "plain", .compared = {"weak"}}),
              Not(HasSubstr(warning)));
}

TEST(Matrix, WithOneMetricHasNoWarningOfAMixture) {
  Results results = panel_run();
  std::erase_if(results.trials, [](const TrialRecord& trial) { return trial.task == "second"; });
  EXPECT_THAT(to_markdown(results), Not(HasSubstr("mixes metrics")));
  // A terminal shows no matrix of one task: the guess stands below the summary.
  EXPECT_THAT(to_text(results), HasSubstr("a uniform guess on the same test rows: first 50.00\n"));
}

}  // namespace
}  // namespace bbprompt
