// The master with a worker in the same process.
#include "bbprompt/run/master_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/comm/loopback_channel.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "tests/run/faulty_worker.hpp"
#include "tests/run/toy_model.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;

class MasterRunTest : public ::testing::Test {
 protected:
  // Runs until `max_looks` looks at whether to stop; 0: to the end.
  RunOutcome run(const SweepPlan& plan, const std::string& version = "1.2.3", int max_looks = 0) {
    WorkerRun worker(models_);
    LoopbackChannel channel(worker.in_this_process());
    const RunFolder folder(folder_ / "run", plan);
    RunInfo info = testing::info_of(plan);
    info.version = version;
    int num_looks = 0;
    MasterRun master(plan, folder, channel, models_,
                     {.is_stop_requested = [&] { return max_looks > 0 && ++num_looks > max_looks; },
                      .on_progress = {},
                      .info = info});
    return master.run();
  }

  std::string error_of(const SweepPlan& plan, const std::string& version) {
    try {
      (void)run(plan, version);
    } catch (const StoreError& error) {
      return error.what();
    }
    return "no error";
  }

  [[nodiscard]] std::vector<std::string> trials_of(const std::string& event) const {
    std::vector<std::string> trials;
    std::istringstream lines(testing::read_text(folder_ / "run/events.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const auto json = parse_json(line);
      if (json["event"] == event) trials.push_back(json["trial"].get<std::string>());
    }
    return trials;
  }

  testing::TemporaryFolder folder_;
  ModelPool models_{testing::factory_of<testing::ToyModel>(testing::ToyModel::Look{})};
};

TEST_F(MasterRunTest, StartsTheLongestTrialsFirstAndKeepsPlanOrderInTheResults) {
  const std::vector<std::string> settings = {
      "seeds=[1]",
      "optimizer.cma_es.population_size=6",
      "few_shot={train_per_class: 4, dev_per_class: 3, max_test: 24}",
      "manual_baseline=false",
      "sweep.axes.task=[definitions.yaml]",
      "sweep.axes.budget.evaluations=[6, 18, 12]"};
  const auto plan =
      load_plan(testing::source_folder() / "configs/quickstart/quickstart.yaml", settings);
  ASSERT_EQ(plan.trials.size(), 6U);
  EXPECT_EQ(run(plan), RunOutcome::kDone);
  const auto started = trials_of("trial_started");
  ASSERT_EQ(started.size(), 6U);
  std::vector<std::int64_t> budgets;
  for (const std::string& id : started) {
    const auto trial = std::find_if(plan.trials.begin(), plan.trials.end(),
                                    [&](const TrialSpec& each) { return each.id == id; });
    budgets.push_back(trial->spec.budget.evaluations);
  }
  EXPECT_TRUE(std::is_sorted(budgets.rbegin(), budgets.rend()))
      << ::testing::PrintToString(budgets);
  const Results results = read_results(results_path(folder_ / "run"));
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    EXPECT_EQ(results.trials[i].id, plan.trials[i].id);
  }
}

TEST_F(MasterRunTest, ACheckpointOfAnotherVersionIsRefusedNamingBoth) {
  const auto plan = testing::small_plan();
  EXPECT_EQ(run(plan, "1.2.3", 60), RunOutcome::kStopped);
  const std::string error = error_of(plan, "2.0.0");
  EXPECT_THAT(error, HasSubstr("checkpoint of bbprompt 1.2.3"));
  EXPECT_THAT(error, HasSubstr("this is bbprompt 2.0.0"));
  EXPECT_THAT(error, HasSubstr(".checkpoint.h5"));
  EXPECT_EQ(read_progress(folder_ / "run/status.json").state, RunState::kStopped);
  EXPECT_EQ(run(plan, "1.2.3"), RunOutcome::kDone);
}

TEST_F(MasterRunTest, CheckpointsOfANewerSchemaAreRefusedNamingBoth) {
  const auto plan = testing::small_plan();
  EXPECT_EQ(run(plan, "1.2.3", 60), RunOutcome::kStopped);
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run/trials")) {
    std::string text = testing::read_text(entry.path());
    text.replace(text.find("schema 2"), 8, "schema 3");
    testing::write_text(entry.path(), text);
  }
  EXPECT_THAT(error_of(plan, "1.2.3"), HasSubstr("expected schema version 2, found 3"));
}

TEST_F(MasterRunTest, ResultsOfOtherDataAreRefused) {
  auto plan = testing::small_plan();
  for (TrialSpec& trial : plan.trials) {
    const auto file = folder_ / trial.spec.task.test.filename().string();
    std::filesystem::copy_file(trial.spec.task.test, file,
                               std::filesystem::copy_options::skip_existing);
    trial.spec.task.test = file;
  }
  EXPECT_EQ(run(plan), RunOutcome::kDone);
  EXPECT_EQ(run(plan), RunOutcome::kDone);
  const auto file = plan.trials.front().spec.task.test;
  const std::string rows = testing::read_text(file);
  testing::write_text(file, rows.substr(0, rows.rfind('\n', rows.size() - 2) + 1));
  const std::string error = error_of(plan, "1.2.3");
  EXPECT_THAT(error, HasSubstr("finished trial " + plan.trials.front().id));
  EXPECT_THAT(error, HasSubstr("changed since"));
  testing::write_text(file, rows);
  EXPECT_EQ(run(plan), RunOutcome::kDone);
}

TEST_F(MasterRunTest, AStopBeforeAnythingBeganStopsAtOnce) {
  EXPECT_EQ(run(testing::small_plan(), "1.2.3", 1), RunOutcome::kStopped);
  EXPECT_TRUE(trials_of("trial_started").empty());
}

TEST_F(MasterRunTest, TellsOfEveryTrialAndGenerationOnce) {
  const auto plan = testing::small_plan();
  EXPECT_EQ(run(plan, "1.2.3", 60), RunOutcome::kStopped);
  EXPECT_EQ(run(plan), RunOutcome::kDone);
  EXPECT_EQ(trials_of("trial_done").size(), 4U);
  EXPECT_EQ(trials_of("generation").size(), 16U);
  EXPECT_FALSE(trials_of("trial_resumed").empty());
  const RunProgress progress = read_progress(folder_ / "run/status.json");
  EXPECT_EQ(progress.state, RunState::kDone);
  ASSERT_EQ(progress.workers.size(), 1U);
  EXPECT_GT(progress.workers[0].num_items, 0);
  EXPECT_GT(progress.workers[0].queries_per_second(), 0.0);
  EXPECT_TRUE(progress.failures.empty());
}

}  // namespace
}  // namespace bbprompt
