#include "bbprompt/report/merge_runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/digest.hpp"
#include "tests/report/comparison_run.hpp"

namespace bbprompt {
namespace {

using testing::comparison_run;
using ::testing::HasSubstr;
using testing::sample_run;

TEST(MergeRuns, LeavesASingleRunAsItIs) {
  const std::string before = digest(sample_run());
  EXPECT_EQ(digest(merge_runs({{"out/a", sample_run()}}).results), before);
  EXPECT_TRUE(merge_runs({}).results.trials.empty());
}

TEST(MergeRuns, PutsRunsOneBehindAnotherAndCountsSharedTrialsOnce) {
  Results again = sample_run();
  again.trials[0].host = "another node";  // no part of the digest
  again.trials[0].seconds = 9.0;
  const MergedRuns runs =
      merge_runs({{"out/a", sample_run()}, {"out/b", comparison_run()}, {"out/c", again}});
  const Results& merged = runs.results;
  EXPECT_EQ(runs.run_of_trial.size(), merged.trials.size());
  EXPECT_EQ(runs.run_of_trial[0], "out/a");
  EXPECT_EQ(runs.run_of_trial[6], "out/b");
  ASSERT_EQ(merged.trials.size(), 6U + 12U);
  EXPECT_EQ(merged.trials[0].id, "mrpc-soft-s1");
  EXPECT_EQ(merged.trials[6].id, "mrpc-policy-s1");
  EXPECT_EQ(merged.run.name, "sample + comparison + sample");
}

TEST(MergeRuns, RefusesTwoDifferentRecordsOfOneTrialNamingBothRuns) {
  Results other = sample_run();
  other.trials[3].best.splits["test"].metric = 0.75;
  try {
    (void)merge_runs({{"out/a", sample_run()}, {"out/b", other}});
    ADD_FAILURE() << "two records of one trial were merged";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.file(), "out/b");
    EXPECT_THAT(error.what(), HasSubstr("\"mrpc-soft-s2\" as in out/a, found another"));
  }
}

// Parts of a sweep in any order are the whole, down to the digest.
TEST(MergeRuns, PutsTheTrialsOfPartsInTheOrderOfTheWhole) {
  const Results whole = sample_run();
  Results odd = whole;
  Results even = whole;
  std::vector<std::string> ids;
  for (const TrialRecord& trial : whole.trials) {
    const bool is_even = ids.size() % 2 == 0;
    ids.push_back(trial.id);
    std::erase_if(is_even ? odd.trials : even.trials,
                  [&](const TrialRecord& other) { return other.id == trial.id; });
  }
  MergedRuns merged = merge_runs({{"out/2", odd}, {"out/1", even}});
  EXPECT_NE(digest(merged.results), digest(whole));
  ASSERT_TRUE(order_trials(merged, ids, whole.run));
  EXPECT_EQ(digest(merged.results), digest(whole));
  EXPECT_EQ(merged.run_of_trial[0], "out/1");
  EXPECT_EQ(merged.run_of_trial[1], "out/2");
  ids.back() = "another";
  EXPECT_FALSE(order_trials(merged, ids, whole.run));
  EXPECT_EQ(digest(merged.results), digest(whole));
}

}  // namespace
}  // namespace bbprompt
