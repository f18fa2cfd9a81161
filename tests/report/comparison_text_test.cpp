#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/store/results_file.hpp"
#include "tests/report/comparison_run.hpp"
#include "tests/support.hpp"

// The matrix, the tests and the efficiency table in every form but HTML.
namespace bbprompt {
namespace {

using testing::comparison_run;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Names with what each form takes for its own.
Results hostile_run() {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) {
    if (trial.method == "cma") trial.method = "a|b_c*d`e<f>&g\\h{i}$j%k#l^m~n\"o";
  }
  return results;
}

TEST(ComparisonText, ShowsTheMatrixAndTheTestsFirst) {
  EXPECT_THAT(
      to_text(comparison_run(), {.baseline = "", .efficiency = "policy"}),
      StartsWith(
          "method  seeds           mrpc            rte  average\n"
          "------  -----  -------------  -------------  -------\n"
          "manual      3  50.00 ± 0.00   50.00 ± 0.00    50.00\n"
          "policy      3  62.00 ± 2.00   52.00 ± 2.00    57.00\n"
          "cma         3  72.00 ± 2.65*  55.00 ± 4.36*   63.50*\n"
          "test metric (accuracy) times 100, mean ± sample standard deviation over seeds; average: "
          "mean of the\n"
          "means over all tasks; marked: best of the column; manual: the written prompt\n"
          "\n"
          "method  task  n  differ  ± seeds  ± rows     95 % interval  p (Holm)  verdict\n"
          "------  ----  -  ------  -------  ------  ----------------  --------  -------\n"
          "cma     mrpc  3  +10.00     0.58       -   +7.52 to +12.48    0.0100  open\n"
          "cma     rte   3   +3.00     1.73       -   -4.45 to +10.45    0.4508  open\n"
          "cma     all   2   +6.50     3.50       -  -37.97 to +50.97    0.4508  open\n"));
  const std::string text = to_text(comparison_run(), {.baseline = "", .efficiency = "policy"});
  EXPECT_THAT(text, HasSubstr("policy      6             400          1.00           100 %"));
  EXPECT_THAT(text, HasSubstr("cma         6             200          0.50           100 %"));
}

TEST(ComparisonText, ShowsTheTestsAndNoMatrixOfASingleTaskUnlessAsked) {
  Results results = comparison_run();
  std::erase_if(results.trials, [](const TrialRecord& trial) { return trial.task == "rte"; });
  EXPECT_THAT(to_text(results), Not(HasSubstr("average")));
  EXPECT_THAT(
      to_text(results),
      HasSubstr("cma     mrpc  3  +10.00     0.58       -  +7.52 to +12.48    0.0033  open"));
  EXPECT_THAT(to_text(results, {.baseline = "policy", .efficiency = ""}), HasSubstr("average"));
}

TEST(ComparisonText, ShowsNoTestsOfASingleMethod) {
  Results results = comparison_run();
  std::erase_if(results.trials, [](const TrialRecord& trial) { return trial.method == "cma"; });
  EXPECT_THAT(to_text(results), Not(HasSubstr("paired")));
}

TEST(ComparisonText, SaysHowToGetTestsThatAreTooManyForATerminal) {
  Results results = comparison_run();
  std::erase_if(results.trials, [](const TrialRecord& trial) { return trial.method == "cma"; });
  std::erase_if(results.trials, [](const TrialRecord& trial) { return trial.task == "rte"; });
  const std::vector<TrialRecord> given = results.trials;
  for (int length = 1; length <= 50; ++length) {
    for (TrialRecord trial : given) {
      trial.id += "-" + std::to_string(length);
      trial.settings = {"prompt.length=" + std::to_string(length)};
      results.trials.push_back(std::move(trial));
    }
  }
  EXPECT_THAT(to_text(results), StartsWith("paired tests: 100 rows, shown with --baseline METHOD"));
}

TEST(ComparisonText, ToleratesTrialsWithoutAManualEvaluation) {
  Results results = comparison_run();
  for (TrialRecord& trial : results.trials) trial.manual = {};
  const std::string text = to_text(results);
  EXPECT_THAT(text, Not(HasSubstr("manual      3")));
  EXPECT_THAT(text, HasSubstr("cma         3       0  accuracy  50.00 ± 0.00  72.00 ± 2.65       "
                              "-     -"));
}

TEST(ComparisonMarkdown, MarksTheBestAndEscapesNames) {
  const std::string text = to_markdown(hostile_run());
  EXPECT_THAT(text, HasSubstr("| method | seeds | mrpc | rte | average |\n"
                              "| :-- | --: | --: | --: | --: |\n"
                              "| manual | 3 | 50.00 ± 0.00 | 50.00 ± 0.00 | 50.00 |\n"));
  EXPECT_THAT(text, HasSubstr("| a\\|b\\_c\\*d\\`e&lt;f&gt;&amp;g\\\\h{i}$j%k#l^m\\~n\"o | 3 | "
                              "**72.00 ± 2.65** | **55.00 ± 4.36** | **63.50** |\n"));
}

TEST(ComparisonLatex, MarksTheBestAndEscapesNames) {
  const std::string text = to_latex(hostile_run());
  EXPECT_THAT(text, StartsWith("\\begin{table}\n\\centering\n\\caption{"));
  EXPECT_THAT(text, HasSubstr("\\begin{tabular}{lrrrr}\n\\toprule\n"
                              "  method & seeds & mrpc & rte & average \\\\\n\\midrule\n"
                              "  manual & 3 & 50.00 $\\pm$ 0.00 &"));
  EXPECT_THAT(text,
              HasSubstr("  a\\textbar{}b\\_c{*}d`e\\textless{}f\\textgreater{}\\&g"
                        "\\textbackslash{}h\\{i\\}{\\ttfamily\\char36}j\\%k\\#l\\textasciicircum{}m"
                        "\\textasciitilde{}n{\\ttfamily\\char34}o & 3 & \\textbf{72.00 $\\pm$ "
                        "2.65} & "));
  EXPECT_THAT(text, EndsWith("\\bottomrule\n\\end{tabular}\n\\end{table}\n"));
  EXPECT_THAT(to_latex(comparison_run(), {.baseline = "cma", .efficiency = ""}),
              HasSubstr(" & $-$10.00 & "));
}

TEST(ComparisonCsv, HasALinePerCellComparisonAndMethod) {
  const Results results = comparison_run();
  EXPECT_THAT(
      to_csv(results, "matrix"),
      StartsWith(
          "part,method,task,metric,seeds,mean,deviation,best,average,best_average,panel,guess,"
          "above_guess,rank\r\n"
          "methods,manual,mrpc,accuracy,3,0.5,0.0,false,0.5,false,plain,,,3.0\r\n"));
  EXPECT_THAT(to_csv(results, "tests"), HasSubstr("cma,policy,,,tasks,2,0.0649"));
  const ReportRequest request{.baseline = "", .efficiency = "policy"};
  EXPECT_THAT(
      to_csv(results, "efficiency", request),
      HasSubstr("\r\ncma,policy,6,200.0,0.5,1.0,200.0,0.6666666666666666,1.0,200.0,0.5,1.0\r\n"));
  EXPECT_EQ(
      to_csv({}, "tests"),
      "method,baseline,task,metric,test,pairs,difference,deviation,seed_error,row_error,error,t,"
      "p,low,high,p_level,p_holm,beyond_noise,margin,p_level_holm,level,p_sign_flip\r\n");
  EXPECT_EQ(to_csv(results, "trials"), to_csv(results));
  EXPECT_THROW((void)to_csv(results, "summary"), UsageError);
}

TEST(ComparisonJson, CarriesMatrixTestsAndEfficiency) {
  const auto document =
      parse_json(to_json(comparison_run(), {.baseline = "cma", .efficiency = "policy"}));
  EXPECT_EQ(document["matrix"].size(), 6U);
  EXPECT_EQ(document["matrix"][4]["method"], "cma");
  EXPECT_EQ(document["matrix"][4]["best"], true);
  EXPECT_EQ(document["tests"].size(), 3U);
  EXPECT_EQ(document["tests"][0]["baseline"], "cma");
  EXPECT_EQ(document["tests"][2]["task"], nullptr);
  EXPECT_EQ(document["efficiency"][1]["final_median_queries"], 200.0);
  EXPECT_EQ(parse_json(to_json(comparison_run()))["efficiency"].size(), 0U);
}

// What is left out of a quick reading is in no table.
TEST(ComparisonText, ARecordReadForTablesShowsTheSame) {
  Results run = comparison_run();
  for (TrialRecord& trial : run.trials) {
    trial.labels = {"no", "yes"};
    trial.best.prompt.kind = PromptRecord::Kind::kDiscrete;
    trial.gold["test"] = {0, 1};
    trial.best.splits["test"].predicted = {1, 1};
    trial.best.prompt.point = {1.0};
  }
  const testing::TemporaryFolder folder;
  write_results(folder / "results.h5", run);
  const Results whole = read_results(folder / "results.h5");
  const Results tables = read_results(folder / "results.h5", RecordDetail::kTables);
  ASSERT_EQ(tables.trials.size(), whole.trials.size());
  EXPECT_FALSE(whole.trials.front().best.prompt.point.empty());
  EXPECT_TRUE(tables.trials.front().best.prompt.point.empty());
  for (const ReportRequest& request :
       {ReportRequest{}, ReportRequest{.baseline = "policy", .efficiency = "policy"}}) {
    EXPECT_EQ(to_text(tables, request), to_text(whole, request));
    EXPECT_EQ(to_markdown(tables, request), to_markdown(whole, request));
    EXPECT_EQ(to_latex(tables, request), to_latex(whole, request));
  }
}

}  // namespace
}  // namespace bbprompt
