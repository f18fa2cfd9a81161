#include "bbprompt/store/finished_trials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "store/trial_file.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/tools.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr FinishedTrials::Limits kFew{.num_singles = 3};

TrialRecord failed_trial(const std::string& id) {
  TrialRecord record = testing::sample_trial(id);
  record.state = TrialState::kFailed;
  record.failure = "the server was gone";
  return record;
}

class FinishedTrialsTest : public ::testing::Test {
 protected:
  FinishedTrialsTest() { fs::create_directory(folder_ / "trials"); }

  [[nodiscard]] FinishedTrials open() const {
    return {folder_.path(), testing::sample_run(), kFew};
  }

  void add(const std::vector<std::string>& ids) const {
    FinishedTrials finished = open();
    for (const std::string& id : ids) finished.add(testing::sample_trial(id));
  }

  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "trials"))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  testing::TemporaryFolder folder_;
};

std::vector<std::string> ids_of(const Results& results) {
  std::vector<std::string> ids;
  for (const TrialRecord& trial : results.trials) ids.push_back(trial.id);
  return ids;
}

TEST_F(FinishedTrialsTest, KnowsAtAGlanceWhatTheRecordsSay) {
  {
    FinishedTrials finished = open();
    for (const auto* id : {"d", "b", "c", "a", "e"}) finished.add(testing::sample_trial(id));
    finished.add(failed_trial("f"));
  }
  const FinishedTrials finished = open();
  EXPECT_EQ(finished.size(), 6U);
  EXPECT_EQ(finished.find("x"), nullptr);
  const TrialRecord sample = testing::sample_trial("c");
  std::int64_t num_queries = 0;
  for (const auto& [purpose, usage] : sample.usage) num_queries += usage.usage.num_queries;
  for (const auto* id : {"a", "e"}) {  // one of the pack, one of its own file
    const TrialBrief* brief = finished.find(id);
    ASSERT_NE(brief, nullptr) << id;
    EXPECT_EQ(brief->state, TrialState::kDone);
    EXPECT_EQ(brief->digest, digest(testing::sample_trial(id)));
    EXPECT_EQ(brief->num_queries, num_queries);
    EXPECT_EQ(brief->num_generations, static_cast<std::int64_t>(sample.generations.size()));
    EXPECT_EQ(brief->test_metric, sample.best.splits.at("test").metric);
  }
  EXPECT_EQ(finished.find("f")->state, TrialState::kFailed);
  EXPECT_EQ(finished.find("f")->failure, "the server was gone");
}

TEST_F(FinishedTrialsTest, PacksFilesOfSingleTrialsWhenThereAreMany) {
  add({"c", "b", "a"});
  EXPECT_THAT(files(), ElementsAre("a.h5", "b.h5", "c.h5"));
  add({"d"});
  EXPECT_THAT(files(), ElementsAre("pack-0001.h5"));
  add({"g", "f", "e", "h", "i"});
  EXPECT_THAT(files(), ElementsAre("i.h5", "pack-0001.h5", "pack-0002.h5"));
  EXPECT_THAT(ids_of(read_results(folder_ / "trials/pack-0001.h5")),
              ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ids_of(read_run(folder_.path())),
              ElementsAre("a", "b", "c", "d", "e", "f", "g", "h", "i"));
}

TEST_F(FinishedTrialsTest, EndsWithOneFileOfAllTrialsInTheOrderAsked) {
  add({"d", "b", "c", "a", "e"});
  FinishedTrials finished = open();
  const std::vector<std::string> order{"e", "d", "c", "b", "a"};
  finished.consolidate(order);
  EXPECT_THAT(files(), IsEmpty());
  const Results results = read_run(folder_.path());
  EXPECT_EQ(ids_of(results), order);
  for (const TrialRecord& trial : results.trials)
    EXPECT_EQ(digest(trial), digest(testing::sample_trial(trial.id)));
  EXPECT_THAT(open().find("c")->state, TrialState::kDone);
}

TEST_F(FinishedTrialsTest, LeavesResultsAloneThatHoldJustThat) {
  add({"a", "b"});
  open().consolidate({"a", "b"});
  const auto written = fs::last_write_time(results_path(folder_.path()));
  const std::string bytes = testing::read_text(results_path(folder_.path()));
  open().consolidate({"a", "b"});
  EXPECT_EQ(fs::last_write_time(results_path(folder_.path())), written);
  EXPECT_EQ(testing::read_text(results_path(folder_.path())), bytes);
}

TEST_F(FinishedTrialsTest, GoesOnFromTheResultsOfASmallerSweep) {
  add({"a", "b"});
  open().consolidate({"a", "b"});
  FinishedTrials finished = open();
  ASSERT_NE(finished.find("a"), nullptr);
  finished.add(testing::sample_trial("aa"));
  finished.consolidate({"a", "aa", "b"});
  EXPECT_THAT(ids_of(read_run(folder_.path())), ElementsAre("a", "aa", "b"));
}

TEST_F(FinishedTrialsTest, KeepsTheFilesOfTrialsThatAreNotAskedFor) {
  add({"a", "b", "c", "d", "e", "f"});  // a to d packed
  open().consolidate({"a", "e"});
  EXPECT_THAT(files(), ElementsAre("f.h5", "pack-0001.h5"));
  FinishedTrials finished = open();
  EXPECT_NE(finished.find("b"), nullptr);
  finished.consolidate({"a", "b", "c", "d", "e", "f"});
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FinishedTrialsTest, RunsAFailedTrialAgainWhereverItsRecordLies) {
  for (const bool is_packed : {false, true}) {
    {
      FinishedTrials finished = open();
      finished.add(failed_trial("x"));
      if (is_packed) {
        for (const auto* id : {"a", "b", "c"}) finished.add(testing::sample_trial(id));
      }
      finished.forget("x");
      EXPECT_EQ(finished.find("x"), nullptr);
      finished.add(testing::sample_trial("x"));
    }
    EXPECT_EQ(open().find("x")->state, TrialState::kDone) << is_packed;
    EXPECT_EQ(ids_of(read_run(folder_.path())).back(), "x");
    EXPECT_EQ(read_run(folder_.path()).trials.back().state, TrialState::kDone);
    fs::remove_all(folder_ / "trials");
    fs::create_directory(folder_ / "trials");
  }
}

TEST_F(FinishedTrialsTest, ATrialThatFailedAgainReplacesItsOlderRecord) {
  FinishedTrials finished = open();
  finished.add(failed_trial("x"));
  finished.consolidate({"x"});
  finished.forget("x");
  TrialRecord again = failed_trial("x");
  again.failure = "the disk was full";
  finished.add(again);
  EXPECT_EQ(open().find("x")->failure, "the disk was full");
  finished.consolidate({"x"});
  EXPECT_EQ(read_run(folder_.path()).trials.at(0).failure, "the disk was full");
}

// The folder as a kill leaves it between two steps of packing or of the end.
struct KillPoint {
  std::string name;
  // Files put back that the step had removed, given their copies.
  std::vector<std::string> singles;
  bool is_pack_there = true;
  bool is_result_there = false;
};

TEST_F(FinishedTrialsTest, AKillBetweenTwoStepsLosesNothing) {
  const std::vector<std::string> ids{"a", "b", "c", "d"};
  const fs::path copies = folder_ / "copies";
  fs::create_directory(copies);
  for (const std::string& id : ids)
    write_trial(copies / (id + ".h5"), testing::sample_finished(id));
  add(ids);
  fs::copy_file(folder_ / "trials/pack-0001.h5", copies / "pack-0001.h5");
  open().consolidate(ids);
  fs::copy_file(results_path(folder_.path()), copies / "results.h5");
  const std::string reference = digest(read_run(folder_.path()));

  const std::vector<KillPoint> points{
      {"before the pack", ids, false, false},
      {"pack written, nothing removed", ids, true, false},
      {"half of the singles removed", {"c", "d"}, true, false},
      {"all removed", {}, true, false},
      {"results written, nothing removed", {"d"}, true, true},
      {"results written, pack removed", {"d"}, false, true},
      {"results written, single removed", {}, true, true},
  };
  for (const KillPoint& point : points) {
    SCOPED_TRACE(point.name);
    fs::remove(results_path(folder_.path()));
    fs::remove_all(folder_ / "trials");
    fs::create_directory(folder_ / "trials");
    for (const std::string& id : point.singles)
      fs::copy_file(copies / (id + ".h5"), trial_path(folder_.path(), id));
    if (point.is_pack_there)
      fs::copy_file(copies / "pack-0001.h5", folder_ / "trials/pack-0001.h5");
    if (point.is_result_there) fs::copy_file(copies / "results.h5", results_path(folder_.path()));
    testing::write_text(folder_ / "trials/pack-0002.h5.tmp.77", "torn");

    EXPECT_EQ(digest(read_run(folder_.path())), reference);
    FinishedTrials finished = open();
    for (const std::string& id : ids) ASSERT_NE(finished.find(id), nullptr) << id;
    finished.consolidate(ids);
    EXPECT_EQ(digest(read_run(folder_.path())), reference);
    EXPECT_THAT(files(), ElementsAre("pack-0002.h5.tmp.77"));
  }
}

TEST_F(FinishedTrialsTest, RefusesTwoDifferentResultsOfOneTrial) {
  add({"a", "b", "c", "d"});
  FinishedTrial other = testing::sample_finished("b");
  other.record.best.fitness += 1.0;
  write_trial(trial_path(folder_.path(), "b"), other);
  for (const std::function<void()>& look :
       {std::function<void()>([&] { (void)open(); }),
        std::function<void()>([&] { (void)read_run(folder_.path()); })}) {
    try {
      look();
      ADD_FAILURE() << "nothing was refused";
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), HasSubstr("b.h5"));
      EXPECT_THAT(error.what(), HasSubstr("pack-0001.h5"));
    }
  }
}

TEST_F(FinishedTrialsTest, SaysWhichTrialIsMissingAtTheEnd) {
  add({"a"});
  try {
    open().consolidate({"a", "b"});
    FAIL() << "nothing was refused";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("expected the finished trial b"));
  }
}

TEST_F(FinishedTrialsTest, NumbersPacksBehindThoseThatAreThere) {
  EXPECT_EQ(next_pack_path(folder_.path()), folder_ / "trials/pack-0001.h5");
  testing::write_text(folder_ / "trials/pack-0041.h5", "");
  testing::write_text(folder_ / "trials/pack-x.h5", "");
  EXPECT_EQ(next_pack_path(folder_.path()), folder_ / "trials/pack-0042.h5");
  EXPECT_TRUE(is_pack_name("pack-12345.h5"));
  for (const auto* name : {"pack-1.h5", "pack-.h5", "pack-0001.h5.tmp.3", "pack-0001", "a.h5"})
    EXPECT_FALSE(is_pack_name(name)) << name;
}

TEST_F(FinishedTrialsTest, WritesPacksThatAnIndependentReaderReads) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_H5PY_PYTHON, "h5py");
  add({"a", "b", "c", "d"});
  testing::write_text(
      folder_ / "read.py",
      "import h5py, sys\n"
      "with h5py.File(sys.argv[1]) as f:\n"
      "    print(f.attrs['kind'].decode(), [x.decode() for x in f['trial_order'][()]])\n"
      "    for i in f['trials']:\n"
      "        t = f['trials'][i]\n"
      "        print(i, t.attrs['state'].decode(), t['best/splits/test'].attrs['metric'])\n");
  const auto run = testing::run_tool(
      {BBPROMPT_H5PY_PYTHON, folder_ / "read.py", folder_ / "trials/pack-0001.h5"});
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.output,
            "results ['a', 'b', 'c', 'd']\na done 0.75\nb done 0.75\nc done 0.75\nd done 0.75\n");
}

}  // namespace
}  // namespace bbprompt
