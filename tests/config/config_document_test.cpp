#include "bbprompt/config/config_document.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "tests/config/config_samples.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::kSmallConfig;
using testing::kSmallTask;
using testing::TemporaryFolder;
using testing::write_text;

constexpr auto* kReference = "name: small\nmodel: {path: model}\ntask: tasks/animals.yaml\n";

ConfigDocument load(const std::filesystem::path& path, const std::vector<std::string>& sets = {}) {
  return load_config(path, sets);
}

std::string error_of_file(const std::filesystem::path& path,
                          const std::vector<std::string>& sets = {}) {
  try {
    (void)parse_experiment(load(path, sets).root);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

class LoadConfig : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_ / "tasks");
    write_text(folder_ / "tasks/animals.yaml", kSmallTask);
    write_text(folder_ / "inline.yaml", kSmallConfig);
    write_text(folder_ / "reference.yaml", kReference);
  }
  TemporaryFolder folder_;
};

TEST_F(LoadConfig, KeepsTheTextAndTheFolder) {
  const ConfigDocument document = load(folder_ / "reference.yaml");
  EXPECT_EQ(document.given, kReference);
  EXPECT_EQ(document.folder, folder_.path());
}

TEST_F(LoadConfig, TaskFileStandsInPlaceWithItsPathsMadeRelativeToTheConfiguration) {
  const ExperimentSpec spec = parse_experiment(load(folder_ / "reference.yaml").root);
  EXPECT_EQ(spec.task.train, "tasks/train.jsonl");
  EXPECT_EQ(spec.task.test, "tasks/test.jsonl");
  EXPECT_EQ(spec.task.dev, "");
  EXPECT_EQ(spec.task.labels[1].words, (std::vector<std::string>{"plant", "tree"}));
  EXPECT_EQ(with_real_paths(spec, {.folder = folder_.path(), .data = {}}).task.train,
            folder_ / "tasks/train.jsonl");
}

class Profiles : public LoadConfig {
 protected:
  void SetUp() override {
    LoadConfig::SetUp();
    write_text(folder_ / "profiles.yaml",
               std::string(kReference) +
                   "budget: {evaluations: 7}\n"
                   "sweep: {variants: {a: {prompt.length: 2}}}\n"
                   "profile: small\n"
                   "profiles:\n"
                   "  small: {budget.evaluations: 60, sweep.variants.a.prompt.length: 3}\n"
                   "  large: {budget.evaluations: 6000, seeds: 2}\n");
  }
  ExperimentSpec spec(const std::vector<std::string>& sets) {
    return parse_experiment([&] {
      ConfigDocument document = load(folder_ / "profiles.yaml", sets);
      std::erase_if(document.root.entries,
                    [](const ConfigEntry& entry) { return entry.key == "sweep"; });
      return document.root;
    }());
  }
};

TEST_F(Profiles, TheChosenOneGoesOverTheFileAndBelowOtherOverrides) {
  EXPECT_EQ(spec({}).budget.evaluations, 60);
  EXPECT_EQ(spec({"profile=large"}).budget.evaluations, 6000);
  EXPECT_EQ(spec({"profile=''"}).budget.evaluations, 7);
  EXPECT_EQ(spec({"budget.evaluations=9", "profile=large"}).budget.evaluations, 9);
  EXPECT_EQ(parse_sweep(load(folder_ / "profiles.yaml")).variants[0].settings[0].value.text, "3");
  EXPECT_EQ(parse_sweep(load(folder_ / "profiles.yaml", {"profile=large"})).seeds.size(), 2U);
}

TEST_F(Profiles, LeaveNoTraceInTheResolvedConfiguration) {
  const std::string resolved = resolved_yaml(load(folder_ / "profiles.yaml"));
  EXPECT_EQ(resolved.find("profile"), std::string::npos);
  EXPECT_NE(resolved.find("evaluations: 60"), std::string::npos);
}

TEST_F(Profiles, RefusesUnknownNamesAndKeys) {
  EXPECT_NE(
      error_of_file(folder_ / "profiles.yaml", {"profile=big"}).find("there are: small, large"),
      std::string::npos);
  write_text(folder_ / "bad.yaml",
             std::string(kReference) + "profiles: {small: {budget.evaluation: 1}}\n");
  const std::string error = error_of_file(folder_ / "bad.yaml");
  EXPECT_NE(error.find("bad.yaml:4:"), std::string::npos) << error;
  EXPECT_NE(error.find("did you mean \"budget.evaluations\""), std::string::npos) << error;
}

TEST_F(LoadConfig, ErrorsInATaskFileNameItsLines) {
  write_text(folder_ / "tasks/animals.yaml", kSmallTask + "metrik: accuracy\n");
  EXPECT_EQ(error_of_file(folder_ / "reference.yaml"),
            (folder_ / "tasks/animals.yaml").string() +
                ":6:1: task.metrik: unknown key; did you mean \"task.metric\"?");
  write_text(folder_ / "tasks/animals.yaml", kSmallTask + "metric: f1\n");
  EXPECT_EQ(error_of_file(folder_ / "reference.yaml"),
            (folder_ / "tasks/animals.yaml").string() +
                ":6:9: task.metric: expected accuracy, macro_f1, binary_f1 or matthews, found "
                "\"f1\"");
}

TEST_F(LoadConfig, OverridesApplyInOrderAndMerge) {
  const auto spec = parse_experiment(
      load(folder_ / "reference.yaml",
           {"prompt.length=3", "prompt.length=4", "prompt={kind: discrete, soft: {alpha: 0.5}}",
            "task.max_field_tokens=64", "task.labels={x: a, y: b}", "model.path=../m",
            "optimizer.cma_es.target=0.25", "prompt.soft.init=\"a: b\""})
          .root);
  EXPECT_EQ(spec.prompt.length, 4);
  EXPECT_EQ(spec.prompt.kind, PromptKind::kDiscrete);
  EXPECT_EQ(spec.prompt.soft.alpha, 0.5);
  EXPECT_EQ(spec.prompt.soft.init, "a: b");
  EXPECT_EQ(spec.task.max_field_tokens, 64);
  ASSERT_EQ(spec.task.labels.size(), 2U);
  EXPECT_EQ(spec.task.labels[0].name, "x");
  EXPECT_EQ(spec.model.path, "../m");
  EXPECT_TRUE(spec.optimizer.cma_es.has_target);
  EXPECT_EQ(spec.optimizer.cma_es.target, 0.25);
}

TEST_F(LoadConfig, OverrideOfTheTaskLoadsItsFile) {
  write_text(folder_ / "other.yaml", kSmallTask + "max_field_tokens: 9\n");
  const auto spec = parse_experiment(load(folder_ / "reference.yaml", {"task=other.yaml"}).root);
  EXPECT_EQ(spec.task.max_field_tokens, 9);
  EXPECT_EQ(spec.task.train, "train.jsonl");
}

TEST_F(LoadConfig, OverridesReachIntoTheSweep) {
  write_text(folder_ / "sweep.yaml",
             kSmallConfig +
                 "sweep:\n  axes: {prompt.length: [1, 2]}\n"
                 "  variants: {a: {prompt.kind: soft}, v1.0: {prompt.kind: soft}}\n");
  const auto sweep = parse_sweep(
      load(folder_ / "sweep.yaml",
           {"sweep.axes.prompt.length=[7]", "sweep.axes.shard_size=[1, 2]",
            "sweep.variants.a.prompt.kind=discrete", "sweep.variants.v1.0.prompt.kind=discrete",
            "sweep.variants.c={objective.kind: hinge}", "seeds=2"}));
  ASSERT_EQ(sweep.axes.size(), 2U);
  EXPECT_EQ(sweep.axes[0].points[0][0].value.text, "7");
  EXPECT_EQ(sweep.axes[1].points[0][0].key, "shard_size");
  ASSERT_EQ(sweep.variants.size(), 3U);
  EXPECT_EQ(sweep.variants[0].settings[0].value.text, "discrete");
  EXPECT_EQ(sweep.variants[1].settings[0].value.text, "discrete");
  EXPECT_EQ(sweep.variants[2].name, "c");
  EXPECT_EQ(sweep.seeds, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(LoadConfig, OverridesReachIntoEveryPartOfTheSweep) {
  write_text(folder_ / "sweep.yaml",
             kSmallConfig +
                 "sweep:\n  random: {num_points: 3, space: {prompt.length: {integer: [1, 9]}}}\n");
  const auto sweep = parse_sweep(
      load(folder_ / "sweep.yaml",
           {"sweep.random.num_points=8", "sweep.random.space.prompt.length={integer: [2, 5]}",
            "sweep.random.space.shard_size={choice: [4, 8]}",
            "sweep.quasi_random={num_points: 2, space: {few_shot.max_test: {integer: [1, 9]}}}",
            "sweep.list=[{prompt.kind: soft}]", "sweep.exclude=[{seed: 1}]", "seeds=2"}));
  EXPECT_EQ(sweep.random.options.num_points, 8);
  ASSERT_EQ(sweep.random.space.size(), 2U);
  EXPECT_EQ(sweep.random.space[0].high, 5.0);
  EXPECT_EQ(sweep.random.space[1].choices.size(), 2U);
  EXPECT_EQ(sweep.quasi_random.options.num_points, 2);
  EXPECT_EQ(sweep.axes.size(), 1U);
  EXPECT_EQ(sweep.exclude.size(), 1U);
}

TEST_F(LoadConfig, OverridesOfWhatAPartOfTheSweepSetsAreRefused) {
  write_text(folder_ / "sweep.yaml",
             kSmallConfig +
                 "profile: p\nprofiles: {p: {few_shot.max_test: 9}}\nsweep:\n"
                 "  zip: {shard_size: [1, 2]}\n  list: [{prompt.kind: soft}]\n"
                 "  random: {num_points: 3, space: {prompt.length: {integer: [1, 9]}}}\n"
                 "  overrides: [{when: {task: animals}, set: {few_shot.max_test: 3}}]\n");
  const std::pair<std::string, std::string> cases[] = {
      {"shard_size=3",
       "--set shard_size=3: shard_size: sweep.zip sets shard_size, which would win; set sweep.zip "
       "instead"},
      {"prompt.kind=soft",
       "--set prompt.kind=soft: prompt.kind: sweep.list sets prompt.kind, which would win; set "
       "sweep.list instead"},
      {"prompt.length=3",
       "--set prompt.length=3: prompt.length: sweep.random samples prompt.length, which would win; "
       "set sweep.random.space.prompt.length to a distribution instead"},
      {"few_shot.max_test=5",
       "--set few_shot.max_test=5: few_shot.max_test: sweep.overrides sets few_shot.max_test for "
       "some trials, which would win; set sweep.overrides instead"},
  };
  EXPECT_EQ(error_of_file(folder_ / "sweep.yaml"), "");
  for (const auto& [set, error] : cases)
    EXPECT_EQ(error_of_file(folder_ / "sweep.yaml", {set}), error);
}

TEST_F(LoadConfig, BadOverridesAreLocatedAtTheirOption) {
  write_text(folder_ / "sweep.yaml", kSmallConfig +
                                         "sweep:\n  axes: {prompt.length: [1, 2]}\n"
                                         "  variants: {a: {budget.queries: 8}}\n");
  const std::pair<std::string, std::string> cases[] = {
      {"prompt.kind",
       "--set prompt.kind: expected KEY=VALUE, such as --set budget.evaluations=100"},
      {"=5", "--set =5: expected KEY=VALUE, such as --set budget.evaluations=100"},
      {"shard_size=",
       "--set shard_size=: shard_size: expected an integer from 1 to 1000000, found "
       "nothing (null)"},
      {"shard_size=x",
       "--set shard_size=x: shard_size: expected an integer from 1 to 1000000, "
       "found \"x\""},
      {"shard_sice=1", "--set shard_sice=1: shard_sice: unknown key; did you mean \"shard_size\"?"},
      {"prompt=5", "--set prompt=5: prompt: expected a mapping of keys to values, found \"5\""},
      {"task.labels.x=y",
       "--set task.labels.x=y: task.labels.x: unknown key; expected one of name, "
       "train, dev, test, columns, header, quoting, template, manual_prompt, labels, metric, "
       "max_field_tokens"},
      {"task=no.yaml", "--set task=no.yaml: task: cannot read \"" + (folder_ / "no.yaml").string() +
                           "\": No such file or directory"},
      {"budget={queries: ]", "--set budget={queries: ]: not well-formed YAML: illegal flow end"},
      {"prompt.length=3",
       "--set prompt.length=3: prompt.length: the sweep has an axis "
       "prompt.length, which would win; set sweep.axes.prompt.length to a list "
       "of values instead"},
      {"prompt={length: 3}",
       "--set prompt={length: 3}: prompt: the sweep has an axis "
       "prompt.length, which would win; set sweep.axes.prompt.length to a "
       "list of values instead"},
      {"budget.queries=3",
       "--set budget.queries=3: budget.queries: variant a sets budget.queries, "
       "which would win; set sweep.variants.a.budget.queries instead"},
      {"sweep.variants.b.prompt.kind=soft",
       "--set sweep.variants.b.prompt.kind=soft: sweep.variants.b.prompt.kind: no variant has this "
       "name; there are: a"},
      {"sweep.variants.b=soft",
       "--set sweep.variants.b=soft: sweep.variants.b: no variant has this name; there are: a"},
      {"sweep.axes.seeds=[1]",
       "--set sweep.axes.seeds=[1]: seeds: a sweep cannot set this key; "
       "list the seeds in the top-level \"seeds\""},
  };
  for (const auto& [set, error] : cases)
    EXPECT_EQ(error_of_file(folder_ / "sweep.yaml", {set}), error);
}

TEST_F(LoadConfig, ValuesHiddenByAnAxisAreStillChecked) {
  write_text(folder_ / "sweep.yaml",
             kSmallConfig + "prompt: {length: x}\nsweep: {axes: {prompt.length: [1]}}\n");
  EXPECT_NE(error_of_file(folder_ / "sweep.yaml").find(":9:18: prompt.length: expected an integer"),
            std::string::npos);
}

TEST_F(LoadConfig, TaskFilesTooLargeTogetherAreRefused) {
  write_text(folder_ / "big.yaml", kSmallTask + "#" + std::string(1000000, 'x') + "\n");
  std::string list = "big.yaml";
  for (int i = 0; i < 20; ++i) list += ", big.yaml";
  write_text(folder_ / "many.yaml",
             "name: x\nmodel: {path: m}\nsweep: {axes: {task: [" + list + "]}}\n");
  EXPECT_NE(error_of_file(folder_ / "many.yaml").find("at most 16 MiB together"),
            std::string::npos);
}

}  // namespace
}  // namespace bbprompt
