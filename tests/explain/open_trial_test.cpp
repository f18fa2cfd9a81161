#include "bbprompt/explain/open_trial.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/explain/finished_trial.hpp"

namespace bbprompt {
namespace {

using testing::finished_trial;
using ::testing::HasSubstr;
using testing::small_discrete_experiment;

// The small experiment in a folder of its own, whose files may change.
class OpenTrialTest : public ::testing::Test {
 protected:
  OpenTrialTest() {
    spec_ = small_discrete_experiment();
    for (auto* path : {&spec_.task.train, &spec_.task.dev, &spec_.task.test}) {
      const auto name = path->filename();
      std::filesystem::copy_file(*path, folder_.path() / name);
      *path = name;
    }
    const ExperimentSpec real = with_real_paths(spec_, {.folder = folder_.path(), .data = {}});
    testing::TrialParts trial(real, models_);
    record_ = finished_trial(trial.problem, trial.evaluator);
    record_.config = to_yaml(spec_);  // with relative paths, as a run has it
    record_.config_hash = record_hash(record_.config, trial.problem);
  }

  std::string error_of() {
    try {
      (void)open_trial(record_, {.folder = folder_.path(), .data = {}}, models_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
  static inline ModelPool models_{ModelFactory()};  // loaded once for all tests
  ExperimentSpec spec_;
  TrialRecord record_;
};

TEST_F(OpenTrialTest, TheProblemDecodesTheRecordsPrompt) {
  const OpenedTrial trial = open_trial(record_, {.folder = folder_.path(), .data = {}}, models_);
  EXPECT_EQ(trial.problem->describe(record_.best.prompt.point).ids, record_.best.prompt.ids);
  EXPECT_EQ(trial.problem->gold(Split::kTest), record_.gold.at("test"));
}

TEST_F(OpenTrialTest, ChangedDataAreRefused) {
  const auto file = folder_.path() / spec_.task.test;
  testing::write_text(file, testing::read_text(file) + "one more,positive\n");
  EXPECT_THAT(error_of(), HasSubstr("expected the data of the run"));
}

TEST_F(OpenTrialTest, AnotherModelIsRefused) {
  record_.model_fingerprint = std::string(64, '0');
  EXPECT_THAT(error_of(), HasSubstr("expected the model of the run"));
}

TEST_F(OpenTrialTest, APointThatStandsForAnotherPromptIsRefused) {
  // As where another version finds other candidates, as many or fewer.
  const TrialRecord whole = record_;
  record_.best.prompt.ids.back() += 1;
  EXPECT_THAT(error_of(), HasSubstr("the prompt in the record, found another"));
  record_ = whole;
  record_.best.prompt.point.pop_back();
  EXPECT_THAT(error_of(), HasSubstr("the prompt in the record, found another"));
  record_ = whole;
  EXPECT_EQ(error_of(), "");
}

TEST_F(OpenTrialTest, AbsentDataAreRefusedWithTheirPath) {
  std::filesystem::remove(folder_.path() / spec_.task.dev);
  EXPECT_THAT(error_of(), HasSubstr("dev.csv"));
}

}  // namespace
}  // namespace bbprompt
