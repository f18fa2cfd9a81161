#include "bbprompt/run/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/store/plan_file.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

SweepPlan plan(const std::string& hash) {
  SweepPlan plan;
  plan.name = "sweep";
  plan.config_given = "given";
  plan.config_resolved = "a: 1\nb: " + hash + "\n";
  plan.config_hash = hash;
  return plan;
}

// As a run leaves it that got to a checkpoint.
void add_checkpoint(const std::filesystem::path& run) {
  testing::write_text(run / "trials/a.checkpoint.h5", "begun");
}

template <typename Exception>
std::string refusal(const std::filesystem::path& path, const SweepPlan& wanted) {
  try {
    const RunFolder folder(path, wanted);
  } catch (const Exception& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RunFolder, KeepsTheConfigurationAndIsOpenedAgain) {
  const testing::TemporaryFolder folder;
  {
    const RunFolder run(folder / "run", plan("h1"));
    EXPECT_FALSE(run.is_resumed());
  }
  EXPECT_EQ(testing::read_text(folder / "run/config.yaml"), "given");
  const RunFolder again(folder / "run", plan("h1"));
  EXPECT_TRUE(again.is_resumed());
}

TEST(RunFolder, RefusesAnotherConfigurationNamingTheDifference) {
  const testing::TemporaryFolder folder;
  { const RunFolder run(folder / "run", plan("h1")); }
  add_checkpoint(folder / "run");
  const std::string text = refusal<ConfigError>(folder / "run", plan("h2"));
  EXPECT_THAT(text, HasSubstr("h1"));
  EXPECT_THAT(text, HasSubstr(R"("b: h1" there, "b: h2" now)"));
}

SweepPlan plan_with(const std::string& hash, const std::vector<std::string>& ids) {
  SweepPlan result = plan(hash);
  result.name = "sweep";
  result.config_given = "given " + hash;
  for (const auto& id : ids) {
    result.trials.emplace_back();
    result.trials.back().id = id;
    result.trials.back().config_hash = "hash-of-" + id;
  }
  return result;
}

TEST(RunFolder, TakesOverATrialInCommonAndCountsTheOthers) {
  struct Case {
    std::vector<std::string> before;
    std::vector<std::string> after;
    std::vector<std::size_t> counts;  // kept, new, left out
  };
  const Case kCases[] = {
      {{"a", "b"}, {"a", "b", "c"}, {2, 1, 0}},
      {{"a", "b", "c"}, {"c"}, {1, 0, 2}},
      {{"a", "b"}, {"b", "a"}, {2, 0, 0}},
      {{"a", "b"}, {"d", "c", "b"}, {1, 2, 1}},
  };
  for (const auto& [before, after, counts] : kCases) {
    const testing::TemporaryFolder folder;
    { const RunFolder run(folder / "run", plan_with("h1", before)); }
    testing::write_text(folder / "run/trials/a.h5", "finished");
    testing::write_text(folder / "run/results.h5", "of the old plan");
    {
      const RunFolder run(folder / "run", plan_with("h2", after));
      EXPECT_TRUE(run.is_resumed());
      ASSERT_TRUE(run.change());
      EXPECT_EQ(counts, (std::vector<std::size_t>{run.change()->num_kept, run.change()->num_new,
                                                  run.change()->num_left_out}));
    }
    EXPECT_EQ(testing::read_text(folder / "run/config.yaml"), "given h2");
    EXPECT_THAT(testing::read_text(folder / "run/resolved.yaml"), HasSubstr("configuration h2\n"));
    EXPECT_EQ(testing::read_text(folder / "run/trials/a.h5"), "finished");
    EXPECT_EQ(testing::read_text(folder / "run/trials/pack-0001.h5"), "of the old plan");
    EXPECT_FALSE(std::filesystem::exists(folder / "run/results.h5"));
    const RunFolder again(folder / "run", plan_with("h2", after));
    EXPECT_FALSE(again.change());
  }
}

TEST(RunFolder, RemovesItsOwnTemporaryFilesAndNoOthers) {
  const testing::TemporaryFolder folder;
  { const RunFolder run(folder / "run", plan_with("h1", {"a", "b"})); }
  const std::vector<std::string> left = {
      "status.json.tmp.7",
      "lock.tmp.7",
      "results.h5.tmp.7",
      "trials/a.h5.tmp.7",
      "trials/b.checkpoint.h5.tmp.7",  // of a trial that only the plan before has
      "trials/a.checkpoint.h5.tmp.7.tmp.7",
      "trials/a.checkpoint.previous.h5.tmp.7",
      "trials/pack-0001.h5.tmp.7"};
  const std::vector<std::string> foreign = {"thesis.tmp.docx",   "thesis.tmp.7",
                                            "run.tmp.7",         "trials/notes.tmp.txt",
                                            "trials/x.h5.tmp.7", "trials/status.json.tmp.7",
                                            "a.h5.tmp.7"};
  for (const auto& name : left) testing::write_text(folder.path() / "run" / name, "x");
  for (const auto& name : foreign) testing::write_text(folder.path() / "run" / name, "x");
  const RunFolder again(folder / "run", plan_with("h2", {"a"}));
  for (const auto& name : left)
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "run" / name)) << name;
  for (const auto& name : foreign)
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "run" / name)) << name;
}

TEST(RunFolder, RefusesAFolderWithFilesThatItWouldWriteOver) {
  for (const std::string name : {"config.yaml", "resolved.yaml", "plan.txt", "status.json",
                                 "models.json", "run.log", "events.jsonl", "lock"}) {
    const testing::TemporaryFolder folder;
    testing::write_text(folder / name, "mine");
    EXPECT_THAT(refusal<StoreError>(folder.path(), plan("h1")),
                HasSubstr((folder / name).string() + ": not "))
        << name;
    EXPECT_EQ(testing::read_text(folder / name), "mine");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << name;
  }
}

TEST(RunFolder, TakesItsOwnConfigurationAndTheEmptyLogOfAShell) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "config.yaml", plan("h1").config_given);
  testing::write_text(folder / "run.log", "");
  testing::write_text(folder / "lock", "");
  EXPECT_EQ(refusal<StoreError>(folder.path(), plan("h1")), "accepted");
}

TEST(RunFolder, RefusesLinksPipesAndFoldersInTheNamesOfItsFiles) {
  for (const bool is_begun : {false, true}) {
    for (const std::string name :
         {"config.yaml", "resolved.yaml", "plan.txt", "status.json", "models.json", "run.log",
          "events.jsonl", "lock", "results.h5", "explanations.json", "trials", "requests",
          "trials/a.h5", "trials/a.checkpoint.h5"}) {
      for (const std::string kind : {"link", "pipe", "folder"}) {
        if (kind == "folder" && (name == "trials" || name == "requests")) continue;
        const testing::TemporaryFolder folder;
        const auto run = folder / "run";
        std::filesystem::create_directory(run);
        std::filesystem::create_directory(folder / "mine");
        if (is_begun) {
          const RunFolder begun(run, plan_with("h1", {"a"}));
        }
        if (name.find('/') != std::string::npos) std::filesystem::create_directory(run / "trials");
        std::filesystem::remove_all(run / name);
        if (kind == "link") std::filesystem::create_symlink(folder / "mine", run / name);
        if (kind == "pipe") {
          ASSERT_EQ(::mkfifo((run / name).c_str(), 0600), 0);
        }
        if (kind == "folder") std::filesystem::create_directory(run / name);
        EXPECT_THAT(refusal<StoreError>(run, plan_with("h1", {"a"})),
                    AllOf(HasSubstr((run / name).string()), HasSubstr(": expected a ")))
            << name << ' ' << kind;
        EXPECT_TRUE(std::filesystem::is_empty(folder / "mine"));
      }
    }
  }
}

TEST(RunFolder, TakesAFurtherPlanUnderItsLock) {
  const testing::TemporaryFolder folder;
  RunFolder run(folder / "run", plan_with("h1", {"a", "b"}));
  testing::write_text(folder / "run/results.h5", "of the first plan");
  run.take_plan(plan_with("h2", {"a", "b", "c"}));
  EXPECT_TRUE(run.is_resumed());
  EXPECT_EQ(run.change()->num_new, 1U);
  EXPECT_EQ(read_plan(folder / "run")->trials.size(), 3U);
  EXPECT_EQ(testing::read_text(folder / "run/trials/pack-0001.h5"), "of the first plan");
  EXPECT_THAT(refusal<StoreError>(folder / "run", plan_with("h2", {"a", "b", "c"})),
              HasSubstr("another bbprompt is running"));
  EXPECT_THROW(run.take_plan(plan_with("h3", {"d"})), ConfigError);
}

TEST(RunFolder, ALookChangesNothing) {
  const testing::TemporaryFolder folder;
  EXPECT_FALSE(check_run_folder(folder / "none", plan("h1")).is_resumed);
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
  const RunFolder run(folder / "run", plan_with("h1", {"a"}));
  add_checkpoint(folder / "run");
  const PlanInFolder found = check_run_folder(folder / "run", plan_with("h2", {"a", "b"}));
  EXPECT_EQ(found.change->num_new, 1U);
  EXPECT_EQ(read_plan(folder / "run")->trials.size(), 1U);
  EXPECT_THROW((void)check_run_folder(folder / "run", plan_with("h2", {"b"})), ConfigError);
}

TEST(RunFolder, RefusesAPlanOfAnotherNameOrWithoutACommonTrial) {
  const testing::TemporaryFolder folder;
  { const RunFolder run(folder / "run", plan_with("h1", {"a", "b"})); }
  add_checkpoint(folder / "run");
  EXPECT_THAT(refusal<ConfigError>(folder / "run", plan_with("h2", {"c"})),
              HasSubstr("no trial in common"));
  for (const auto* hash : {"h1", "h2"}) {  // the name is no part of the hash
    SweepPlan renamed = plan_with(hash, {"a", "b", "c"});
    renamed.name = "other";
    EXPECT_THAT(refusal<ConfigError>(folder / "run", renamed),
                HasSubstr("holds run \"sweep\", this one is \"other\""));
  }
  SweepPlan changed = plan_with("h2", {"a"});
  changed.trials[0].config_hash = "other settings";
  EXPECT_THAT(refusal<ConfigError>(folder / "run", changed), HasSubstr("no trial in common"));
  EXPECT_THAT(testing::read_text(folder / "run/resolved.yaml"), HasSubstr("configuration h1\n"));
  EXPECT_EQ(read_plan(folder / "run")->trials.size(), 2U);
}

TEST(RunFolder, IsFreeForAnotherPlanWhereNothingCameOfTheFirst) {
  const testing::TemporaryFolder folder;
  { const RunFolder run(folder / "run", plan_with("h1", {"a"})); }
  {
    const RunFolder run(folder / "run", plan_with("h2", {"b"}));
    EXPECT_FALSE(run.is_resumed());
    EXPECT_FALSE(run.change());
  }
  EXPECT_EQ(read_plan(folder / "run")->trials.front().id, "b");
  EXPECT_EQ(testing::read_text(folder / "run/config.yaml"), "given h2");
}

// plan.txt is written first: the folder of a process killed behind it opens with either plan.
TEST(RunFolder, OpensWithEitherPlanWhereAChangeWasInterrupted) {
  for (const std::string hash : {"h1", "h2"}) {
    const testing::TemporaryFolder folder;
    const SweepPlan old = plan_with("h1", {"a", "b"});
    const SweepPlan grown = plan_with("h2", {"a", "b", "c"});
    { const RunFolder run(folder / "run", old); }
    write_plan(folder / "run",
               {.name = "sweep",
                .config_hash = "h2",
                .trials = {{"a", "hash-of-a"}, {"b", "hash-of-b"}, {"c", "hash-of-c"}}});
    const SweepPlan& wanted = hash == "h1" ? old : grown;
    { const RunFolder run(folder / "run", wanted); }
    EXPECT_EQ(read_plan(folder / "run")->config_hash, hash);
    EXPECT_THAT(testing::read_text(folder / "run/resolved.yaml"), HasSubstr(hash));
  }
}

TEST(RunFolder, GoesOnWithoutAPlanFileWhereNothingChanged) {
  const testing::TemporaryFolder folder;
  const SweepPlan old = plan_with("h1", {"a", "b"});
  { const RunFolder run(folder / "run", old); }
  std::filesystem::remove(folder / "run/plan.txt");
  { const RunFolder run(folder / "run", old); }
  EXPECT_EQ(read_plan(folder / "run")->trials.size(), 2U);
}

TEST(RunFolder, ShardsOfOnePlanDoNotShareAFolder) {
  const testing::TemporaryFolder folder;
  const SweepPlan whole = plan_with("h1", {"a", "b", "c", "d"});
  { const RunFolder run(folder / "run", take_shard(whole, {.index = 0, .count = 2})); }
  add_checkpoint(folder / "run");
  EXPECT_THAT(refusal<ConfigError>(folder / "run", take_shard(whole, {.index = 1, .count = 2})),
              HasSubstr("no trial in common"));
  const RunFolder all(folder / "run", whole);
  EXPECT_EQ(all.change()->num_kept, 2U);
}

TEST(RunFolder, RefusesASecondRunWhileTheFirstLives) {
  const testing::TemporaryFolder folder;
  const RunFolder first(folder / "run", plan("h1"));
  EXPECT_THAT(refusal<StoreError>(folder / "run", plan("h1")),
              HasSubstr("another bbprompt is running"));
}

TEST(RunFolder, RefusesADamagedConfiguration) {
  const testing::TemporaryFolder folder;
  { const RunFolder run(folder / "run", plan("h1")); }
  testing::write_text(folder / "run/resolved.yaml", "# config");
  EXPECT_THAT(refusal<StoreError>(folder / "run", plan("h1")), HasSubstr("damaged"));
}

TEST(RunFolder, SaysWhatItCannotWrite) {
  EXPECT_THAT(refusal<StoreError>("/proc/bbprompt", plan("h1")), HasSubstr("/proc/bbprompt"));
}

}  // namespace
}  // namespace bbprompt
