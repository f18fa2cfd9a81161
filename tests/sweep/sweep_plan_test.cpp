#include "bbprompt/sweep/sweep_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "tests/config/config_samples.hpp"
#include "tests/support.hpp"
#include "tests/sweep/plans.hpp"

namespace bbprompt {
namespace {

using testing::error_of;
using testing::ids_of;
using testing::kLargeConfig;
using testing::kSmallConfig;
using testing::kSmallTask;
using testing::plan_of;

TEST(Shard, PartsAreDisjointAndTogetherTheWholePlan) {
  const SweepPlan whole = plan_of(kSmallConfig + "seeds: 11\n");
  for (const int count : {1, 2, 4, 11, 13}) {
    std::vector<std::string> ids(whole.trials.size());
    std::set<std::string> hashes;
    for (int index = 0; index < count; ++index) {
      const SweepPlan part = take_shard(whole, {.index = index, .count = count});
      for (std::size_t i = 0; i < part.trials.size(); ++i) {
        ids.at(static_cast<std::size_t>(index) + i * static_cast<std::size_t>(count)) =
            part.trials[i].id;
      }
      if (part.trials.empty()) continue;
      EXPECT_TRUE(hashes.insert(part.config_hash).second);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], whole.trials[i].id);
  }
  EXPECT_EQ(take_shard(whole, {}).config_hash, whole.config_hash);
}

TEST(Shard, IsWrittenAsPeopleCount) {
  EXPECT_EQ(parse_shard("2/4").index, 1);
  EXPECT_EQ(parse_shard("4/4").count, 4);
  for (const auto* text :
       {"", "0/4", "5/4", "1", "1/", "/2", "1/0", "-1/2", "1/2/3", "a/b", "1/2 "}) {
    EXPECT_THROW((void)parse_shard(text), UsageError) << text;
  }
}

TEST(Expand, OneTrialWithoutASweep) {
  const SweepPlan plan = plan_of(kSmallConfig);
  ASSERT_EQ(plan.trials.size(), 1U);
  const TrialSpec& trial = plan.trials.front();
  EXPECT_EQ(trial.method, "soft");
  EXPECT_EQ(trial.seed, 1U);
  EXPECT_EQ(trial.spec.model.path, "f/model");
  EXPECT_TRUE(trial.axis_values.empty());
  EXPECT_EQ(plan.name, "small");
  EXPECT_EQ(plan.output.folder, "out/small");
  EXPECT_EQ(plan.config_given, kSmallConfig);
}

// As for a file that is named without its folder.
TEST(Expand, TakesTheWorkingDirectoryForAConfigurationWithoutAFolder) {
  const SweepPlan plan = plan_of(kSmallConfig, "");
  EXPECT_EQ(plan.folder / "model", std::filesystem::current_path() / "model");
  EXPECT_EQ(plan.trials.front().spec.model.path, "model");
}

// The identifier by hand: names, seed and the hash of the text that a trial resolves to.
TEST(Expand, IdIsMadeOfNamesSeedAndHash) {
  const TrialSpec trial = plan_of(kSmallConfig + "seeds: [12]\n").trials.front();
  std::string text = trial.resolved_yaml;
  text.replace(text.find("small"), 5, "\"\"");
  EXPECT_EQ(trial.config_hash, sha256_hex(text));
  EXPECT_EQ(trial.id, "animals-soft-s12-" + sha256_hex(text).substr(0, 8));
}

TEST(Expand, IdsKeepToSafeCharacters) {
  std::string text = kSmallConfig + "sweep: {variants: {Soft.V2_x: {}}}\n";
  text.replace(text.find("animals"), 7, "EVAL-For.x");
  EXPECT_EQ(plan_of(text).trials.front().id.substr(0, 25),
            "eval-for-x-soft-v2_x-s1-" + plan_of(text).trials.front().config_hash.substr(0, 1));
}

TEST(Expand, WalksVariantsThenAxesThenSeeds) {
  const SweepPlan plan = plan_of(kSmallConfig +
                                 "seeds: [5, 3]\n"
                                 "sweep:\n"
                                 "  axes:\n"
                                 "    shard_size: [4, 2, 8]\n"
                                 "    objective: [{kind: hinge, margin: 1.0}, {kind: error_rate}]\n"
                                 "  variants:\n"
                                 "    b: {prompt.kind: discrete, prompt.length: 2}\n"
                                 "    a: {prompt: {soft: {alpha: 3}}}\n");
  std::size_t at = 0;
  for (const std::string method : {"b", "a"}) {
    for (const int shard_size : {4, 2, 8}) {
      for (const auto objective : {ObjectiveKind::kHinge, ObjectiveKind::kErrorRate}) {
        for (const std::uint64_t seed : {5, 3}) {
          ASSERT_LT(at, plan.trials.size());
          const TrialSpec& trial = plan.trials[at++];
          EXPECT_EQ(trial.method, method);
          EXPECT_EQ(trial.spec.shard_size, shard_size);
          EXPECT_EQ(trial.spec.objective.kind, objective);
          EXPECT_EQ(trial.spec.objective.margin, objective == ObjectiveKind::kHinge ? 1.0 : 2.0);
          EXPECT_EQ(trial.spec.prompt.length, method == "b" ? 2 : 5);
          EXPECT_EQ(trial.spec.prompt.soft.alpha, method == "a" ? 3.0 : 1.0);
          EXPECT_EQ(trial.seed, seed);
          EXPECT_EQ(trial.spec.seed, seed);
          ASSERT_EQ(trial.axis_values.size(), 2U);
          EXPECT_EQ(trial.axis_values[0].first, "shard_size");
          EXPECT_EQ(trial.axis_values[0].second, std::to_string(shard_size));
          EXPECT_EQ(trial.axis_values[1].second, objective == ObjectiveKind::kHinge
                                                     ? "{kind: hinge, margin: 1}"
                                                     : "{kind: error_rate}");
        }
      }
    }
  }
  EXPECT_EQ(at, plan.trials.size());
  EXPECT_EQ(ids_of(plan).size(), plan.trials.size());
}

TEST(Expand, TrialsReadBackFromTheirResolvedText) {
  for (const auto& trial : plan_of(kLargeConfig).trials) {
    const ExperimentSpec spec =
        experiment_from_yaml(trial.resolved_yaml, {.folder = "f", .data = {}});
    EXPECT_EQ(to_yaml(spec), to_yaml(trial.spec));
  }
}

TEST(Expand, GrowingASweepKeepsIds) {
  const std::string start = kSmallConfig + "sweep:\n  axes:\n    shard_size: ";
  const auto few = ids_of(plan_of(start + "[4, 8]\n"));
  const auto more = ids_of(plan_of(start + "[16, 8, 4]\n    prompt.length: [5, 6]\nseeds: 3\n"));
  EXPECT_EQ(more.size(), 18U);
  EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
}

TEST(Expand, IdsIgnoreNameOutputFolderAndSpelling) {
  std::string renamed = kSmallConfig +
                        "output: {folder: elsewhere, checkpoint_every: 9}\n"
                        "prompt: {soft: {alpha: 1.0e0}}\n";
  renamed.replace(renamed.find("small"), 5, "other");
  const SweepPlan a = plan_of(kSmallConfig, "f");
  const SweepPlan b = plan_of(renamed, "/somewhere/g");
  EXPECT_EQ(ids_of(a), ids_of(b));
  EXPECT_EQ(a.config_hash, b.config_hash);
}

TEST(Expand, IdsKeepDataPathsAsWrittenWhereverTheDataFolderIs) {
  std::string text = kSmallConfig;
  text.replace(text.find("train: train.jsonl"), 18, "train: \"data:animals/train.jsonl\"");
  const SweepPlan a = plan_of(text + "data_folder: /sets/a\n");
  const SweepPlan b = plan_of(text + "data_folder: b\n");
  EXPECT_EQ(ids_of(a), ids_of(b));
  EXPECT_EQ(a.config_hash, b.config_hash);
  EXPECT_EQ(a.trials[0].resolved_yaml, b.trials[0].resolved_yaml);
  EXPECT_NE(a.trials[0].resolved_yaml.find("data:animals/train.jsonl"), std::string::npos);
  EXPECT_EQ(a.trials[0].spec.task.train, "/sets/a/animals/train.jsonl");
  EXPECT_EQ(b.trials[0].spec.task.train, std::filesystem::current_path() / "b/animals/train.jsonl");
  EXPECT_EQ(b.data_folder, std::filesystem::current_path() / "b");
  EXPECT_NE(ids_of(a), ids_of(plan_of(kSmallConfig)));
}

TEST(Expand, IdsChangeWithEverySettingOfATrial) {
  const std::string settings[] = {
      "",
      "shard_size: 16",
      "seeds: [2]",
      "model: {path: model, weights: other.safetensors}",
      "few_shot: {max_test: 5}",
      "prompt: {soft: {alpha: 1.0000000000000002}}",
      "budget: {queries: 1}",
      "optimizer: {cma_es: {target: 0}}",
  };
  std::set<std::string> hashes;
  for (const auto& setting : settings) {
    std::string text = kSmallConfig;
    if (setting.rfind("model", 0) == 0) text.erase(text.find("model:"), 21);
    hashes.insert(plan_of(text + setting + "\n").trials.front().config_hash);
  }
  EXPECT_EQ(hashes.size(), std::size(settings));
}

// Scores have the same bits with any number of threads (replica_test), so that a run may go on with
// another number.
TEST(Expand, IdsDoNotDependOnTheThreadsThatTrialsKeep) {
  const std::string with_threads =
      std::string(kSmallConfig) + "sweep: {axes: {prompt.length: [3, 4]}}\n";
  std::string more = with_threads;
  more.replace(more.find("model: {path: model}"), 20, "model: {path: model, threads: 3}");
  const SweepPlan one = plan_of(with_threads);
  const SweepPlan three = plan_of(more);
  EXPECT_EQ(ids_of(one), ids_of(three));
  EXPECT_EQ(one.config_hash, three.config_hash);
  for (const TrialSpec& trial : three.trials) {
    EXPECT_EQ(trial.spec.model.threads, 3);
    EXPECT_NE(trial.resolved_yaml.find("threads: 3"), std::string::npos);
  }
}

TEST(Expand, RefusesTrialsThatDifferInThreadsAlone) {
  EXPECT_NE(error_of(std::string(kSmallConfig) + "sweep: {axes: {model.threads: [1, 2]}}\n")
                .find("model.threads, which changes no result"),
            std::string::npos);
}

TEST(Expand, ResolvedConfigurationExpandsToTheSamePlan) {
  for (const auto& text : {kSmallConfig, kLargeConfig}) {
    const SweepPlan plan = plan_of(text);
    const SweepPlan again = plan_of(plan.config_resolved);
    EXPECT_EQ(again.config_resolved, plan.config_resolved);
    EXPECT_EQ(again.config_hash, plan.config_hash);
    EXPECT_EQ(again.output.folder, plan.output.folder);
    ASSERT_EQ(again.trials.size(), plan.trials.size());
    for (std::size_t i = 0; i < plan.trials.size(); ++i) {
      EXPECT_EQ(again.trials[i].id, plan.trials[i].id);
      EXPECT_EQ(again.trials[i].axis_values, plan.trials[i].axis_values);
    }
  }
}

TEST(Expand, TasksOfAnAxisReplaceEachOtherWholly) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "a.yaml", kSmallTask + "max_field_tokens: 7\nmanual_prompt: x\n");
  testing::write_text(folder / "b.yaml",
                      "name: moods\ntrain: t\ntest: t\ntemplate: x\nlabels: {good: a, bad: b}\n");
  testing::write_text(folder / "c.yaml",
                      "name: two\nmodel: {path: m}\ntask: a.yaml\n"
                      "sweep: {axes: {task: [a.yaml, b.yaml]}}\n");
  const SweepPlan plan = expand(load_config(folder / "c.yaml"));
  ASSERT_EQ(plan.trials.size(), 2U);
  EXPECT_EQ(plan.trials[0].axis_values[0].second, "animals");
  EXPECT_EQ(plan.trials[0].spec.task.max_field_tokens, 7);
  EXPECT_EQ(plan.trials[1].axis_values[0].second, "moods");
  EXPECT_EQ(plan.trials[1].spec.task.max_field_tokens, 0);
  EXPECT_EQ(plan.trials[1].spec.task.manual_prompt, "");
  EXPECT_EQ(plan.trials[1].spec.task.labels.size(), 2U);
  EXPECT_EQ(plan.trials[1].spec.task.labels[0].name, "good");
  const SweepPlan again = expand(parse_config(plan.config_resolved, folder.path(), "resolved"));
  EXPECT_EQ(again.config_hash, plan.config_hash);
}

TEST(Expand, RefusesEqualTrials) {
  const TrialSpec trial = plan_of(kSmallConfig).trials.front();
  EXPECT_EQ(error_of(kSmallConfig + "sweep:\n  axes: {prompt.soft.alpha: [1, 1.0]}\n"),
            "c.yaml:10:3: sweep: two trials are equal (" + trial.id +
                "); each must differ from the others in task, method, seed or a setting");
}

TEST(Expand, RefusesTooManyTrials) {
  EXPECT_EQ(error_of(kSmallConfig + "seeds: 50001\nsweep: {axes: {shard_size: [1, 2]}}\n"),
            "c.yaml:10:8: sweep: expected at most 100000 trials, found more; sweep fewer values or "
            "seeds");
}

TEST(Expand, ErrorsOfOneCombinationPointAtTheValue) {
  EXPECT_EQ(error_of(kSmallConfig + "sweep: {axes: {prompt.length: [5, 0]}}\n"),
            "c.yaml:9:35: prompt.length: expected an integer from 1 to 512, found \"0\"");
  EXPECT_EQ(error_of(kSmallConfig + "sweep: {variants: {a: {budget.evaluations: 0}}}\n"),
            "c.yaml:9:24: budget: expected a limit above 0 in budget.evaluations, "
            "queries, calls or tokens, found none");
}

}  // namespace
}  // namespace bbprompt
