// Whole runs of a GPT-2, master and worker in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/comm/loopback_channel.hpp"
#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/run_folder.hpp"
#include "bbprompt/run/worker_run.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "tests/run/faulty_worker.hpp"
#include "tests/run/small_experiment.hpp"
#include "tests/run/trial_parts.hpp"
#include "tests/small_gpt2.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::SmallGpt2;

class CausalRun : public ::testing::Test {
 protected:
  void SetUp() override { SmallGpt2().write(folder_ / "model"); }

  // A configuration with the reviews of the quickstart; its template and prompt.
  SweepPlan plan(const std::string& pattern, const std::string& prompt) {
    const auto data = (testing::source_folder() / "configs/quickstart/reviews").string();
    testing::write_text(folder_ / "c.yaml",
                        "name: causal\nmodel: {path: model}\nseeds: [1]\nshard_size: 5\n"
                        "task:\n  name: reviews\n  train: " +
                            data + "/train.csv\n  dev: " + data + "/dev.csv\n  test: " + data +
                            "/test.csv\n  columns: {text_a: text, label: label}\n"
                            "  template: " +
                            pattern +
                            "\n  labels: {negative: bad, positive: [good, fine]}\n"
                            "few_shot: {train_per_class: 4, dev_per_class: 3, max_test: 12}\n"
                            "prompt: " +
                            prompt +
                            "\nbudget: {evaluations: 12}\n"
                            "optimizer: {cma_es: {population_size: 4}}\n");
    return load_plan(folder_ / "c.yaml", {});
  }

  RunOutcome run(const SweepPlan& plan, const std::string& name, int max_looks = 0) {
    ModelPool master_models;
    ModelPool worker_models;
    WorkerRun worker(worker_models);
    LoopbackChannel channel(worker.in_this_process());
    const RunFolder folder(folder_ / name, plan);
    int num_looks = 0;
    MasterRun master(plan, folder, channel, master_models,
                     {.is_stop_requested = [&] { return max_looks > 0 && ++num_looks > max_looks; },
                      .on_progress = {},
                      .info = testing::info_of(plan)});
    return master.run();
  }

  TrialRecord trial_of(const std::string& name) {
    const Results results = read_results(results_path(folder_ / name));
    EXPECT_EQ(results.trials.size(), 1U);
    return results.trials.at(0);
  }

  testing::TemporaryFolder folder_;
};

constexpr const char* kPattern = "\"{prompt}{text_a} So {mask}\"";

TEST_F(CausalRun, LearnsEveryKindOfPromptAndEndsTheSameWhenStopped) {
  const std::vector<std::string> prompts = {
      "{kind: discrete, length: 3, discrete: {dimension_per_token: 2}}",
      "{kind: soft, length: 3, soft: {dimension: 4}}",
      "{kind: demonstrations, demonstrations: {per_class: 1, draws: 3, max_field_tokens: 4}}"};
  for (const std::string& prompt : prompts) {
    SCOPED_TRACE(prompt);
    const SweepPlan whole = plan(kPattern, prompt);
    const std::string name = "run-" + std::to_string(&prompt - prompts.data());
    ASSERT_EQ(run(whole, name), RunOutcome::kDone);
    const TrialRecord trial = trial_of(name);
    EXPECT_TRUE(trial.failure.empty()) << trial.failure;
    EXPECT_THAT(trial.notes, Contains(AllOf(HasSubstr("\"fine\""), HasSubstr("5 tokens"),
                                            HasSubstr("all are scored"))));
    int num_starts = 1;
    while (run(whole, name + "-stopped", 7) == RunOutcome::kStopped) ASSERT_LT(++num_starts, 500);
    EXPECT_GT(num_starts, 2);
    EXPECT_EQ(digest(trial_of(name + "-stopped")), digest(trial));
  }
}

TEST_F(CausalRun, CountsTheTokensThatItPredicts) {
  const SweepPlan one = plan(kPattern, "{kind: soft, length: 3, soft: {dimension: 4}}");
  ModelPool models;
  testing::TrialParts trial(one.trials.at(0).spec, models);
  const std::vector<double> point(4, 0.1);
  const auto n = static_cast<std::int64_t>(trial.problem.examples(Split::kTrain).size());
  const WorkResult result =
      trial.evaluator.run({.split = Split::kTrain, .begin = 0, .end = n, .point = point});
  ASSERT_TRUE(result.ok()) << result.error;
  EXPECT_EQ(result.usage.num_tokens, trial.problem.count_tokens(point, Split::kTrain));
}

TEST_F(CausalRun, RefusesTextAfterTheMaskWhereItIsWritten) {
  ModelPool models;
  const auto refusal = [&](const std::string& pattern, const std::string& prompt) -> std::string {
    try {
      const SweepPlan refused = plan(pattern, prompt);
      const TrialProblem problem(refused.trials.at(0).spec, models);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "built";
  };
  const std::string soft = "{kind: soft, length: 3, soft: {dimension: 4}}";
  EXPECT_THAT(refusal("\"{prompt}{text_a} {mask}.\"", soft),
              AllOf(HasSubstr("c.yaml:11:13: task.template: expected {mask} at the end"),
                    HasSubstr("write \"{prompt}{text_a} {mask}\"")));
  EXPECT_THAT(
      refusal("{masked: \"{prompt}{text_a} {mask}.\", causal: \"{prompt}{text_a} {mask}.\"}", soft),
      HasSubstr("c.yaml:11:58: task.template.causal: expected {mask} at the end"));
  EXPECT_EQ(
      refusal("{masked: \"{prompt}{text_a} {mask}.\", causal: \"{prompt}{text_a} {mask}\"}", soft),
      "built");
  EXPECT_THAT(refusal(kPattern, "{kind: soft, length: 3, soft: {dimension: 4, layers: all}}"),
              AllOf(HasSubstr("c.yaml:"), HasSubstr("prompt.soft.layers: input")));
}

}  // namespace
}  // namespace bbprompt
