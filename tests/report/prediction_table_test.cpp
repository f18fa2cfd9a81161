#include "bbprompt/report/prediction_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/report/sample_run.hpp"

namespace bbprompt {
namespace {

// Two done trials of different labels, the second without scores and of unknown rows.
Results predicted_run() {
  Results results = testing::sample_run();
  results.trials.resize(3);
  TrialRecord& first = results.trials[0];
  first.config = "task:\n  test: data/test.csv\n";
  first.labels = {"no", "yes"};
  first.gold["test"] = {0, 1};
  first.best.splits["test"].predicted = {0, 0};
  first.best.splits["test"].label_scores.resize(2, 2);
  first.best.splits["test"].label_scores << 0.5F, -0.25F, 2.0F, 0.125F;
  first.manual.splits["test"].predicted = {1, 1};
  TrialRecord& second = results.trials[1];
  second.labels = {"yes", "a,b"};
  second.gold["test"] = {1};
  second.best.splits["test"].predicted = {1};
  return results;
}

TEST(PredictionTable, HasALinePerTestExample) {
  std::ostringstream output;
  const auto rows_of = [](const TrialRecord& trial) {
    return trial.task == "mrpc" ? std::vector<std::int64_t>{3, 8} : std::vector<std::int64_t>{};
  };
  const MissingPredictions missing = write_predictions(
      predicted_run(), {.run_of_trial = {"out/a", "out/b", "out/b"}}, rows_of, output);
  EXPECT_EQ(output.str(),
            "run,trial,task,method,settings,seed,file,row,example,gold,predicted,right,"
            "manual_predicted,score_no,score_yes,\"score_a,b\"\r\n"
            "out/a,mrpc-soft-s1,mrpc,soft,,1,data/test.csv,3,1,no,no,true,yes,0.5,-0.25,\r\n"
            "out/a,mrpc-soft-s1,mrpc,soft,,1,data/test.csv,8,2,yes,no,false,yes,2.0,0.125,\r\n"
            "out/b,trec-soft-s1,trec,soft,,1,,,1,\"a,b\",\"a,b\",true,,,,\r\n");
  EXPECT_EQ(missing.num_trials, 3);
  EXPECT_EQ(missing.num_without_any, 1);
  EXPECT_EQ(missing.num_without_rows, 1);
  EXPECT_EQ(missing.num_without_scores, 1);
}

}  // namespace
}  // namespace bbprompt
