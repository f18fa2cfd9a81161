#include <gtest/gtest.h>

#include <string>

#include "bbprompt/config/sweep_spec.hpp"
#include "tests/config/expected_errors.hpp"

namespace bbprompt {
namespace {

using testing::BadValue;
using testing::error_of;
using testing::small_config_with;

TEST(SweepErrors, SweepsAreChecked) {
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
       "c.yaml:10:30: prompt: axis prompt sets a key that axis prompt.length also sets "
       "(prompt.length)"},
      {"variants: {a: 5}",
       "c.yaml:10:17: sweep.variants.a: expected a mapping from dotted keys to "
       "values, found \"5\""},
      {"variants: {\"a b\": {}}",
       "c.yaml:10:14: sweep.variants.a b: expected a name (at most 64 "
       "letters, digits, '.', '_' and '-'), found \"a b\""},
      {"variants: {from-scratch: {prompt.kind: soft}}",
       "c.yaml:10:14: sweep.variants.from-scratch: expected a name that does not begin with "
       "\"from-\": reports take such a variant for prompts from another task; choose another name, "
       "or prompt.kind: manual"},
      {"variants: {a: {prompt.kind: soft, prompt: {length: 2}}}",
       "c.yaml:10:37: prompt: variant a sets a key that variant a also sets (prompt.kind)"},
      {"axis: {}", "c.yaml:10:3: sweep.axis: unknown key; did you mean \"sweep.axes\"?"},
  };
  for (const auto& [line, error] : kCases) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(line) + "\n")), error);
  }
}

TEST(SweepErrors, VariationsAreChecked) {
  constexpr BadValue kCases[] = {
      {"variations: 5",
       "c.yaml:10:15: sweep.variations: expected a list of {when: a condition, values: a mapping "
       "from dotted keys to lists of values}, found \"5\""},
      {"variations: [{when: {seed: 1}}]",
       "c.yaml:10:16: sweep.variations: expected {when: a condition, values: {key: a list of "
       "values}}, found a mapping"},
      {"variations: [{when: {}, values: {shard_size: [1]}}]",
       "c.yaml:10:23: sweep.variations.when: expected a mapping from keys to a value, a list of "
       "values or {min: ..., max: ...}, found a mapping"},
      {"variations: [{set: {shard_size: 1}}]",
       "c.yaml:10:17: sweep.variations: expected the keys when and values, found \"set\""},
      {"variations: [{values: {}}]",
       "c.yaml:10:25: sweep.variations.values: expected a mapping from dotted keys to lists of "
       "values, found a mapping"},
      {"variations: [{values: {shard_size: 4}}]",
       "c.yaml:10:38: sweep.variations.values.shard_size: expected a list of values, found "
       "\"4\""},
      {"variations: [{values: {shard_sise: [4]}}]",
       "c.yaml:10:26: shard_sise: unknown key; did you mean \"shard_size\"?"},
      {"variations: [{values: {objective: [{kind: hinge}]}}]",
       "c.yaml:10:26: sweep.variations.values.objective: expected the key of a single value, found "
       "a section"},
      {"variations: [{values: {name: [n]}}]", "c.yaml:10:26: name: a sweep cannot set this key"},
      {"axes: {shard_size: [4]}\n  variations: [{values: {shard_size: [8]}}]",
       "c.yaml:11:26: shard_size: a variation sets a key that axis shard_size also sets "
       "(shard_size)"},
      {"variations: [{values: {shard_size: [8]}}]\n  overrides: [{when: {task: animals}, set: "
       "{shard_size: 4}}]",
       "c.yaml:11:45: shard_size: an override sets a key that a variation also sets (shard_size)"},
  };
  for (const auto& [line, error] : kCases) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(line) + "\n")), error);
  }
}

TEST(SweepErrors, PointsOfASweepAreChecked) {
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
       "c.yaml:10:29: shard_size: sweep.zip sets a key that sweep.zip also sets (shard_size)"},
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
       "c.yaml:10:32: prompt.length: sweep.list sets a key that sweep.list also sets (prompt)"},
      {"axes: {shard_size: [1]}\n  list: [{shard_size: 3}]",
       "c.yaml:11:11: shard_size: sweep.list sets a key that axis shard_size also sets "
       "(shard_size)"},
      {"list: [{prompt.length: 3}]\n  variants: {a: {prompt: {length: 2}}}",
       "c.yaml:11:18: prompt: variant a sets a key that sweep.list also sets (prompt.length)"},
  };
  for (const auto& [lines, error] : kCases) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(lines) + "\n")), error);
  }
}

TEST(SweepErrors, SampledSpacesAreChecked) {
  constexpr BadValue kSpaces[] = {
      {"prompt.length: {integer: [5, 5]}",
       ":54: prompt.length: expected a low limit below the high one, found [5, 5]"},
      {"prompt.length: {integer: [1, 600]}",
       ":58: prompt.length: expected an integer from 1 to 512, found \"600\""},
      {"prompt.length: {uniform: [1, 6]}",
       ":45: prompt.length: expected integer, as this key takes whole numbers, found uniform"},
      {"prompt.length: {log_uniform: [1, 6]}",
       ":45: prompt.length: expected log_integer, as this key takes whole numbers, found "
       "log_uniform"},
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
       ":43: prompt.kind: expected choice, as this key takes no numbers, found uniform"},
      {"prompt.soft.alpha: {uniform: [1, 2, 3]}",
       ":58: prompt.soft.alpha: expected [low, high] after uniform, found a list"},
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
       "c.yaml:10:12: sweep.random.points: unknown key; expected one of num_points, seed, space"},
      {"random: {num_points: 3, space: [1]}",
       "c.yaml:10:34: sweep.random.space: expected a mapping from dotted keys to distributions, "
       "found a list"},
  };
  for (const auto& [section, error] : kSections) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(section) + "\n")), error);
  }
}

TEST(SweepErrors, ConditionsOfASweepAreChecked) {
  constexpr BadValue kCases[] = {
      {"exclude: {seed: 1}",
       "c.yaml:10:12: sweep.exclude: expected a list of mappings from keys to a value, a list of "
       "values or {min: ..., max: ...}, found a mapping"},
      {"exclude: [{}]",
       "c.yaml:10:13: sweep.exclude: expected a mapping from keys to a value, a list of values or "
       "{min: ..., max: ...}, found a mapping"},
      {"include: [{prompt.lenght: 3}]",
       "c.yaml:10:14: prompt.lenght: unknown key; did you mean \"prompt.length\"?"},
      {"exclude: [{seeds: 3}]",
       "c.yaml:10:14: seeds: expected the key \"seed\" in a condition: it looks at one trial"},
      {"exclude: [{seed: first}]",
       "c.yaml:10:20: seeds: expected a seed from 0 to 18446744073709551615, found \"first\""},
      {"exclude: [{objective: {kind: hinge}}]",
       "c.yaml:10:14: objective: expected a single key in a condition, such as \"objective.kind\", "
       "found a section"},
      {"exclude: [{output.folder: x}]",
       "c.yaml:10:14: output.folder: a condition cannot look at this key: it belongs to the run, "
       "not to a trial"},
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
       "c.yaml:10:29: prompt.length: expected min to be at most max, found it above max"},
      {"exclude: [{prompt.kind: {min: 3}}]",
       "c.yaml:10:27: prompt.kind: expected a value or a list of values; {min: ..., max: ...} is "
       "for numbers, found a mapping"},
      {"overrides: [{when: {seed: 1}}]",
       "c.yaml:10:15: sweep.overrides: expected {when: a condition, set: settings}, found a "
       "mapping"},
      {"overrides: [{if: {seed: 1}}]",
       "c.yaml:10:16: sweep.overrides: expected the keys when and set, found \"if\""},
      {"overrides: [{when: {variant: a}, set: {}}]",
       "c.yaml:10:41: sweep.overrides.set: expected at least one setting, found a mapping"},
      {"overrides: [{when: {variant: a}, set: {name: x}}]",
       "c.yaml:10:42: name: a sweep cannot set this key"},
  };
  for (const auto& [lines, error] : kCases) {
    EXPECT_EQ(error_of(small_config_with("sweep:\n  " + std::string(lines) + "\n")), error);
  }
}

}  // namespace
}  // namespace bbprompt
