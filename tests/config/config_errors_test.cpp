#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "tests/config/config_samples.hpp"
#include "tests/config/expected_errors.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::BadValue;
using testing::error_of;
using testing::expect_errors;
using testing::kSmallConfig;
using testing::small_config_with;

TEST(ConfigErrors, SmallConfigurationIsFine) { EXPECT_EQ(error_of(kSmallConfig), ""); }

TEST(ConfigErrors, UnknownKeysNameTheNearestOne) {
  expect_errors({
      {"", "prompt: {lenght: 3}\n",
       "c.yaml:9:10: prompt.lenght: unknown key; did you mean \"prompt.length\"?"},
      {"", "promt: {length: 3}\n", "c.yaml:9:1: promt: unknown key; did you mean \"prompt\"?"},
      {"", "length: 3\n", "c.yaml:9:1: length: unknown key; did you mean \"prompt.length\"?"},
      {"", "budget:\n  evaluation: 3\n",
       "c.yaml:10:3: budget.evaluation: unknown key; did you mean \"budget.evaluations\"?"},
      {"", "budget: {zzzzzzzzz: 3}\n",
       "c.yaml:9:10: budget.zzzzzzzzz: unknown key; expected one of evaluations, queries, calls, "
       "tokens"},
      {"", "prompt.length: 3\n",
       "c.yaml:9:1: prompt.length: dotted keys are for sweeps and --set; here, nest the key, as in "
       "\"prompt: {length: ...}\""},
      {"", "\"\": 3\n",
       "c.yaml:9:1: unknown key; expected one of name, profile, profiles, model, task, few_shot, "
       "prompt, objective, scoring, optimizer, budget, selection, manual_baseline, shard_size, "
       "seeds, data_folder, output, failures, sweep"},
      {"", "<<: {length: 3}\n",
       "c.yaml:9:1: <<: unknown key; expected one of name, profile, profiles, model, task, "
       "few_shot, "
       "prompt, objective, scoring, optimizer, budget, selection, manual_baseline, shard_size, "
       "seeds, data_folder, output, failures, sweep"},
  });
}

TEST(ConfigErrors, IntegersAreDecimalAndWithinTheirRange) {
  constexpr BadValue kCases[] = {
      {"0", "\"0\""},
      {"513", "\"513\""},
      {"5.0", "\"5.0\""},
      {"1e2", "\"1e2\""},
      {"010", "\"010\""},
      {"0x10", "\"0x10\""},
      {"+5", "\"+5\""},
      {"1_000", "\"1_000\""},
      {"99999999999999999999", "\"99999999999999999999\""},
      {"\"5\"", "\"5\""},
      {"true", "\"true\""},
      {"[5]", "a list"},
      {"{a: 5}", "a mapping"},
  };
  for (const auto& [value, found] : kCases) {
    EXPECT_EQ(error_of(small_config_with("prompt: {length: " + std::string(value) + "}\n")),
              "c.yaml:9:18: prompt.length: expected an integer from 1 to 512, found " +
                  std::string(found));
  }
}

TEST(ConfigErrors, NumbersAreFiniteAndWithinTheirRange) {
  constexpr BadValue kCases[] = {
      {"0", "\"0\""},         {"-0.0", "\"-0.0\""},
      {"nan", "\"nan\""},     {".nan", "\".nan\""},
      {"inf", "\"inf\""},     {".inf", "\".inf\""},
      {"1e400", "\"1e400\""}, {"1e-400", "\"1e-400\""},
      {"0x1p3", "\"0x1p3\""}, {"1000001", "\"1000001\""},
  };
  for (const auto& [value, found] : kCases) {
    EXPECT_EQ(error_of(small_config_with("prompt: {soft: {alpha: " + std::string(value) + "}}\n")),
              "c.yaml:9:24: prompt.soft.alpha: expected a number above 0, at most 1000000, found " +
                  std::string(found));
  }
}

TEST(ConfigErrors, WrongTypesSayWhatWasExpectedAndFound) {
  expect_errors({
      {"", "prompt: {soft: {alpha: 1,5}}\n",
       "c.yaml:9:26: prompt.soft.5: unknown key; expected one of mode, layers, dimension, alpha, "
       "init"},
      {"", "prompt: {kind: hard}\n",
       "c.yaml:9:16: prompt.kind: expected discrete, soft, manual or demonstrations, found "
       "\"hard\""},
      {"", "prompt: {soft: {mode: replace}}\n",
       "c.yaml:9:23: prompt.soft.mode: expected add or concatenate, found \"replace\""},
      {"", "prompt: {soft: {layers: 12}}\n",
       "c.yaml:9:25: prompt.soft.layers: expected input or all, found \"12\""},
      {"", "optimizer: {cma_es: {active: yes}}\n",
       "c.yaml:9:30: optimizer.cma_es.active: expected true or false, found \"yes\""},
      {"", "optimizer: {cma_es: {target: low}}\n",
       "c.yaml:9:30: optimizer.cma_es.target: expected none or a number from -1e+300 to 1e+300, "
       "found \"low\""},
      {"", "budget: 5\n", "c.yaml:9:9: budget: expected a mapping of keys to values, found \"5\""},
      {"", "budget:\n",
       "c.yaml:9:1: budget: expected a mapping of keys to values, found nothing (null)"},
      {"", "shard_size:\nseeds: 3\n",
       "c.yaml:9:1: shard_size: expected an integer from 1 to 1000000, found nothing (null)"},
      {"name: small", "name: a b",
       "c.yaml:1:7: name: expected a name (at most 64 letters, digits, '.', '_' and '-'), found "
       "\"a b\""},
      {"{path: model}", "{path: \"\"}", "c.yaml:2:15: model.path: expected a path, found \"\""},
      {"{path: model}", "{path: model, kind: remote}",
       "c.yaml:2:28: model.kind: expected replica or server, found \"remote\""},
      {"\"{prompt} {text_a} It was {mask}.\"", "\"  \"",
       "c.yaml:7:13: task.template: expected text that is not empty, or a mapping of masked and "
       "causal to such texts, found \"  \""},
      {"\"{prompt} {text_a} It was {mask}.\"", "~",
       "c.yaml:7:3: task.template: expected text that is not empty, or a mapping of masked and "
       "causal to such texts, found nothing (null)"},
      {"\"{prompt} {text_a} It was {mask}.\"", "{masked: \"{mask}\"}",
       "c.yaml:7:13: task.template: expected text that is not empty, or a mapping of masked and "
       "causal to such texts, found a mapping"},
      {"\"{prompt} {text_a} It was {mask}.\"", "{masked: \"{mask}\", casual: \"{mask}\"}",
       "c.yaml:7:13: task.template: expected text that is not empty, or a mapping of masked and "
       "causal to such texts, found a mapping"},
      {"\"{prompt} {text_a} It was {mask}.\"", "{masked: \"{mask}\", causal: \" \"}",
       "c.yaml:7:40: task.template: expected text that is not empty, found \" \""},
  });
}

TEST(ConfigErrors, LabelsAndWordsAreChecked) {
  expect_errors({
      {"{animal: animal, plant: [plant, tree]}", "{animal: animal}",
       "c.yaml:8:11: task.labels: expected a mapping from two or more label names to a word or a "
       "list of words, found one label"},
      {"{animal: animal, plant: [plant, tree]}", "[animal, plant]",
       "c.yaml:8:11: task.labels: expected a mapping from two or more label names to a word or a "
       "list of words, found a list"},
      {"{animal: animal, plant: [plant, tree]}", "{a: x, a: y}",
       "c.yaml:8:18: a: key is written twice in one mapping"},
      {"{animal: animal, plant: [plant, tree]}", "{a: x, b: x}",
       R"(c.yaml:8:21: task.labels: "x" is used for label "a" too; choose another word)"},
      {"{animal: animal, plant: [plant, tree]}", "{a: [x, y, x], b: z}",
       "c.yaml:8:22: task.labels: \"x\" is used twice"},
      {"{animal: animal, plant: [plant, tree]}", "{a: [], b: z}",
       "c.yaml:8:15: task.labels: expected a word or a list of words, found a list"},
      {"{animal: animal, plant: [plant, tree]}", "{a: , b: z}",
       "c.yaml:8:12: task.labels: expected a word or a list of words, found nothing (null)"},
      {"{animal: animal, plant: [plant, tree]}", "{a: \" x\", b: z}",
       "c.yaml:8:15: task.labels: expected a word without blanks around it, found \" x\""},
      {"{animal: animal, plant: [plant, tree]}", "{a: x, \"b \": z}",
       "c.yaml:8:18: task.labels: expected a name without blanks around it, found label \"b \""},
      {"", "prompt: {discrete: {words: [a, b, a]}}\n",
       "c.yaml:9:35: prompt.discrete.words: \"a\" is used twice"},
      {"", "prompt: {discrete: {words: [a]}}\n",
       "c.yaml:9:28: prompt.discrete.words: expected at least two words to choose from, found one"},
  });
}

TEST(ConfigErrors, SeedsAreChecked) {
  constexpr BadValue kLists[] = {
      {"0", "\"0\""}, {"-1", "\"-1\""}, {"100001", "\"100001\""}, {"[]", "a list"}};
  for (const auto& [value, found] : kLists) {
    EXPECT_EQ(error_of(small_config_with("seeds: " + std::string(value) + "\n")),
              "c.yaml:9:8: seeds: expected a list of seeds, or a count from 1 to 100000 for the "
              "seeds 1, 2, ..., found " +
                  std::string(found));
  }
  expect_errors({
      {"", "seeds: [-1]\n",
       "c.yaml:9:9: seeds: expected a seed from 0 to 18446744073709551615, found \"-1\""},
      {"", "seeds: [18446744073709551616]\n",
       "c.yaml:9:9: seeds: expected a seed from 0 to 18446744073709551615, found "
       "\"18446744073709551616\""},
      {"", "seeds: [1, 2, 1]\n", "c.yaml:9:15: seeds: seed 1 is there twice"},
  });
}

constexpr std::string_view kTaskLines =
    "task:\n"
    "  name: animals\n"
    "  train: train.jsonl\n"
    "  test: test.jsonl\n"
    "  template: \"{prompt} {text_a} It was {mask}.\"\n"
    "  labels: {animal: animal, plant: [plant, tree]}\n";

TEST(ConfigErrors, MissingKeysPointAtTheSection) {
  expect_errors({
      {"name: small\n", "",
       "c.yaml:1:1: name: required key is missing; expected a name (at most 64 letters, digits, "
       "'.', '_' and '-')"},
      {"{path: model}", "{threads: 1}",
       "c.yaml:2:8: model.path: required key is missing; expected a path"},
      {"model: {path: model}\n", "",
       "c.yaml:1:1: model.path: required key is missing; expected a path"},
      {"  train: train.jsonl\n", "",
       "c.yaml:4:3: task.train: required key is missing; expected a path"},
      {kTaskLines, "",
       "c.yaml:1:1: task.name: required key is missing; expected a name (at most 64 letters, "
       "digits, '.', '_' and '-')"},
  });
}

TEST(ConfigErrors, ValuesThatDoNotGoTogetherAreRefused) {
  expect_errors({
      {"", "prompt: {kind: discrete, discrete: {candidates: {source: list}}}\n",
       "c.yaml:9:49: prompt.discrete.candidates.file: expected the file that source: list reads, "
       "found none"},
      {"", "prompt: {kind: demonstrations, demonstrations: {per_class: 17}}\n",
       "c.yaml:9:60: prompt.demonstrations.per_class: expected at most 16, the value of "
       "few_shot.train_per_class, found 17"},
      {"", "budget: {evaluations: 0}\n",
       "c.yaml:9:9: budget: expected a limit above 0 in budget.evaluations, queries, calls or "
       "tokens, found none"},
      {"{animal: animal, plant: [plant, tree]}\n", "{a: x, b: y, c: z}\n  metric: binary_f1\n",
       "c.yaml:9:11: task.metric: expected two labels for binary_f1, task.labels has 3; use "
       "macro_f1 or accuracy"},
      {"  labels:", "  columns: {label: text_a}\n  labels:",
       "c.yaml:8:20: task.columns.label: expected another column than task.columns.text_a, found "
       "\"text_a\" for both"},
      {"  labels:", "  columns: {text_b: label}\n  labels:",
       "c.yaml:8:21: task.columns.text_b: expected another column than task.columns.label, found "
       "\"label\" for both"},
      {"", "optimizer: {cma_es: {population_size: 1}}\n",
       "c.yaml:9:39: optimizer.cma_es.population_size: expected 0 or at least 2, found 1"},
      {"", "optimizer: {kind: policy_gradient}\n",
       "c.yaml:9:19: optimizer.kind: expected cma_es or random_search, as this prompt has real "
       "coordinates and the optimizer chooses among categories; or use prompt.kind: discrete with "
       "prompt.discrete.relaxation: index"},
      {"", "prompt: {kind: discrete}\noptimizer: {kind: cat_cma}\n",
       "c.yaml:10:19: optimizer.kind: expected cma_es or random_search, as this prompt has real "
       "coordinates and the optimizer chooses among categories; or use prompt.kind: discrete with "
       "prompt.discrete.relaxation: index"},
      {"", "optimizer: {cat_cma: {population_size: 1}}\n",
       "c.yaml:9:40: optimizer.cat_cma.population_size: expected 0 or at least 2, found 1"},
      {"", "prompt: {soft: {dimension: 10001}}\n",
       "c.yaml:1:1: optimizer.cma_es.covariance: expected at most 10000 search coordinates for a "
       "full covariance matrix, the prompt has 10001; use separable, or fewer coordinates"},
  });
}

TEST(ConfigErrors, FilesThatCannotBeReadAreNamed) {
  const testing::TemporaryFolder folder;
  const auto error_of_file = [](const std::filesystem::path& path) -> std::string {
    try {
      (void)load_config(path);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  const auto path = [&](const std::string& name) { return (folder / name).string(); };
  EXPECT_EQ(
      error_of_file(folder / "no.yaml"),
      path("no.yaml") + ": cannot read \"" + path("no.yaml") + "\": No such file or directory");
  EXPECT_EQ(error_of_file(folder.path()), folder.path().string() + ": cannot read \"" +
                                              folder.path().string() +
                                              "\": expected a file, found something else");
  testing::write_text(folder / "large.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(error_of_file(folder / "large.yaml"), path("large.yaml") + ": cannot read \"" +
                                                      path("large.yaml") +
                                                      "\": expected at most 1 MiB, found more");
  testing::write_text(folder / "task.yaml", "name: x\nmodel: {path: m}\ntask: none.yaml\n");
  EXPECT_EQ(error_of_file(folder / "task.yaml"), path("task.yaml") + ":3:7: task: cannot read \"" +
                                                     path("none.yaml") +
                                                     "\": No such file or directory");
  testing::write_text(folder / "self.yaml", "name: x\nmodel: {path: m}\ntask: self.yaml\n");
  EXPECT_EQ(error_of_file(folder / "self.yaml"),
            path("self.yaml") + ":2:1: task.model: unknown key; did you mean \"model\"?");
}

}  // namespace
}  // namespace bbprompt
