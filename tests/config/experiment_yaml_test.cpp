#include "bbprompt/config/experiment_yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "bbprompt/base/error.hpp"
#include "tests/config/config_samples.hpp"

namespace bbprompt {
namespace {

using testing::kLargeConfig;
using testing::kSmallConfig;

ExperimentSpec spec_of(const std::string& text) {
  return parse_experiment(parse_config(text, "", "c.yaml").root);
}

TEST(ParseExperiment, FillsDefaultsFromTheOptionsStructs) {
  const ExperimentSpec spec = spec_of(kSmallConfig);
  const ExperimentSpec defaults;
  EXPECT_EQ(spec.name, "small");
  EXPECT_EQ(spec.model.path, "model");
  EXPECT_EQ(spec.model.kind, defaults.model.kind);
  EXPECT_EQ(spec.prompt.length, defaults.prompt.length);
  EXPECT_EQ(spec.optimizer.cma_es.tol_x, 1e-11);
  EXPECT_EQ(spec.budget.evaluations, defaults.budget.evaluations);
  EXPECT_EQ(spec.shard_size, defaults.shard_size);
  EXPECT_EQ(spec.seed, 1U);
}

TEST(ParseExperiment, ReadsEveryKindOfValue) {
  const ExperimentSpec spec = spec_of(kLargeConfig);
  EXPECT_EQ(spec.model.path, "../models/tiny");
  EXPECT_EQ(spec.model.threads, 2);
  EXPECT_EQ(spec.task.train, "data/train.tsv");
  EXPECT_EQ(spec.task.dev, "data/train.tsv");
  EXPECT_EQ(spec.task.text_b, "sentence2");
  EXPECT_EQ(spec.task.template_text, "{prompt} {text_a} ? {mask} , {text_b}");
  EXPECT_EQ(spec.task.manual_prompt, "caf\xc3\xa9 \"x\"");
  ASSERT_EQ(spec.task.labels.size(), 2U);
  EXPECT_EQ(spec.task.labels[0].name, "no");
  EXPECT_EQ(spec.task.labels[0].words, std::vector<std::string>{"no"});
  EXPECT_EQ(spec.task.labels[1].name, "yes");
  EXPECT_EQ(spec.task.labels[1].words, (std::vector<std::string>{"yes", "true"}));
  EXPECT_EQ(spec.task.metric, MetricKind::kBinaryF1);
  EXPECT_EQ(spec.few_shot.max_test, 100);
  EXPECT_EQ(spec.prompt.kind, PromptKind::kDiscrete);
  EXPECT_EQ(spec.prompt.discrete.relaxation, Relaxation::kLogits);
  EXPECT_EQ(spec.prompt.discrete.words,
            (std::vector<std::string>{"good", "bad", "\xc3\xa9t\xc3\xa9"}));
  EXPECT_EQ(spec.objective.kind, ObjectiveKind::kHinge);
  EXPECT_EQ(spec.optimizer.cma_es.covariance, CovarianceKind::kSeparable);
  EXPECT_EQ(spec.optimizer.cma_es.sigma, 0.5);
  EXPECT_FALSE(spec.optimizer.cma_es.is_active);
  EXPECT_EQ(spec.optimizer.cma_es.tol_x, 0.0);
  EXPECT_TRUE(spec.optimizer.cma_es.has_target);
  EXPECT_EQ(spec.optimizer.cma_es.target, -0.25);
  EXPECT_EQ(spec.budget.queries, 8000);
  EXPECT_EQ(spec.seed, 0U);
}

TEST(ToYaml, RoundTripsBitForBit) {
  ExperimentSpec spec = spec_of(kLargeConfig);
  spec.seed = std::numeric_limits<std::uint64_t>::max();
  spec.optimizer.cma_es.sigma = 0.1 + 0.2;
  spec.optimizer.cma_es.tol_fun = std::numeric_limits<double>::denorm_min();
  spec.optimizer.cma_es.target = -1.0 / 3.0;
  spec.budget.queries = 1000000000000000;
  spec.task.manual_prompt = " \"quoted\" \\ \n\t # : {x} caf\xc3\xa9 ";
  spec.task.labels = {{"null", {"~"}}, {"- a: b", {"#", "true", "1e3"}}, {"0", {"[", "'"}}};
  spec.task.metric = MetricKind::kMatthews;
  const std::string yaml = to_yaml(spec);
  const ExperimentSpec read = parse_experiment(parse_yaml(yaml, "resolved"));
  EXPECT_EQ(to_yaml(read), yaml);
  EXPECT_EQ(read.seed, spec.seed);
  EXPECT_EQ(read.optimizer.cma_es.sigma, spec.optimizer.cma_es.sigma);
  EXPECT_EQ(read.optimizer.cma_es.tol_fun, spec.optimizer.cma_es.tol_fun);
  EXPECT_EQ(read.optimizer.cma_es.target, spec.optimizer.cma_es.target);
  EXPECT_EQ(read.budget.queries, spec.budget.queries);
  EXPECT_EQ(read.task.manual_prompt, spec.task.manual_prompt);
  ASSERT_EQ(read.task.labels.size(), spec.task.labels.size());
  for (std::size_t i = 0; i < spec.task.labels.size(); ++i) {
    EXPECT_EQ(read.task.labels[i].name, spec.task.labels[i].name);
    EXPECT_EQ(read.task.labels[i].words, spec.task.labels[i].words);
  }
}

TEST(ToYaml, KeepsBothFormsOfATemplateAndWritesASingleOneAsText) {
  ExperimentSpec spec = spec_of(kSmallConfig);
  const std::string single = to_yaml(spec);
  EXPECT_THAT(single, ::testing::HasSubstr("  template: \"{prompt} {text_a} It was {mask}.\"\n"));
  spec.task.causal_template = "{prompt} {text_a} It was {mask}";
  const std::string both = to_yaml(spec);
  const ExperimentSpec read = parse_experiment(parse_yaml(both, "resolved"));
  EXPECT_EQ(read.task.template_text, spec.task.template_text);
  EXPECT_EQ(read.task.causal_template, spec.task.causal_template);
  EXPECT_EQ(to_yaml(read), both);
  EXPECT_EQ(spec_of(kSmallConfig).task.causal_template, "");
}

TEST(TextOfResults, IsTheSameForAnyNumberOfThreadsAndForNothingElse) {
  ExperimentSpec spec = spec_of(kSmallConfig);
  const std::string text = to_yaml(spec);
  EXPECT_EQ(text_of_results(text), text) << "the default stays as it is";
  spec.model.threads = 16;
  EXPECT_NE(to_yaml(spec), text);
  EXPECT_EQ(text_of_results(to_yaml(spec)), text);
  // A part of the text, as ids are made from.
  const std::size_t section = to_yaml(spec).find("model:");
  EXPECT_EQ(text_of_results(to_yaml(spec).substr(section)), text.substr(section));
  EXPECT_EQ(text_of_results("task:\n  threads: 3\n"), "task:\n  threads: 3\n");
  EXPECT_EQ(text_of_results("model:\n  path: x\n"), "model:\n  path: x\n");
  EXPECT_EQ(text_of_results(""), "");
}

TEST(TextOfResults, OfAServerHoldsWhichModelItIsAndNotHowItIsAsked) {
  ExperimentSpec spec = spec_of(kSmallConfig);
  spec.model = {.kind = ModelKind::kServer};
  spec.model.server.urls = {"http://a:1"};
  spec.model.server.name = "m";
  const std::string text = text_of_results(to_yaml(spec));
  EXPECT_THAT(text, ::testing::HasSubstr("model:\n  kind: server\n  name: m\n"));
  ServerOptions& server = spec.model.server;
  server.urls = {"http://b:2", "http://c:3"};
  server.requests = 3;
  server.tries = 9;
  server.patience_seconds = 1.0;
  server.times.total_seconds = 5.0;
  server.limits.tokens_per_minute = 7.0;
  server.prices.prompt = 2.0;
  server.key_variable = "KEY";
  server.key_file = server.ca_file = "file";
  EXPECT_EQ(text_of_results(to_yaml(spec)), text);
  server.revision = "2";
  EXPECT_NE(text_of_results(to_yaml(spec)), text);
}

// Written by hand: what every key of a small configuration resolves to.
TEST(ToYaml, WritesEveryKeyInCanonicalForm) {
  EXPECT_EQ(
      to_yaml(spec_of(kSmallConfig)),
      "name: small\n"
      "model:\n  kind: replica\n  path: model\n  weights: \"\"\n  threads: 1\n"
      "task:\n  name: animals\n  train: train.jsonl\n  dev: \"\"\n  test: test.jsonl\n"
      "  columns:\n    text_a: text_a\n    text_b: \"\"\n    label: label\n"
      "  header: true\n  quoting: auto\n"
      "  template: \"{prompt} {text_a} It was {mask}.\"\n  manual_prompt: \"\"\n"
      "  labels:\n    animal: animal\n    plant: [plant, tree]\n"
      "  metric: accuracy\n  max_field_tokens: 0\n"
      "few_shot:\n  train_per_class: 16\n  dev_per_class: 16\n  max_test: 0\n"
      "prompt:\n  kind: soft\n  length: 5\n"
      "  discrete:\n    relaxation: embedding\n    dimension_per_token: 8\n"
      "    dimension: 60\n    num_candidates: 200\n    words: []\n"
      "    candidates:\n      source: words\n      text: few_shot\n      file: \"\"\n"
      "      max_ngram: 5\n      min_pmi: 1\n      min_pair_count: 2\n"
      "      min_count: 1\n      min_frequency: 1\n      remove_stop_words: false\n"
      "  soft:\n    mode: add\n    layers: input\n    dimension: 60\n    alpha: 1\n    init: \"\"\n"
      "  manual:\n    text: \"\"\n    tokens: []\n"
      "  demonstrations:\n    per_class: 4\n    draws: 8\n    max_field_tokens: 32\n"
      "objective:\n  kind: cross_entropy\n  margin: 2\n"
      "scoring:\n  calibration: none\n"
      "optimizer:\n  kind: cma_es\n"
      "  cma_es:\n    covariance: full\n    population_size: 0\n    sigma: 1\n"
      "    active: true\n    tol_fun: 1e-11\n    tol_fun_hist: 1e-12\n    tol_x: 1e-11\n"
      "    tol_fac_up_x: 1000\n    tol_up_sigma: 1e+20\n    tol_condition_cov: 1e+14\n"
      "    tol_flat_fitness: 10\n    stagnation_stop: true\n    max_iterations: 0\n"
      "    target: none\n    restarts: none\n    max_restarts: 9\n    per_block: false\n"
      "  random_search:\n    population_size: 20\n    sigma: 1\n"
      "  policy_gradient:\n    variant: corrected\n    population_size: 20\n"
      "    rule: adamw\n    learning_rate: 0\n    weight_decay: 0.1\n    clip: 3\n"
      "    min_probability: 0.001\n"
      "  cat_cma:\n    population_size: 0\n"
      "budget:\n  evaluations: 500\n  queries: 0\n  calls: 0\n  tokens: 0\n"
      "selection:\n  rule: dev_best\n  every: 1\n"
      "manual_baseline: true\n"
      "shard_size: 32\n"
      "seeds: [1]\n");
}

TEST(ToYaml, DoesNotDependOnHowValuesWereWritten) {
  const std::string a = kSmallConfig + "prompt: {soft: {alpha: 1.50}, kind: soft, length: 5}\n";
  const std::string b = "prompt:\n  soft:\n    alpha: 15e-1\n" + kSmallConfig;
  EXPECT_EQ(to_yaml(spec_of(a)), to_yaml(spec_of(b)));
}

TEST(WithRealPaths, PutsTheFolderBeforeRelativePathsOnly) {
  ExperimentSpec spec = spec_of(kSmallConfig);
  spec.task.test = "/data/test.tsv";
  spec = with_real_paths(spec, {.folder = "configs/quickstart", .data = "d"});
  EXPECT_EQ(spec.model.path, "configs/quickstart/model");
  EXPECT_EQ(spec.task.train, "configs/quickstart/train.jsonl");
  EXPECT_EQ(spec.task.dev, "");
  EXPECT_EQ(spec.task.test, "/data/test.tsv");
}

TEST(WithRealPaths, PutsTheDataFolderInThePlaceOfItsScheme) {
  ExperimentSpec spec = spec_of(kSmallConfig);
  spec.task.train = "data:mrpc/train.jsonl";
  spec.task.test = "data:mrpc/dev.jsonl";
  const std::string written = to_yaml(spec);
  EXPECT_NE(written.find("\n  train: \"data:mrpc/train.jsonl\"\n"), std::string::npos) << written;
  spec = with_real_paths(spec, {.folder = "configs", .data = "/d"});
  EXPECT_EQ(spec.task.train, "/d/mrpc/train.jsonl");
  EXPECT_EQ(spec.task.test, "/d/mrpc/dev.jsonl");
  EXPECT_EQ(spec.task.data_folder, "/d");
}

TEST(ExperimentFromYaml, GivesWorkersTheSameTrial) {
  const ExperimentSpec spec = spec_of(kSmallConfig);
  const ExperimentSpec read = experiment_from_yaml(to_yaml(spec), {.folder = "f", .data = "d"});
  EXPECT_EQ(to_yaml(read), to_yaml(with_real_paths(spec, {.folder = "f", .data = "d"})));
}

}  // namespace
}  // namespace bbprompt
