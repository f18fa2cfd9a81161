#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "report/paired_tests.hpp"
#include "report/row_bootstrap.hpp"
#include "report/tables.hpp"
#include "tests/report/predicted_run.hpp"

// Errors over seeds and test rows.
namespace bbprompt {
namespace {

using testing::alternating;
using testing::LabelList;
using testing::predicted_trial;
using testing::wrong_on;

// Two methods over seeds 1, 2, ... on the same rows. The baseline is wrong on the first `num_won`
// rows of each seed, which the method has right; the method is wrong on the last `num_lost`.
Results duel(std::size_t num_rows, const std::vector<std::size_t>& num_won,
             const std::vector<std::size_t>& num_lost) {
  const LabelList gold = alternating(num_rows);
  Results results;
  for (std::size_t i = 0; i < num_won.size(); ++i) {
    results.trials.push_back(predicted_trial(
        "task", "random", i + 1, {.gold = gold, .predicted = wrong_on(gold, 0, num_won[i])}));
    results.trials.push_back(predicted_trial(
        "task", "search", i + 1,
        {.gold = gold, .predicted = wrong_on(gold, num_rows - num_lost[i], num_rows)}));
  }
  return results;
}

// Of the one method against the other on the one task.
Comparison compared_on_rows(const Results& results) {
  const ScoreMatrix matrix = score_matrix(results);
  PairedTests tests = paired_tests(matrix);
  measure_rows(tests, matrix, results);
  return tests.comparisons.front();
}

// RTE has 277 test rows. All five seeds agree that the method is 12 or 13 rows worse, but the two
// methods answer 125 of these rows differently: other rows may well have given 12 more.
TEST(RowErrors, AreWhatTheSeedsOfRteDoNotShow) {
  const Comparison rte = compared_on_rows(duel(277, {56, 56, 56, 56, 56}, {68, 68, 68, 68, 69}));
  EXPECT_NEAR(rte.difference.mean, -0.0440, 5e-5);
  EXPECT_NEAR(rte.difference.deviation.value(), 0.0016, 5e-5);
  EXPECT_NEAR(rte.row_error.value(), 0.040, 0.002);
  EXPECT_NEAR(rte.error.value(), 0.040, 0.002);
  EXPECT_FALSE(rte.is_beyond_noise());
  EXPECT_LT(rte.test->low, -0.11);
  EXPECT_GT(rte.test->high, 0.02);
  EXPECT_FALSE(rte.is_level()) << "not shown to be level either";
  const PairedTTest seeds = paired_t_test(
      std::vector<double>({-12.0 / 277, -12.0 / 277, -12.0 / 277, -12.0 / 277, -13.0 / 277}));
  EXPECT_LT(seeds.p.value(), 1e-5) << "which seeds alone would call certain";
}

TEST(RowErrors, AddToThatOfTheSeedsOfMr) {
  // 1,000 rows; differences of -1, 5, 10, 18 and 24 rows.
  const Comparison mr = compared_on_rows(duel(1000, {55, 61, 66, 74, 80}, {56, 56, 56, 56, 56}));
  EXPECT_NEAR(mr.difference.mean, 0.0112, 1e-9);
  EXPECT_NEAR(mr.seed_error().value(), 0.0044, 1e-4);
  EXPECT_NEAR(mr.error.value(), 0.0120, 5e-4);
  EXPECT_FALSE(mr.is_beyond_noise());
}

TEST(RowErrors, LeaveALargeDifferenceStanding) {
  const Comparison large = compared_on_rows(duel(400, {90, 95, 92, 88, 91}, {10, 12, 9, 11, 10}));
  EXPECT_TRUE(large.is_beyond_noise());
  EXPECT_FALSE(large.is_level());
  EXPECT_LT(large.row_error.value(), 0.03);
}

TEST(RowErrors, ShowThatTwoMethodsAreLevel) {
  // They answer ten of 10,000 rows differently.
  const Comparison level = compared_on_rows(duel(10000, {5, 6, 5, 4, 5}, {5, 5, 5, 5, 5}));
  EXPECT_TRUE(level.is_level());
  EXPECT_FALSE(level.is_beyond_noise());
}

// With one list of rows and accuracy, the bootstrap's error is that of a mean of -1, 0 and 1.
TEST(RowErrors, AgreeWithTheFormulaOfAMean) {
  const Comparison one = compared_on_rows(duel(500, {60, 60}, {40, 40}));
  const double mean = 20.0 / 500.0;
  const double formula = std::sqrt((100.0 / 500.0 - mean * mean) / 500.0);
  EXPECT_NEAR(one.row_error.value(), formula, 0.08 * formula);  // 5 standard errors of 2,000 draws
  EXPECT_EQ(one.row_error, compared_on_rows(duel(500, {60, 60}, {40, 40})).row_error);
}

TEST(RowErrors, ClaimNothingWithOneSeedOrWithoutPredictions) {
  const Comparison single = compared_on_rows(duel(400, {90}, {0}));
  EXPECT_TRUE(single.row_error.has_value());
  EXPECT_FALSE(single.test.has_value());
  EXPECT_FALSE(single.is_beyond_noise());
  Results without = duel(400, {90, 91, 92}, {0, 0, 0});
  for (TrialRecord& trial : without.trials) trial.best.splits["test"].predicted.clear();
  const Comparison unknown = compared_on_rows(without);
  EXPECT_FALSE(unknown.row_error.has_value());
  EXPECT_LT(unknown.adjusted.value(), kSignificance) << "over seeds alone";
  EXPECT_FALSE(unknown.is_beyond_noise());
}

TEST(RowErrors, ComparesWithAGuessAndWithTheMajority) {
  const Results results = duel(400, {90, 95, 92}, {10, 12, 9});
  const ScoreMatrix matrix = score_matrix(results);
  for (const std::string baseline : {"uniform guess", "majority label"}) {
    PairedTests tests = paired_tests(matrix, {.baseline = baseline});
    measure_rows(tests, matrix, results);
    ASSERT_EQ(tests.comparisons.size(), 4U) << baseline;  // two methods, a task and all
    EXPECT_TRUE(tests.comparisons[0].is_beyond_noise()) << baseline;
    EXPECT_GT(tests.comparisons[0].difference.mean, 0.2);
  }
}

// Two methods of equal worth: rows differ in how hard they are, seeds in how good their prompts
// are.
Results equal_methods(std::uint64_t run) {
  RandomStream random({.seed = run, .purpose = "equal_methods"});
  const LabelList gold = alternating(100);
  std::vector<double> hardness;
  for (std::size_t i = 0; i < gold.size(); ++i) hardness.push_back(random.normal());
  Results results;
  for (const std::string method : {"random", "search"}) {
    std::vector<double> taste;  // of the method for each row
    for (std::size_t i = 0; i < gold.size(); ++i) taste.push_back(random.normal());
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const double quality = 0.7 + 0.05 * random.normal();
      LabelList predicted = gold;
      for (std::size_t i = 0; i < gold.size(); ++i) {
        const double ease = quality - hardness[i] - taste[i] - 0.5 * random.normal();
        if (ease < 0.0) predicted[i] = 1 - predicted[i];
      }
      results.trials.push_back(
          predicted_trial("task", method, seed, {.gold = gold, .predicted = predicted}));
    }
  }
  return results;
}

// A test at 5 % may find a difference where there is none in 5 % of the runs. Over seeds alone it
// finds one in far more.
TEST(RowErrors, FindNoMoreThanTheyMayWhereThereIsNothing) {
  constexpr int kRuns = 150;
  int num_found = 0;
  int num_found_by_seeds = 0;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const Results results = equal_methods(run);
    num_found += compared_on_rows(results).test->p < 0.05 ? 1 : 0;
    num_found_by_seeds +=
        paired_tests(score_matrix(results)).comparisons.front().test->p < 0.05 ? 1 : 0;
  }
  RecordProperty("found", num_found);
  RecordProperty("found_by_seeds", num_found_by_seeds);
  EXPECT_LE(num_found, 0.1 * kRuns);
  EXPECT_GE(num_found_by_seeds, 0.2 * kRuns);
}

// Of every test that is declared, and of no other.
TEST(DeclaredSet, IsWhatHolmCorrectsFor) {
  Results results = duel(400, {30, 31, 29}, {10, 12, 9});
  Results more = results;
  for (const TrialRecord& trial : results.trials) {
    if (trial.method != "search") continue;
    more.trials.push_back(trial);
    more.trials.back().method = "other";
    more.trials.back().id += "-other";
  }
  const ScoreMatrix matrix = score_matrix(more);
  const auto adjusted = [&](const std::vector<std::string>& methods) {
    PairedTests tests = paired_tests(matrix, {.baseline = "random", .methods = methods});
    measure_rows(tests, matrix, more);
    return tests.comparisons.front().adjusted.value();
  };
  EXPECT_DOUBLE_EQ(adjusted({}), 2.0 * adjusted({"search"}));
  EXPECT_THROW((void)paired_tests(matrix, {.methods = {"nothing"}}), UsageError);
}

struct StoredTest {
  double difference, error, degrees, margin, p, low, high, p_level;
};

// scipy 1.10.1: 2 t.sf(|d / e|, f); t.interval(0.95, f, d, e); max(t.sf((m + d) / e, f),
// t.sf((m - d) / e, f)).
constexpr StoredTest kOfScipy[] = {{0.0112, 0.0044, 4, 0.01, 0.0636114419385976,
                                    -0.00101635846287032, 0.0234163584628703, 0.600718261134874},
                                   {0.0112, 0.012, 57.3, 0.01, 0.354564301053434,
                                    -0.0128268592043246, 0.0352268592043246, 0.539653307323425},
                                   {-0.044, 0.04, 250.5, 0.01, 0.27238809195637, -0.122779170882037,
                                    0.0347791708820372, 0.801931623408352},
                                   {0.001, 0.002, 7, 0.01, 0.632407135689284, -0.0037292485020206,
                                    0.0057292485020206, 0.00139916503892131},
                                   {0.03, 0.001, 1, 0.01, 0.0212128048110708, 0.0172937952635679,
                                    0.0427062047364321, 0.984097748743824},
                                   {-0.002, 0.0031, 3.5, 0.01, 0.558651389360827,
                                    -0.0111142747777466, 0.00711427477774661, 0.0349913130229018}};

TEST(StudentTest, AgreesWithScipy) {
  for (const StoredTest& stored : kOfScipy) {
    const StudentTest found =
        student_test(stored.difference,
                     {.error = stored.error, .degrees = stored.degrees, .margin = stored.margin});
    EXPECT_NEAR(found.p, stored.p, 1e-12);
    EXPECT_NEAR(found.low, stored.low, 1e-10);
    EXPECT_NEAR(found.high, stored.high, 1e-10);
    EXPECT_NEAR(found.p_level, stored.p_level, 1e-12);
  }
}

// scipy 1.10.1: ttest_1samp, and permutation_test with all samples of signs.
TEST(TestsOverTasks, AgreeWithScipy) {
  const std::vector<double> tasks{0.012, -0.004, 0.031, 0.008, 0.02, 0.017, -0.001, 0.009};
  EXPECT_NEAR(paired_t_test(tasks).t.value(), 2.8717966563868593, 1e-12);
  EXPECT_NEAR(paired_t_test(tasks).p.value(), 0.023930466783251305, 1e-12);
  EXPECT_DOUBLE_EQ(sign_flip_test(tasks).value(), 0.03125);
}

}  // namespace
}  // namespace bbprompt
