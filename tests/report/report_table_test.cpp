#include "bbprompt/report/report_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "bbprompt/base/json.hpp"
#include "bbprompt/store/digest.hpp"
#include "tests/report/sample_run.hpp"
#include "tests/store/tools.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::sample_run;
using testing::TemporaryFolder;

// The sample with what is hard to write: quotes, line breaks, commas, values that are no numbers,
// digits that only all 17 places give back, bytes that are not UTF-8.
Results awkward_run() {
  Results results = sample_run();
  results.trials[0].best.prompt.text = "say \"yes\",\r\nor no \xE2\x80\x94 now";
  results.trials[0].best.splits["test"].metric = 0.1 + 0.2;
  results.trials[0].seed = std::numeric_limits<std::uint64_t>::max();
  results.trials[1].best.splits["dev"].loss = std::numeric_limits<double>::quiet_NaN();
  results.trials[2].best.fitness = std::numeric_limits<double>::infinity();
  results.trials[3].best.prompt.text = "cut \xE2\x80";
  return results;
}

TEST(ReportText, LinesUpAndSaysWhatTheNumbersAre) {
  const std::string text = to_text(sample_run());
  EXPECT_EQ(text.substr(text.find("task  method    seeds")),
            "task  method    seeds  failed  metric              dev           test        manual"
            "            gain  queries\n"
            "----  --------  -----  ------  --------  -------------  -------------  ------------"
            "  --------------  -------\n"
            "mrpc  soft          3       0  accuracy  80.00 ± 17.32  80.00 ± 10.00  50.00 ± 0.00"
            "  +30.00 ± 10.00      200\n"
            "mrpc  discrete      1       1  accuracy  60.00          45.00          50.00       "
            "   -5.00              100\n"
            "trec  soft          1       0  accuracy  25.00          12.50          50.00       "
            "  -37.50              100\n"
            "metrics times 100, mean ± sample standard deviation over seeds; manual: the "
            "hand-written prompt on test\n"
            "\n"
            "task  method    best trial        kind      prompt\n"
            "----  --------  ----------------  --------  ----------------\n"
            "mrpc  soft      mrpc-soft-s2      soft      prompt of seed 2\n"
            "mrpc  discrete  mrpc-discrete-s1  discrete  prompt of seed 1\n"
            "trec  soft      trec-soft-s1      soft      prompt of seed 1\n"
            "\n"
            "failed trial      reason\n"
            "----------------  --------------------------\n"
            "mrpc-discrete-s2  server gone\\nafter 5 tries\n");
}

TEST(ReportText, ShowsADashWhereNothingIsDone) {
  Results results = sample_run();
  results.trials.erase(results.trials.begin(), results.trials.end() - 1);
  EXPECT_THAT(to_text(results), HasSubstr("mrpc  discrete      0       1  accuracy    -     -"));
  EXPECT_EQ(to_text({}), "no trial has finished yet\n");
}

TEST(ReportText, CutsLongPromptsAndEscapesControlCharacters) {
  Results results = sample_run();
  results.trials[3].best.prompt.text = "\x1B[2J" + std::string(500, 'x');
  const std::string text = to_text(results);
  EXPECT_THAT(text, HasSubstr("\\x1b[2Jxxx"));
  EXPECT_THAT(text, HasSubstr("xxx..."));
  EXPECT_EQ(text.find('\x1B'), std::string::npos);
}

TEST(ReportData, IsReadByOtherCsvAndJsonReaders) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_PYTHON, "Python 3");
  const TemporaryFolder folder;
  const Results results = awkward_run();
  testing::write_text(folder / "trials.csv", to_csv(results));
  testing::write_text(folder / "report.json", to_json(results));
  const auto run = testing::run_tool(
      {BBPROMPT_PYTHON, (testing::source_folder() / "tests/report/check_data.py").string(),
       folder / "trials.csv", folder / "report.json"});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(run.output, "");
}

TEST(ReportCsv, EndsEveryLineAsTheStandardSays) {
  const std::string csv = to_csv(sample_run());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\r'), 7);
  EXPECT_THAT(csv, ::testing::StartsWith("id,task,method,settings,seed,state,"));
  EXPECT_THAT(csv, ::testing::EndsWith("\r\n"));
  EXPECT_THAT(csv, HasSubstr("\"server gone\nafter 5 tries\""));
}

TEST(ReportCsv, NamesTheRunOfEachTrialLast) {
  const std::string csv = to_csv(sample_run());
  EXPECT_THAT(csv, HasSubstr(",digest,run\r\n"));
  EXPECT_THAT(csv, HasSubstr(",sample\r\n"));
}

// What is exact for programs is not computed by a spreadsheet where that is asked for.
TEST(ReportCsv, KeepsSpreadsheetsFromComputingTextsWhereAsked) {
  const ReportRequest request{.is_for_spreadsheet = true};
  for (const auto& [text, cell] : std::vector<std::pair<std::string, std::string>>{
           {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
           {"+1", "'+1"},
           {"-1", "'-1"},
           {"@SUM(A1)", "'@SUM(A1)"},
           {"  =1", "'  =1"},
           {"\t=1", "'\\t=1"},
           {"\r=1", "'\\x0d=1"},
           {"\xEF\xBC\x9D"
            "1",
            "'\xEF\xBC\x9D"
            "1"},
           {"a;=1", "\"a;=1\""},
           {"a\x1B[2J\x07", "a\\x1b[2J\\x07"},
           {"a\nb", "a\\nb"},
           {"a=1", "a=1"}}) {
    Results results = sample_run();
    for (TrialRecord& trial : results.trials) trial.best.prompt.text = text;
    EXPECT_THAT(to_csv(results, request), HasSubstr("," + cell + ",0.0,")) << text;
    results.trials[0].method = text;
    EXPECT_THAT(to_csv(results, "matrix", request), HasSubstr("methods," + cell + ",mrpc"));
  }
  Results results = sample_run();
  results.trials[0].best.prompt.text = "=1";
  EXPECT_THAT(to_csv(results), HasSubstr(",=1,"));
  EXPECT_THAT(to_csv(results, "tests", request), HasSubstr("p_sign_flip\r\n"));
}

TEST(ReportJson, CarriesTheDigestOfTheRun) {
  const auto document = parse_json(to_json(awkward_run()));
  EXPECT_EQ(document["digest"], digest(awkward_run()));
  EXPECT_EQ(parse_json(to_json({}))["trials"].size(), 0U);
}

}  // namespace
}  // namespace bbprompt
