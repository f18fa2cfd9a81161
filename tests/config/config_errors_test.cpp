#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "tests/config/config_samples.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::kSmallConfig;
using testing::small_config_with;

// What reading the text as "c.yaml" throws; empty if it does not.
std::string error_of(const std::string& text) {
  try {
    (void)parse_experiment(parse_config(text, "", "c.yaml").root);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// A change to kSmallConfig: `from` replaced by `to`, or `to` put behind where `from` is empty.
struct BadConfig {
  std::string_view from;
  std::string_view to;
  std::string_view error;
};

void expect_errors(std::initializer_list<BadConfig> cases) {
  for (const auto& [from, to, error] : cases) {
    std::string text = kSmallConfig;
    const std::size_t at = from.empty() ? text.size() : text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    EXPECT_EQ(error_of(text.replace(at, from.size(), to)), error);
  }
}

// A value, and how an error message describes it or what the whole message is.
struct BadValue {
  std::string_view value;
  std::string_view found;
};

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
       "c.yaml:9:10: budget.zzzzzzzzz: unknown key; known here: evaluations, queries, calls, "
       "tokens"},
      {"", "prompt.length: 3\n",
       "c.yaml:9:1: prompt.length: dotted keys are for sweeps and --set; nest the key here, as in "
       "\"prompt: {length: ...}\""},
      {"", "\"\": 3\n",
       "c.yaml:9:1: unknown key; known here: name, profile, profiles, model, task, few_shot, "
       "prompt, objective, scoring, optimizer, budget, selection, manual_baseline, shard_size, "
       "seeds, data_folder, output, failures, sweep"},
      {"", "<<: {length: 3}\n",
       "c.yaml:9:1: <<: unknown key; known here: name, profile, profiles, model, task, few_shot, "
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
       "c.yaml:9:26: prompt.soft.5: unknown key; known here: mode, layers, dimension, alpha, init"},
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
      {"{path: model}", "{path: model, kind: server}",
       "c.yaml:2:28: model.kind: expected replica, found \"server\""},
      {"\"{prompt} {text_a} It was {mask}.\"", "\"  \"",
       "c.yaml:7:13: task.template: expected text that is not empty, found \"  \""},
      {"\"{prompt} {text_a} It was {mask}.\"", "~",
       "c.yaml:7:3: task.template: expected text that is not empty, found nothing (null)"},
  });
}

TEST(ConfigErrors, LabelsAndWordsAreChecked) {
  expect_errors({
      {"{animal: animal, plant: [plant, tree]}", "{animal: animal}",
       "c.yaml:8:11: task.labels: expected a mapping from two or more label names to a word or a "
       "list of words, found a mapping"},
      {"{animal: animal, plant: [plant, tree]}", "[animal, plant]",
       "c.yaml:8:11: task.labels: expected a mapping from two or more label names to a word or a "
       "list of words, found a list"},
      {"{animal: animal, plant: [plant, tree]}", "{a: x, a: y}",
       "c.yaml:8:18: a: key is written twice in one mapping"},
      {"{animal: animal, plant: [plant, tree]}", "{a: x, b: x}",
       R"(c.yaml:8:21: task.labels: "x" stands for label "a" too)"},
      {"{animal: animal, plant: [plant, tree]}", "{a: [x, y, x], b: z}",
       "c.yaml:8:22: task.labels: \"x\" stands twice"},
      {"{animal: animal, plant: [plant, tree]}", "{a: [], b: z}",
       "c.yaml:8:15: task.labels: expected a word or a list of words, found a list"},
      {"{animal: animal, plant: [plant, tree]}", "{a: , b: z}",
       "c.yaml:8:12: task.labels: expected a word or a list of words, found nothing (null)"},
      {"{animal: animal, plant: [plant, tree]}", "{a: \" x\", b: z}",
       "c.yaml:8:15: task.labels: expected a word without blanks around it, found \" x\""},
      {"{animal: animal, plant: [plant, tree]}", "{a: x, \"b \": z}",
       "c.yaml:8:18: task.labels: expected a name without blanks around it, found label \"b \""},
      {"", "prompt: {discrete: {words: [a, b, a]}}\n",
       "c.yaml:9:35: prompt.discrete.words: \"a\" stands twice"},
      {"", "prompt: {discrete: {words: [a]}}\n",
       "c.yaml:9:28: prompt.discrete.words: one word leaves no choice"},
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
      {"", "seeds: [1, 2, 1]\n", "c.yaml:9:15: seeds: seed 1 stands twice"},
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
       "c.yaml:9:49: prompt.discrete.candidates.file: expected the file of candidates that source: "
       "list reads, found none"},
      {"", "prompt: {kind: demonstrations, demonstrations: {per_class: 17}}\n",
       "c.yaml:9:60: prompt.demonstrations.per_class: expected at most few_shot.train_per_class, "
       "16, found 17"},
      {"", "budget: {evaluations: 0}\n",
       "c.yaml:9:9: budget: expected a limit above 0 in budget.evaluations, queries, calls or "
       "tokens, found none"},
      {"{animal: animal, plant: [plant, tree]}\n", "{a: x, b: y, c: z}\n  metric: binary_f1\n",
       "c.yaml:9:11: task.metric: binary_f1 is for two labels, task.labels has 3; use macro_f1 or "
       "accuracy"},
      {"  labels:", "  columns: {label: text_a}\n  labels:",
       "c.yaml:8:20: task.columns.label: column \"text_a\" is task.columns.text_a already"},
      {"  labels:", "  columns: {text_b: label}\n  labels:",
       "c.yaml:8:21: task.columns.text_b: column \"label\" is task.columns.label already"},
      {"", "optimizer: {cma_es: {population_size: 1}}\n",
       "c.yaml:9:39: optimizer.cma_es.population_size: expected 0 or at least 2, found 1"},
      {"", "optimizer: {kind: policy_gradient}\n",
       "c.yaml:9:19: optimizer.kind: this optimizer chooses among categories; expected "
       "prompt.kind: "
       "discrete with prompt.discrete.relaxation: index, or cma_es or random_search"},
      {"", "prompt: {kind: discrete}\noptimizer: {kind: cat_cma}\n",
       "c.yaml:10:19: optimizer.kind: this optimizer chooses among categories; expected "
       "prompt.kind: "
       "discrete with prompt.discrete.relaxation: index, or cma_es or random_search"},
      {"", "optimizer: {cat_cma: {population_size: 1}}\n",
       "c.yaml:9:40: optimizer.cat_cma.population_size: expected 0 or at least 2, found 1"},
      {"", "prompt: {soft: {dimension: 10001}}\n",
       "c.yaml:1:1: optimizer.cma_es.covariance: a full covariance matrix is for at most 10000 "
       "search coordinates, the prompt has 10001; use separable, or fewer coordinates"},
  });
}

TEST(ConfigErrors, SweepsAreChecked) {
  constexpr BadValue kCases[] = {
      {"axes: [1]",
       "c.yaml:10:9: sweep.axes: expected a mapping from dotted keys to lists of "
       "values, found a list"},
      {"axes: {prompt.lenght: [1]}",
       "c.yaml:10:10: prompt.lenght: unknown key; did you mean \"prompt.length\"?"},
      {"axes: {prompt.length: 5}",
       "c.yaml:10:25: sweep.axes.prompt.length: expected a list of values, found \"5\""},
      {"axes: {prompt.length: []}",
       "c.yaml:10:25: sweep.axes.prompt.length: expected at least one value, found none"},
      {"axes: {seeds: [1, 2]}",
       "c.yaml:10:10: seeds: a sweep cannot set this key; list the seeds "
       "in the top-level \"seeds\""},
      {"axes: {output.folder: [a]}", "c.yaml:10:10: output.folder: a sweep cannot set this key"},
      {"axes: {failures.max_attempts: [2]}",
       "c.yaml:10:10: failures.max_attempts: a sweep cannot set this key"},
      {"axes: {prompt.length: [1], prompt: [{kind: soft}]}",
       "c.yaml:10:30: prompt: axis prompt sets what axis prompt.length sets too (prompt.length)"},
      {"variants: {a: 5}",
       "c.yaml:10:17: sweep.variants.a: expected a mapping from dotted keys to "
       "values, found \"5\""},
      {"variants: {\"a b\": {}}",
       "c.yaml:10:14: sweep.variants.a b: expected a name (at most 64 "
       "letters, digits, '.', '_' and '-')"},
      {"variants: {a: {prompt.kind: soft, prompt: {length: 2}}}",
       "c.yaml:10:37: prompt: variant a sets what variant a sets too (prompt.kind)"},
      {"axis: {}", "c.yaml:10:3: sweep.axis: unknown key; did you mean \"sweep.axes\"?"},
  };
  for (const auto& [line, error] : kCases) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(line) + "\n")), error);
  }
}

TEST(ConfigErrors, PointsOfASweepAreChecked) {
  constexpr BadValue kCases[] = {
      {"zip: 5",
       "c.yaml:10:8: sweep.zip: expected a mapping from dotted keys to lists of values, or a list "
       "of such, found \"5\""},
      {"zip: [{prompt.length: 5}]",
       "c.yaml:10:25: sweep.zip.prompt.length: expected a list of values, found \"5\""},
      {"zip: [{}]",
       "c.yaml:10:9: sweep.zip: expected a mapping from dotted keys to lists of values, found a "
       "mapping"},
      {"zip: {prompt.length: [1, 2], shard_size: [3]}",
       "c.yaml:10:44: sweep.zip.shard_size: expected as many values as prompt.length has, 2, found "
       "1"},
      {"zip: {prompt.length: [], shard_size: []}",
       "c.yaml:10:24: sweep.zip.prompt.length: expected at least one value, found none"},
      {"zip: [{shard_size: [1]}, {shard_size: [2]}]",
       "c.yaml:10:29: shard_size: sweep.zip sets what sweep.zip sets too (shard_size)"},
      {"zip: {seeds: [1]}",
       "c.yaml:10:9: seeds: a sweep cannot set this key; list the seeds in the top-level "
       "\"seeds\""},
      {"list: {shard_size: 3}",
       "c.yaml:10:9: sweep.list: expected a list of mappings from dotted keys to values, found a "
       "mapping"},
      {"list: [5]",
       "c.yaml:10:10: sweep.list: expected a mapping from dotted keys to values, found \"5\""},
      {"list: [{shard_sise: 3}]",
       "c.yaml:10:11: shard_sise: unknown key; did you mean \"shard_size\"?"},
      {"list: [{prompt: {length: 2}, prompt.length: 3}]",
       "c.yaml:10:32: prompt.length: sweep.list sets what sweep.list sets too (prompt)"},
      {"axes: {shard_size: [1]}\n  list: [{shard_size: 3}]",
       "c.yaml:11:11: shard_size: sweep.list sets what axis shard_size sets too (shard_size)"},
      {"list: [{prompt.length: 3}]\n  variants: {a: {prompt: {length: 2}}}",
       "c.yaml:11:18: prompt: variant a sets what sweep.list sets too (prompt.length)"},
  };
  for (const auto& [lines, error] : kCases) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(lines) + "\n")), error);
  }
}

TEST(ConfigErrors, SampledSpacesAreChecked) {
  constexpr BadValue kSpaces[] = {
      {"prompt.length: {integer: [5, 5]}",
       ":54: prompt.length: expected a low limit below the high one, found [5, 5]"},
      {"prompt.length: {integer: [1, 600]}",
       ":58: prompt.length: expected an integer from 1 to 512, found \"600\""},
      {"prompt.length: {uniform: [1, 6]}",
       ":45: prompt.length: takes whole numbers; use integer instead of uniform"},
      {"prompt.length: {log_uniform: [1, 6]}",
       ":45: prompt.length: takes whole numbers; use log_integer instead of log_uniform"},
      {"few_shot.max_test: {log_integer: [0, 6]}",
       ":63: few_shot.max_test: expected a number above 0 for log_integer, found \"0\""},
      {"optimizer.cma_es.tol_x: {log_uniform: [0, 1]}",
       ":68: optimizer.cma_es.tol_x: expected a number above 0 for log_uniform, found \"0\""},
      {"prompt.soft.alpha: {integer: [0.5, 2]}",
       ":59: prompt.soft.alpha: expected a whole number of at most 1e15 for integer, found "
       "\"0.5\""},
      {"optimizer.cma_es.target: {uniform: [none, 2]}",
       ":65: optimizer.cma_es.target: expected a number, found \"none\""},
      {"prompt.kind: {uniform: [0, 1]}",
       ":43: prompt.kind: uniform is for keys that take numbers; use choice"},
      {"prompt.soft.alpha: {uniform: [1, 2, 3]}",
       ":58: prompt.soft.alpha: expected [low, high] behind uniform, found a list"},
      {"prompt.soft.alpha: {normal: [1, 2]}",
       ":49: prompt.soft.alpha: expected uniform, log_uniform, integer, log_integer or choice, "
       "found \"normal\""},
      {"prompt.soft.alpha: [1, 2]",
       ":48: prompt.soft.alpha: expected one distribution, such as {uniform: [low, high]}, found a "
       "list"},
      {"prompt.soft.alpha: {uniform: [1, 2], choice: [1]}",
       ":48: prompt.soft.alpha: expected one distribution, such as {uniform: [low, high]}, found a "
       "mapping"},
      {"prompt.kind: {choice: []}", ":51: prompt.kind: expected at least one value, found none"},
      {"prompt.lenght: {choice: [1]}",
       ":29: prompt.lenght: unknown key; did you mean \"prompt.length\"?"},
  };
  for (const auto& [space, error] : kSpaces) {
    const std::string line = "{num_points: 9, space: {" + std::string(space) + "}}\n";
    EXPECT_EQ(error_of(small_config_with("sweep:\n  random:\n    " + line)),
              "c.yaml:11" + std::string(error))
        << space;
  }
  constexpr BadValue kSections[] = {
      {"random: {num_points: 3}",
       "c.yaml:10:11: sweep.random.space: expected keys to sample, found none"},
      {"quasi_random: {space: {shard_size: {integer: [1, 9]}}}",
       "c.yaml:10:17: sweep.quasi_random.num_points: expected at least 1 for the keys of the "
       "space"},
      {"random: {num_points: 100001, space: {}}",
       "c.yaml:10:24: sweep.random.num_points: expected an integer from 0 to 100000, found "
       "\"100001\""},
      {"random: {points: 3}",
       "c.yaml:10:12: sweep.random.points: unknown key; known here: num_points, seed, space"},
      {"random: {num_points: 3, space: [1]}",
       "c.yaml:10:34: sweep.random.space: expected a mapping from dotted keys to distributions, "
       "found a list"},
  };
  for (const auto& [section, error] : kSections) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(section) + "\n")), error);
  }
}

TEST(ConfigErrors, ConditionsOfASweepAreChecked) {
  constexpr BadValue kCases[] = {
      {"exclude: {seed: 1}",
       "c.yaml:10:12: sweep.exclude: expected a list of mappings from keys to a value, a list of "
       "values or {min: ..., max: ...}, found a mapping"},
      {"exclude: [{}]",
       "c.yaml:10:13: sweep.exclude: expected a mapping from keys to a value, a list of values or "
       "{min: ..., max: ...}, found a mapping"},
      {"include: [{prompt.lenght: 3}]",
       "c.yaml:10:14: prompt.lenght: unknown key; did you mean \"prompt.length\"?"},
      {"exclude: [{seeds: 3}]", "c.yaml:10:14: seeds: a condition asks a trial's \"seed\""},
      {"exclude: [{seed: first}]",
       "c.yaml:10:20: seeds: expected a seed from 0 to 18446744073709551615, found \"first\""},
      {"exclude: [{objective: {kind: hinge}}]",
       "c.yaml:10:14: objective: a condition asks single keys, such as \"objective.kind\", not a "
       "section"},
      {"exclude: [{output.folder: x}]",
       "c.yaml:10:14: output.folder: a condition cannot ask this key"},
      {"exclude: [{prompt.length: 0}]",
       "c.yaml:10:29: prompt.length: expected an integer from 1 to 512, found \"0\""},
      {"exclude: [{prompt.length: []}]",
       "c.yaml:10:29: prompt.length: expected at least one value, found none"},
      {"exclude: [{prompt.length: {low: 1}}]",
       "c.yaml:10:30: prompt.length: expected min or max, found \"low\""},
      {"exclude: [{prompt.length: {}}]",
       "c.yaml:10:29: prompt.length: expected min, max or both, found a mapping"},
      {"exclude: [{prompt.length: {min: few}}]",
       "c.yaml:10:35: prompt.length: expected a number, found \"few\""},
      {"exclude: [{prompt.length: {min: 3, max: 2}}]",
       "c.yaml:10:29: prompt.length: expected a min of at most max, found more"},
      {"exclude: [{prompt.kind: {min: 3}}]",
       "c.yaml:10:27: prompt.kind: expected a value or a list of values; {min: ..., max: ...} is "
       "for numbers, found a mapping"},
      {"overrides: [{when: {seed: 1}}]",
       "c.yaml:10:15: sweep.overrides: expected {when: a condition, set: settings}, found a "
       "mapping"},
      {"overrides: [{if: {seed: 1}}]",
       "c.yaml:10:16: sweep.overrides: expected when and set, found \"if\""},
      {"overrides: [{when: {variant: a}, set: {}}]",
       "c.yaml:10:41: sweep.overrides.set: expected at least one setting, found a mapping"},
      {"overrides: [{when: {variant: a}, set: {name: x}}]",
       "c.yaml:10:42: name: a sweep cannot set this key"},
  };
  for (const auto& [lines, error] : kCases) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(lines) + "\n")), error);
  }
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
                                              folder.path().string() + "\": expected a file");
  testing::write_text(folder / "large.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(error_of_file(folder / "large.yaml"),
            path("large.yaml") + ": cannot read \"" + path("large.yaml") + "\": larger than 1 MiB");
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
