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
  EXPECT_EQ(digest(merge_runs({{"out/a", sample_run()}})), before);
  EXPECT_TRUE(merge_runs({}).trials.empty());
}

TEST(MergeRuns, PutsRunsOneBehindAnotherAndCountsSharedTrialsOnce) {
  Results again = sample_run();
  again.trials[0].host = "another node";  // no part of the digest
  again.trials[0].seconds = 9.0;
  const Results merged =
      merge_runs({{"out/a", sample_run()}, {"out/b", comparison_run()}, {"out/c", again}});
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

}  // namespace
}  // namespace bbprompt
