#pragma once

#include <string>

namespace bbprompt::testing {

// A small valid configuration with its task in place. Lines matter to tests of positions.
inline const std::string kSmallConfig =
    "name: small\n"
    "model: {path: model}\n"
    "task:\n"
    "  name: animals\n"
    "  train: train.jsonl\n"
    "  test: test.jsonl\n"
    "  template: \"{prompt} {text_a} It was {mask}.\"\n"
    "  labels: {animal: animal, plant: [plant, tree]}\n";

// The task of kSmallConfig as a task file.
inline const std::string kSmallTask =
    "name: animals\n"
    "train: train.jsonl\n"
    "test: test.jsonl\n"
    "template: \"{prompt} {text_a} It was {mask}.\"\n"
    "labels: {animal: animal, plant: [plant, tree]}\n";

// A configuration that uses every kind of value and of YAML syntax.
inline const std::string kLargeConfig =
    "# every kind of value\n"
    "name: large\n"
    "model: {kind: replica, path: \"../models/tiny\", weights: '', threads: 2}\n"
    "task:\n"
    "  name: yes-no\n"
    "  train: &pool data/train.tsv\n"
    "  dev: *pool\n"
    "  test: data/test.tsv\n"
    "  columns: {text_a: sentence1, text_b: sentence2, label: label}\n"
    "  template: >-\n"
    "    {prompt} {text_a} ? {mask} ,\n"
    "    {text_b}\n"
    "  manual_prompt: \"caf\\u00e9 \\\"x\\\"\"\n"
    "  labels:\n"
    "    no: no\n"
    "    'yes': [yes, \"true\"]\n"
    "  metric: binary_f1\n"
    "few_shot: {train_per_class: 8, dev_per_class: 8, max_test: 100}\n"
    "prompt:\n"
    "  kind: discrete\n"
    "  discrete: {relaxation: logits, dimension: 40, words: [good, bad, \"\xc3\xa9t\xc3\xa9\"]}\n"
    "  soft: {alpha: 0.1}\n"
    "objective: {kind: hinge, margin: 1.5}\n"
    "optimizer:\n"
    "  kind: cma_es\n"
    "  cma_es: {covariance: separable, sigma: 5e-1, active: false, tol_x: 0, target: -0.25}\n"
    "budget: {evaluations: 0, queries: 8000}\n"
    "seeds: [0, 18446744073709551615]\n"
    "output: {folder: out/large}\n"
    "sweep:\n"
    "  axes:\n"
    "    prompt.length: [1, 3]\n"
    "    objective: [{kind: hinge}, {kind: error_rate}]\n"
    "  variants:\n"
    "    a: {shard_size: 16}\n"
    "    b: {shard_size: 8, selection.every: 2}\n";

// The text of kSmallConfig with lines put behind it.
inline std::string small_config_with(const std::string& lines) { return kSmallConfig + lines; }

}  // namespace bbprompt::testing
