#include "bbprompt/run/trial_problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "tests/run/small_experiment.hpp"
#include "tests/run/trial_parts.hpp"

namespace bbprompt {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::small_experiment;
using testing::TrialParts;

constexpr int kNumLayers = 4;  // of the quickstart's model

ExperimentSpec deep_experiment() {
  ExperimentSpec spec = small_experiment();
  spec.prompt.soft.layers = SoftPromptLayers::kAll;
  return spec;
}

WorkResult score_train(TrialParts& trial, const std::vector<double>& point) {
  const auto n = static_cast<std::int64_t>(trial.problem.examples(Split::kTrain).size());
  return trial.evaluator.run({.split = Split::kTrain, .begin = 0, .end = n, .point = point});
}

class TrialProblemTest : public ::testing::Test {
 protected:
  std::string refusal(const ExperimentSpec& spec) {
    try {
      const TrialProblem problem(spec, models_.view(spec.model));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "built";
  }
  ModelPool models_;
};

TEST_F(TrialProblemTest, ADeepPromptSearchesOneBlockPerLayerOfTheModel) {
  const ExperimentSpec spec = deep_experiment();
  TrialParts trial(spec, models_);
  EXPECT_THAT(trial.problem.prompt_space().domain().block_sizes, ElementsAre(10, 10, 10, 10));
  EXPECT_THAT(trial.problem.notes(), Contains(HasSubstr("deep prompt")));
  std::vector<double> point(4 * 10, 0.0);
  const auto start = score_train(trial, point);
  ASSERT_TRUE(start.ok()) << start.error;
  for (std::size_t block = 0; block < kNumLayers; ++block) {
    point.assign(point.size(), 0.0);
    point[block * 10 + 3] = 1.0;
    const auto moved = score_train(trial, point);
    ASSERT_TRUE(moved.ok()) << moved.error;
    EXPECT_NE(moved.label_scores, start.label_scores) << block;
  }
}

TEST_F(TrialProblemTest, BuiltTwiceADeepPromptGivesTheSameBits) {
  const ExperimentSpec spec = deep_experiment();
  const std::vector<double> point(40, 0.5);
  TrialParts first(spec, models_);
  ModelPool other_models;
  TrialParts second(spec, other_models);
  EXPECT_EQ(score_train(first, point).label_scores, score_train(second, point).label_scores);
  EXPECT_EQ(first.problem.describe(point).vectors, second.problem.describe(point).vectors);
}

TEST_F(TrialProblemTest, DescribesADeepPromptLayerByLayer) {
  const ExperimentSpec spec = deep_experiment();
  TrialParts trial(spec, models_);
  std::vector<double> point(40, 0.0);
  point[2 * 10 + 1] = 1.0;  // layer 2
  const PromptRecord record = trial.problem.describe(point);
  EXPECT_EQ(record.kind, PromptRecord::Kind::kSoft);
  EXPECT_EQ(record.num_layers, kNumLayers);
  EXPECT_EQ(record.base_ids.size(), 3U);
  ASSERT_EQ(record.vectors.rows(), 3 * kNumLayers);
  for (Eigen::Index layer = 0; layer < kNumLayers; ++layer) {
    const float largest = record.vectors.middleRows(3 * layer, 3).cwiseAbs().maxCoeff();
    EXPECT_EQ(largest > 0.0F, layer == 2) << layer;
  }
}

TEST_F(TrialProblemTest, AConcatenatedPromptHasNoBaseTokens) {
  ExperimentSpec spec = small_experiment();
  spec.prompt.soft.mode = SoftPromptMode::kConcatenate;
  spec.prompt.soft.init = " good film";
  TrialParts trial(spec, models_);
  const PromptRecord record = trial.problem.describe(std::vector<double>(10, 0.0));
  EXPECT_TRUE(record.base_ids.empty());
  EXPECT_EQ(record.num_layers, 1);
  EXPECT_EQ(record.text, " good film good");
  EXPECT_TRUE(score_train(trial, std::vector<double>(10, 0.1)).ok());
}

TEST_F(TrialProblemTest, RefusesASoftPromptLongerThanTheModel) {
  for (const auto mode : {SoftPromptMode::kAdd, SoftPromptMode::kConcatenate}) {
    ExperimentSpec spec = small_experiment();
    spec.prompt.soft.mode = mode;
    spec.prompt.soft.init = " film";
    spec.prompt.length =
        122;  // with "It was<mask>." and two special tokens: 128 and the model's all
    EXPECT_EQ(refusal(spec), "built");
    spec.prompt.length = 140;
    for (const auto layers : {SoftPromptLayers::kInput, SoftPromptLayers::kAll}) {
      spec.prompt.soft.layers = layers;
      const std::string message = refusal(spec);
      EXPECT_THAT(message, HasSubstr("prompt.length"));
      EXPECT_THAT(message, HasSubstr("an input of at most 128 tokens, found 146"));
    }
  }
}

}  // namespace
}  // namespace bbprompt
