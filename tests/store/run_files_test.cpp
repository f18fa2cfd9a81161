#include "bbprompt/store/run_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/plan_file.hpp"
#include "bbprompt/store/results_file.hpp"
#include "store/trial_file.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::sample_finished;
using testing::TemporaryFolder;

std::string refusal_of(const std::filesystem::path& path) {
  try {
    (void)read_run(path);
  } catch (const StoreError& error) {
    return error.what();
  }
  return "";
}

// Two finished trials and one running, as a run in progress leaves them.
void write_unfinished_run(const TemporaryFolder& folder) {
  std::filesystem::create_directory(folder / "trials");
  write_trial(trial_path(folder.path(), "b"), sample_finished("b"));
  write_trial(trial_path(folder.path(), "a"), sample_finished("a"));
  const Checkpoint running = testing::sample_checkpoint();
  write_checkpoint(checkpoint_path(folder.path(), "c"), running);
  write_checkpoint(checkpoint_path(folder.path(), "c"), running);
  testing::write_text(folder / "trials/d.h5.tmp.1", "torn");
}

TEST(RunFolder, NamesItsFiles) {
  EXPECT_EQ(results_path("run"), "run/results.h5");
  EXPECT_EQ(trial_path("run", "t-1.5"), "run/trials/t-1.5.h5");
  EXPECT_EQ(checkpoint_path("run", "t-1.5"), "run/trials/t-1.5.checkpoint.h5");
  EXPECT_EQ(previous_checkpoint_path(checkpoint_path("run", "t-1.5")),
            "run/trials/t-1.5.checkpoint.previous.h5");
}

TEST(RunFolder, GivesTheFinishedTrialsOfARunInProgressByName) {
  const TemporaryFolder folder;
  write_unfinished_run(folder);
  const Results results = read_run(folder.path());
  ASSERT_EQ(results.trials.size(), 2U);
  EXPECT_EQ(results.trials[0].id, "a");
  EXPECT_EQ(results.trials[1].id, "b");
  EXPECT_EQ(results.run.name, "sample");
}

TEST(RunFolder, PrefersTheResultsOfAFinishedRun) {
  const TemporaryFolder folder;
  write_unfinished_run(folder);
  write_results(results_path(folder.path()), testing::sample_results());
  EXPECT_EQ(read_run(folder.path()).trials.size(), 3U);
}

// A plan that changed has trials that an earlier one ran, and leaves others out.
TEST(RunFolder, ReadsTheTrialsOfItsPlanInThePlansOrder) {
  const TemporaryFolder folder;
  write_unfinished_run(folder);
  FinishedTrial later = sample_finished("e");
  later.run.config_hash = "decaf";
  write_trial(trial_path(folder.path(), "e"), later);
  write_plan(
      folder.path(),
      {.name = "n", .config_hash = "decaf", .trials = {{"e", "1"}, {"waiting", "2"}, {"a", "3"}}});
  const Results results = read_run(folder.path());
  ASSERT_EQ(results.trials.size(), 2U);
  EXPECT_EQ(results.trials[0].id, "e");
  EXPECT_EQ(results.trials[1].id, "a");
  EXPECT_EQ(results.run.config_hash, "decaf");
}

TEST(RunFolder, RefusesADamagedPlan) {
  const TemporaryFolder folder;
  write_unfinished_run(folder);
  for (const std::string text : {"", "name n\n", "name n\nconfiguration h\ntrial a\n",
                                 "name n\nconfiguration h\ntrial a 1\n"}) {
    testing::write_text(folder / "plan.txt", text);
    EXPECT_THAT(refusal_of(folder.path()), HasSubstr("the file is damaged")) << text;
  }
}

TEST(RunFolder, ReadsSingleFilesOfEitherKind) {
  const TemporaryFolder folder;
  write_unfinished_run(folder);
  write_results(folder / "elsewhere.h5", testing::sample_results());
  EXPECT_EQ(read_run(folder / "elsewhere.h5").trials.size(), 3U);
  EXPECT_EQ(read_run(trial_path(folder.path(), "a")).trials.size(), 1U);
  EXPECT_THAT(refusal_of(checkpoint_path(folder.path(), "c")), HasSubstr("name the run's folder"));
}

TEST(RunFolder, SaysWhatItExpectedWhereThereIsNothing) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal_of(folder / "absent"), HasSubstr("expected a run's folder"));
  EXPECT_THAT(refusal_of(folder.path()), HasSubstr("expected results.h5, or finished trials"));
  std::filesystem::create_directory(folder / "trials");
  write_checkpoint(checkpoint_path(folder.path(), "c"), testing::sample_checkpoint());
  EXPECT_THAT(refusal_of(folder.path()), HasSubstr("none of its trials has finished yet"));
}

TEST(RunFolder, RefusesTrialsThatDoNotBelongTogether) {
  const TemporaryFolder folder;
  write_unfinished_run(folder);
  FinishedTrial other = sample_finished("e");
  other.run.config_hash = "decaf";
  write_trial(trial_path(folder.path(), "e"), other);
  EXPECT_THAT(refusal_of(folder.path()), HasSubstr("keep each run in its own folder"));
  std::filesystem::remove(trial_path(folder.path(), "e"));
  std::filesystem::copy_file(trial_path(folder.path(), "a"), trial_path(folder.path(), "copy"));
  EXPECT_THAT(refusal_of(folder.path()), HasSubstr("found a second one of trial \"a\""));
}

}  // namespace
}  // namespace bbprompt
