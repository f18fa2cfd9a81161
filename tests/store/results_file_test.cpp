#include "bbprompt/store/results_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/store/digest.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::sample_results;
using testing::TemporaryFolder;

TEST(ResultsFile, KeepsEveryTrialInPlanOrder) {
  const TemporaryFolder folder;
  const Results written = sample_results();
  write_results(folder / "results.h5", written);
  const Results read = read_results(folder / "results.h5");
  ASSERT_EQ(read.trials.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(digest(read.trials[i]), digest(written.trials[i]));
    EXPECT_EQ(read.trials[i].host, written.trials[i].host);
  }
  EXPECT_EQ(read.trials[1].failure, written.trials[1].failure) << "every byte, NUL included";
  EXPECT_EQ(digest(read), digest(written));
}

TEST(ResultsFile, KeepsLabelScoresOutsideTheDigest) {
  const TemporaryFolder folder;
  Results written = sample_results();
  write_results(folder / "results.h5", written);
  const Results read = read_results(folder / "results.h5");
  const StoredScores& scores = read.trials[0].best.splits.at("test").label_scores;
  EXPECT_EQ(scores, written.trials[0].best.splits["test"].label_scores);
  EXPECT_EQ(scores.rows(), 4);
  EXPECT_EQ(read.trials[0].best.splits.at("dev").label_scores.size(), 0) << "none were kept";
  // A file of an older version has none, and its digest.
  written.trials[0].best.splits["test"].label_scores.resize(0, 0);
  EXPECT_EQ(digest(written), digest(read));
}

TEST(ResultsFile, RefusesLabelScoresThatFitNoPrediction) {
  const TemporaryFolder folder;
  Results results = sample_results();
  results.trials[0].best.splits["test"].label_scores.resize(3, 3);
  results.trials[0].best.splits["test"].label_scores.setZero();
  EXPECT_THROW(write_results(folder / "results.h5", results), StoreError);
}

TEST(ResultsFile, HoldsARunWithoutTrials) {
  const TemporaryFolder folder;
  write_results(folder / "results.h5", {.run = testing::sample_run(), .trials = {}});
  EXPECT_TRUE(read_results(folder / "results.h5").trials.empty());
}

TEST(ResultsFile, HoldsHundredsOfTrialsAndLongTexts) {
  const TemporaryFolder folder;
  Results results{.run = testing::sample_run(), .trials = {}};
  results.run.config_given.assign(300'000, 'x');
  RandomStream random({.seed = 5, .purpose = "records"});
  for (int i = 0; i < 300; ++i) {
    TrialRecord trial;
    trial.id = "trial-" + std::to_string(random.next());
    trial.state = TrialState::kDone;
    trial.seed = random.next();
    trial.best.prompt.kind = PromptRecord::Kind::kSoft;
    for (std::uint64_t n = random.below(6); n > 0; --n)
      trial.best.prompt.point.push_back(random.normal());
    trial.failure.assign(random.below(200), '\0');
    results.trials.push_back(trial);
  }
  write_results(folder / "results.h5", results);
  EXPECT_EQ(digest(read_results(folder / "results.h5")), digest(results));
}

TEST(ResultsFile, RefusesTwoTrialsOfOneId) {
  const TemporaryFolder folder;
  Results results = sample_results();
  results.trials.push_back(results.trials.front());
  try {
    write_results(folder / "results.h5", results);
    FAIL() << "did not throw";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/trials/trec-soft-s1: cannot create a group"));
    EXPECT_THAT(error.what(), HasSubstr("already exists"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ResultsFile, NamesThePathWhenNothingIsThere) {
  const TemporaryFolder folder;
  for (const auto& path : {folder / "absent.h5", folder.path()}) {
    try {
      (void)read_results(path);
      ADD_FAILURE() << "did not throw";
    } catch (const StoreError& error) {
      EXPECT_EQ(error.file(), path.string());
    }
  }
}

}  // namespace
}  // namespace bbprompt
