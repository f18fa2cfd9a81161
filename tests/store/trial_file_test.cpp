#include "store/trial_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/digest.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::read_text;
using testing::sample_finished;
using testing::TemporaryFolder;

TEST(TrialFile, HoldsTheTrialAndItsRun) {
  const TemporaryFolder folder;
  const FinishedTrial written = sample_finished();
  write_trial(folder / "t.h5", written);
  const FinishedTrial read = read_trial(folder / "t.h5");
  EXPECT_EQ(digest(read.record), digest(written.record));
  EXPECT_EQ(read.record.started_at, written.record.started_at);
  EXPECT_EQ(read.run.config_given, written.run.config_given);
  EXPECT_EQ(read.run.build, written.run.build);
  EXPECT_EQ(read.run.num_ranks, 4);
}

TEST(TrialFile, IsNeverReplaced) {
  const TemporaryFolder folder;
  FinishedTrial trial = sample_finished();
  write_trial(folder / "t.h5", trial);
  const std::string first = read_text(folder / "t.h5");
  trial.record.seconds = 99.0;
  write_trial(folder / "t.h5", trial);
  EXPECT_EQ(read_text(folder / "t.h5"), first) << "same digest: nothing to do";
  trial.record.best.fitness = 99.0;
  EXPECT_THROW(write_trial(folder / "t.h5", trial), StoreError);
  EXPECT_EQ(read_text(folder / "t.h5"), first);
}

TEST(TrialFile, IsForFinishedTrials) {
  const TemporaryFolder folder;
  FinishedTrial trial = sample_finished();
  trial.record.state = TrialState::kRunning;
  EXPECT_THROW(write_trial(folder / "t.h5", trial), StoreError);
  EXPECT_FALSE(std::filesystem::exists(folder / "t.h5"));
}

}  // namespace
}  // namespace bbprompt
