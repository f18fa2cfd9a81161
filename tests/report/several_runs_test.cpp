#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/report/html_page.hpp"
#include "bbprompt/report/merge_runs.hpp"
#include "report/efficiency.hpp"
#include "report/figures.hpp"
#include "report/paired_tests.hpp"
#include "report/trial_variants.hpp"
#include "tests/report/comparison_run.hpp"

// Runs that differ in more than the seed, put together: nothing of them is averaged.
namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::sample_search;
using testing::sample_trial;

struct Kind {
  std::string name = "case";
  std::string model = "a";
  std::string fingerprint = "aaaaaaaaaaaa";
  std::string budget = "40";
  std::string text = "\"{prompt} {text_a} {mask}\"";
  std::vector<std::uint64_t> seeds{1, 2};
  double test = 0.9;
  double manual = 0.5;
  std::vector<std::string> methods{"discrete"};
  std::string task = "mood";
};

Results run_of(const Kind& kind) {
  Results results;
  results.run.name = kind.name;
  for (const std::string& method : kind.methods) {
    for (const std::uint64_t seed : kind.seeds) {
      TrialRecord trial = sample_trial(kind.task, method, seed,
                                       {.dev = kind.test,
                                        .dev_loss = 0.1,
                                        .test = kind.test + 0.01 * static_cast<double>(seed)});
      trial.config = "name: " + kind.name + "\nmodel:\n  kind: replica\n  path: " + kind.model +
                     "\ntask:\n  name: " + kind.task + "\n  template: " + kind.text +
                     "\n  labels:\n    down: [bad, sad]\n    up: good\nprompt:\n  kind: " + method +
                     "\nbudget:\n  evaluations: " + kind.budget + "\nseeds: [" +
                     std::to_string(seed) + "]\n";
      trial.id += "-" + std::to_string(std::hash<std::string>()(trial.config + kind.fingerprint));
      trial.model_fingerprint = kind.fingerprint;
      trial.objective = "cross_entropy";
      trial.manual.splits["test"].metric = kind.manual;
      trial.generations = sample_search({0.9, 0.5});
      results.trials.push_back(std::move(trial));
    }
  }
  return results;
}

Results merged(const std::vector<Kind>& kinds) {
  std::vector<NamedResults> runs;
  for (const Kind& kind : kinds)
    runs.push_back({"out/" + std::to_string(runs.size()), run_of(kind)});
  return merge_runs(std::move(runs)).results;
}

std::vector<std::string> rows_of(const Results& results) {
  std::vector<std::string> rows;
  for (const MatrixRow& row : score_matrix(results).rows) {
    if (row.is_written_prompt) continue;
    rows.push_back(row.method);
    for (const MatrixCell& cell : row.cells) {
      for (const auto& [seed, value] : cell.by_seed)
        rows.back() += " " + std::to_string(seed) + ":" + std::to_string(value).substr(0, 4);
    }
  }
  return rows;
}

TEST(SeveralRuns, OfOneExperimentAreOneMethod) {
  EXPECT_THAT(rows_of(merged({{.seeds = {1, 2}}, {.seeds = {3, 4}}})),
              ElementsAre("discrete 1:0.91 2:0.92 3:0.93 4:0.94"));
  // The experiment's name changes nothing, nor does the place of the same model.
  EXPECT_THAT(rows_of(merged({{}, {.name = "other", .model = "/moved/a", .seeds = {3}}})),
              ElementsAre("discrete 1:0.91 2:0.92 3:0.93"));
}

TEST(SeveralRuns, AreApartWhateverDiffers) {
  const Kind other_model{.model = "b", .fingerprint = "bbbbbbbbbbbb", .test = 0.6};
  EXPECT_THAT(rows_of(merged({{}, other_model})),
              ElementsAre("discrete (model.path=a) 1:0.91 2:0.92",
                          "discrete (model.path=b) 1:0.61 2:0.62"));
  EXPECT_THAT(rows_of(merged({{}, {.budget = "80", .seeds = {3}}})),
              ElementsAre("discrete (budget.evaluations=40) 1:0.91 2:0.92",
                          "discrete (budget.evaluations=80) 3:0.93"));
  EXPECT_THAT(rows_of(merged({{}, {.text = "\"{text_a} {mask} {prompt}\"", .test = 0.5}})),
              ElementsAre("discrete (task.template={prompt} {text_a} {mask}) 1:0.91 2:0.92",
                          "discrete (task.template={text_a} {mask} {prompt}) 1:0.51 2:0.52"));
  // A model that was trained further in its place.
  EXPECT_THAT(rows_of(merged({{}, {.fingerprint = "bbbbbbbbbbbb", .seeds = {3}}})),
              ElementsAre("discrete (model_fingerprint=aaaaaaaa) 1:0.91 2:0.92",
                          "discrete (model_fingerprint=bbbbbbbb) 3:0.93"));
}

// The rows of the files are not the same, though their names are.
TEST(SeveralRuns, AreApartWhereTheTestRowsDiffer) {
  std::vector<NamedResults> runs{{"out/a", run_of({})}, {"out/b", run_of({.seeds = {3}})}};
  for (TrialRecord& trial : runs[0].results.trials) trial.gold["test"] = {0, 1, 0};
  for (TrialRecord& trial : runs[1].results.trials) trial.gold["test"] = {1, 1, 0};
  const auto rows = rows_of(merge_runs(std::move(runs)).results);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0], HasSubstr("discrete (test_rows="));
}

TEST(SeveralRuns, NameALotOfDifferencesByAHash) {
  std::vector<NamedResults> runs{{"out/a", run_of({})}, {"out/b", run_of({.seeds = {3}})}};
  for (std::size_t i = 0; i < 2; ++i) {
    for (TrialRecord& trial : runs[i].results.trials) {
      for (char key = 'a'; key <= 'f'; ++key)
        trial.config += std::string(1, key) + ": " + std::to_string(i) + "\n";
    }
  }
  const auto rows = rows_of(merge_runs(std::move(runs)).results);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0], HasSubstr("discrete (a=0, b=0, c=0, 3 more="));
  EXPECT_NE(rows[0].substr(0, 45), rows[1].substr(0, 45));
}

TEST(SeveralRuns, ShortenLongValuesAndKeepThemApart) {
  const std::string shared = std::string(100, 'x');
  const auto rows = rows_of(merged({{.text = shared + "1"}, {.text = shared + "2", .seeds = {3}}}));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_LT(rows[0].size(), 130U);
  EXPECT_NE(rows[0].substr(0, 90), rows[1].substr(0, 90));
}

TEST(SeveralRuns, LeaveTheUsualValueOutOfTheName) {
  const Kind both{.methods = {"discrete", "soft"}};
  EXPECT_THAT(rows_of(merged({both, {.budget = "80", .test = 0.5}})),
              ElementsAre("discrete 1:0.91 2:0.92", "soft 1:0.91 2:0.92",
                          "discrete (budget.evaluations=80) 1:0.51 2:0.52"));
}

// The other task's settings are no difference; its model is.
TEST(SeveralRuns, DoNotAverageTasksOfDifferentModels) {
  EXPECT_THAT(rows_of(merged({{}, {.text = "\"{mask}\"", .task = "topic"}})),
              ElementsAre("discrete 1:0.91 2:0.92 1:0.91 2:0.92"));
  EXPECT_THAT(rows_of(merged({{}, {.budget = "80", .task = "topic"}})),
              ElementsAre("discrete (budget.evaluations=40) 1:0.91 2:0.92",
                          "discrete (budget.evaluations=80) 1:0.91 2:0.92"));
  // Of one run, the sweep gives a task another budget: that is the method. No run has two models.
  const Kind topic{.budget = "80", .task = "topic"};
  Results one = merged({{}, topic});
  one.run.config_resolved = "name: case\n";
  EXPECT_EQ(rows_of(one).size(), 1U);
  const Kind other{.model = "b", .fingerprint = "bbbbbbbbbbbb", .task = "topic"};
  EXPECT_THAT(rows_of(merged({{}, other})), ElementsAre("discrete (model.path=a) 1:0.91 2:0.92",
                                                        "discrete (model.path=b) 1:0.91 2:0.92"));
}

// Written prompts of different models are not one, even where no seed shows it.
TEST(SeveralRuns, DoNotAverageTheWrittenPrompt) {
  const ScoreMatrix matrix = score_matrix(
      merged({{}, {.model = "b", .fingerprint = "bbbbbbbbbbbb", .seeds = {3, 4}, .manual = 0.75}}));
  std::vector<std::string> written;
  for (const MatrixRow& row : matrix.rows) {
    if (!row.is_written_prompt) continue;
    written.push_back(row.method);
    EXPECT_EQ(row.cells[0].figure.num_values, 2);
    EXPECT_EQ(row.cells[0].figure.deviation, 0.0);
  }
  EXPECT_THAT(written, ElementsAre("manual of discrete (model.path=a)",
                                   "manual of discrete (model.path=b)"));
  // Of one model, other seeds go on: that is what parts of a sweep are.
  EXPECT_EQ(score_matrix(merged({{}, {.budget = "80", .seeds = {3}}})).rows[0].method, "manual");
}

TEST(SeveralRuns, ArePairedSeedBySeedAndNeverAveragedBefore) {
  const Kind other{.model = "b", .fingerprint = "bbbbbbbbbbbb", .test = 0.6};
  const PairedTests tests = paired_tests(score_matrix(merged({{}, other})));
  EXPECT_EQ(tests.baseline, "discrete (model.path=a)");
  ASSERT_FALSE(tests.comparisons.empty());
  EXPECT_EQ(tests.comparisons[0].method, "discrete (model.path=b)");
  EXPECT_NEAR(tests.comparisons[0].difference.mean, -0.3, 1e-12);
}

TEST(SeveralRuns, AreApartInEveryForm) {
  const Kind other{.model = "b", .fingerprint = "bbbbbbbbbbbb", .test = 0.6};
  MergedRuns runs = merge_runs({{"out/a", run_of({})}, {"out/b", run_of(other)}});
  const ReportRequest request{
      .baseline = "", .efficiency = "discrete", .run_of_trial = runs.run_of_trial};
  const Results& results = runs.results;
  for (const std::string& text :
       {to_text(results, request), to_markdown(results, request),
        to_csv(results, "matrix", request), to_csv(results, "efficiency", request),
        to_json(results, request), to_html(results, request, std::nullopt)}) {
    EXPECT_THAT(text, HasSubstr("model.path=a"));
    EXPECT_THAT(text, HasSubstr("model.path=b"));
  }
  EXPECT_THAT(to_latex(results, request), HasSubstr("discrete (model.path=b)"));
  EXPECT_THAT(to_csv(results, "matrix", request), Not(HasSubstr(",discrete,")));
  EXPECT_THAT(to_text(results, request), HasSubstr("out/b  discrete (model.path=b)       2"));
  EXPECT_THAT(to_csv(results, request), HasSubstr(",out/a\r\n"));
  EXPECT_THAT(to_csv(results, request), HasSubstr(",out/b\r\n"));
  const FigureGroup curves = search_figures(results);
  ASSERT_EQ(curves.figures.size(), 2U);
  EXPECT_EQ(curves.figures[0].files.size(), 2U);
  for (const EfficiencyRow& row : search_efficiency(results, "discrete").rows)
    EXPECT_EQ(row.incumbent.num_pairs, row.method == "discrete" ? 0 : 2) << row.method;
}

TEST(SeveralRuns, CountSeedsAndNotTrials) {
  const Summary summary = summarize(merged({{}, {.seeds = {2, 3}, .test = 0.9}}));
  ASSERT_EQ(summary.rows.size(), 1U);
  EXPECT_EQ(summary.rows[0].num_seeds, 3);
}

// A failed trial knows neither its model nor its rows.
TEST(SeveralRuns, KeepFailedTrialsWithTheirMethod) {
  Results results = run_of({});
  results.trials[1].state = TrialState::kFailed;
  results.trials[1].model_fingerprint.clear();
  const Summary summary = summarize(results);
  ASSERT_EQ(summary.rows.size(), 1U);
  EXPECT_EQ(summary.rows[0].num_failed, 1);
}

}  // namespace
}  // namespace bbprompt
