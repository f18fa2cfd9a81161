// The real master over real MPI against workers that go wrong: how each run ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "tests/comm/mpi_support.hpp"
#include "tests/run/faulty_worker.hpp"

namespace bbprompt {
namespace {

using testing::Fault;
using testing::Faults;
using ::testing::HasSubstr;

// Short, but long enough for a crowded machine.
constexpr HangOptions kHang = {.first_seconds = 8.0, .floor_seconds = 5.0, .factor = 5.0};
constexpr auto kLate = std::chrono::seconds(10);
constexpr double kPatience = 60.0;

// One candidate of the second generation of the first trial of the plan.
bool is_chosen_candidate(const WorkItem& item) {
  return item.trial == 0 && item.group == 1 && item.split == Split::kTrain && item.member == 1;
}

struct Case {
  std::string name;
  Faults faults;
  std::string policy = "worst_fitness";
  RunOutcome outcome = RunOutcome::kDone;
  std::set<std::string> equal_trials;    // with the run without faults; by number in the plan
  std::map<std::string, int> events;     // at least so many; 0: none
  std::int64_t num_failed_in_first = 0;  // evaluations of the first trial
};

const std::set<std::string> kAll = {"0", "1", "2", "3"};

std::vector<Case> cases() {
  return {
      {"no fault",
       [](int, const WorkItem&, int) { return Fault::kNone; },
       "worst_fitness",
       RunOutcome::kDone,
       kAll,
       {{"item_retried", 0}, {"worker_hung", 0}, {"run_done", 1}}},
      {"one worker fails at everything",
       [](int rank, const WorkItem&, int) { return rank == 2 ? Fault::kFail : Fault::kNone; },
       "worst_fitness",
       RunOutcome::kDone,
       kAll,
       {{"item_retried", 1}, {"item_failed", 0}}},
      {"one worker's scores are no numbers",
       [](int rank, const WorkItem&, int) { return rank == 3 ? Fault::kNotANumber : Fault::kNone; },
       "worst_fitness",
       RunOutcome::kDone,
       kAll,
       {{"item_retried", 1}, {"item_failed", 0}}},
      {"a candidate fails everywhere and is the worst",
       [](int, const WorkItem& item, int) {
         return is_chosen_candidate(item) ? Fault::kFail : Fault::kNone;
       },
       "worst_fitness",
       RunOutcome::kDone,
       {"1", "2", "3"},
       {{"item_retried", 2}, {"item_failed", 1}, {"trial_failed", 0}},
       1},
      {"a candidate's scores are no numbers anywhere, and its trial fails",
       [](int, const WorkItem& item, int) {
         return is_chosen_candidate(item) ? Fault::kNotANumber : Fault::kNone;
       },
       "fail_trial",
       RunOutcome::kFailed,
       {"1", "2", "3"},
       {{"item_failed", 1}, {"trial_failed", 1}, {"trial_done", 3}, {"run_failed", 1}},
       1},
      {"one worker hangs",
       [](int rank, const WorkItem&, int number) {
         return rank == 1 && number == 3 ? Fault::kHang : Fault::kNone;
       },
       "worst_fitness",
       RunOutcome::kDone,
       kAll,
       {{"worker_hung", 1}, {"worker_back", 0}, {"item_failed", 0}}},
      {"one worker answers late",
       [](int rank, const WorkItem&, int number) {
         return rank == 1 && number == 3 ? Fault::kLate : Fault::kNone;
       },
       "worst_fitness",
       RunOutcome::kDone,
       kAll,
       {{"worker_hung", 1}, {"item_failed", 0}}},
  };
}

std::map<std::string, int> count_events(const std::filesystem::path& folder) {
  std::map<std::string, int> counts;
  std::istringstream lines(testing::read_text(folder / "events.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const auto event = parse_json(line);
    EXPECT_TRUE(event.contains("time"));
    ++counts[event.at("event").get<std::string>()];
  }
  return counts;
}

class FaultsTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool is_master() const { return channel_.rank() == 0; }

  RunOutcome run(const SweepPlan& plan, const std::filesystem::path& path) {
    const RunFolder folder(path, plan);
    MasterRun master(plan, folder, channel_, models_,
                     {.is_stop_requested = [] { return false; },
                      .on_progress = {},
                      .info = testing::info_of(plan),
                      .hang = kHang});
    return master.run();
  }

  void stop() { EXPECT_TRUE(MasterRun::stop_workers(channel_, kPatience)); }

  void serve(const Faults& faults) {
    testing::serve_with_faults(channel_, models_, faults,
                               [] { std::this_thread::sleep_for(kLate); });
  }

  void check(const Case& given) {
    const testing::TemporaryFolder folder;
    const SweepPlan plan = testing::small_plan({"failures.policy=" + given.policy});
    EXPECT_EQ(run(plan, folder.path()), given.outcome) << given.name;
    stop();
    const auto counts = count_events(folder.path());
    for (const auto& [event, least] : given.events) {
      const int found = counts.contains(event) ? counts.at(event) : 0;
      EXPECT_TRUE(least == 0 ? found == 0 : found >= least)
          << given.name << ": " << event << " " << found << " times";
    }
    const Results results = read_results(results_path(folder.path()));
    if (reference_.empty()) {
      for (const TrialRecord& trial : results.trials) reference_.push_back(digest(trial));
    }
    ASSERT_EQ(results.trials.size(), reference_.size());
    for (std::size_t i = 0; i < reference_.size(); ++i) {
      const bool is_equal = digest(results.trials[i]) == reference_[i];
      EXPECT_EQ(is_equal, given.equal_trials.contains(std::to_string(i)))
          << given.name << ": trial " << i;
    }
    EXPECT_EQ(results.trials[0].usage.at("search").num_failed, given.num_failed_in_first)
        << given.name;
  }

  const Communicator world_{testing::mpi_environment()};
  MpiChannel channel_{world_};
  ModelPool models_;
  std::vector<std::string> reference_;  // digests of the trials without faults
};

TEST_F(FaultsTest, EveryFaultEndsAsDocumented) {
  for (const Case& given : cases()) {
    if (is_master()) {
      check(given);
    } else {
      serve(given.faults);
    }
  }
}

TEST_F(FaultsTest, WithoutAnyWorkerThatAnswersTheRunStopsAndGoesOnLater) {
  const auto all_hang = [](int, const WorkItem&, int number) {
    return number >= 25 ? Fault::kHang : Fault::kNone;
  };
  const auto none = [](int, const WorkItem&, int) { return Fault::kNone; };
  if (!is_master()) {
    for (const Faults& faults : {Faults(all_hang), Faults(none), Faults(none)}) serve(faults);
    return;
  }
  const testing::TemporaryFolder folder;
  const SweepPlan plan = testing::small_plan();
  try {
    (void)run(plan, folder / "run");
    FAIL() << "did not throw";
  } catch (const CommError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no worker answers in time"));
    EXPECT_THAT(error.what(), HasSubstr("run the same command again"));
  }
  stop();
  EXPECT_EQ(read_progress(folder / "run/status.json").state, RunState::kStopped);
  EXPECT_EQ(run(plan, folder / "run"), RunOutcome::kDone);
  stop();
  EXPECT_EQ(count_events(folder / "run")["trial_resumed"], 4);
  EXPECT_EQ(run(plan, folder / "whole"), RunOutcome::kDone);
  stop();
  EXPECT_EQ(digest(read_results(results_path(folder / "run"))),
            digest(read_results(results_path(folder / "whole"))));
}

}  // namespace
}  // namespace bbprompt
