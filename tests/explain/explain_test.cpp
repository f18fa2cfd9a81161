#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "bbprompt/explain/explanation.hpp"
#include "bbprompt/task/prompt_template.hpp"
#include "bbprompt/task/verbalizer.hpp"
#include "tests/explain/finished_trial.hpp"

namespace bbprompt {
namespace {

using testing::finished_trial;
using testing::small_discrete_experiment;
using testing::small_experiment;

// What the model says, without the evaluator: template, model and formulas applied by hand.
class ByHand {
 public:
  ByHand(const ExperimentSpec& spec, const TrialProblem& problem, LanguageModel& model)
      : problem_(problem),
        template_(spec.task),
        verbalizer_(spec.task.labels, model.view()),
        model_(model) {}

  template <typename PromptType>
  Eigen::MatrixXd scores(const PromptType& prompt, Split split) {
    std::vector<Query> queries;
    for (const Example& example : problem_.examples(split)) {
      queries.push_back(template_.render(example, prompt));
    }
    const Eigen::MatrixXd answers = model_.score(queries, verbalizer_.answers()).scores;
    return answers;  // one word per label: answers are label scores
  }

  // Mean cross-entropy and accuracy of scores minus offsets.
  PromptScore score(const Eigen::MatrixXd& scores, Split split,
                    const Eigen::RowVectorXd& offsets = Eigen::RowVectorXd::Zero(2)) const {
    const auto gold = problem_.gold(split);
    PromptScore result;
    for (Eigen::Index i = 0; i < scores.rows(); ++i) {
      const Eigen::RowVectorXd z = scores.row(i) - offsets;
      const auto y = gold[static_cast<std::size_t>(i)];
      result.loss += std::log(std::exp(z[0]) + std::exp(z[1])) - z[y];
      if (z[y] > z[1 - y]) result.metric += 1.0;
    }
    const auto count = static_cast<double>(scores.rows());
    return {.loss = result.loss / count, .metric = result.metric / count};
  }

 private:
  const TrialProblem& problem_;
  PromptTemplate template_;
  Verbalizer verbalizer_;
  LanguageModel& model_;
};

class ExplainTest : public ::testing::Test {
 protected:
  void open(const ExperimentSpec& spec) {
    trial_ = std::make_unique<testing::TrialParts>(spec, models_);
    by_hand_ = std::make_unique<ByHand>(spec, trial_->problem, models_.get(spec.model));
    record_ = finished_trial(trial_->problem, trial_->evaluator);
  }

  [[nodiscard]] PromptTokens prompt() const { return {.ids = record_.best.prompt.ids}; }

  [[nodiscard]] PromptTokens prompt_without(std::size_t position) const {
    PromptTokens tokens = prompt();
    tokens.ids.erase(tokens.ids.begin() + static_cast<std::ptrdiff_t>(position));
    return tokens;
  }

  // The id of a candidate, found by its text rather than its index.
  [[nodiscard]] TokenId id_of(const std::string& word) const {
    const auto ids = trial_->problem.model().tokenizer()->encode(" " + word).ids;
    EXPECT_EQ(ids.size(), 1U) << word;
    return ids.front();
  }

  static void expect_near(const PromptScore& found, const PromptScore& expected) {
    EXPECT_NEAR(found.loss, expected.loss, 1e-4);
    EXPECT_DOUBLE_EQ(found.metric, expected.metric);
  }

  ModelPool models_;
  std::unique_ptr<testing::TrialParts> trial_;
  std::unique_ptr<ByHand> by_hand_;
  TrialRecord record_;
};

TEST_F(ExplainTest, LeavingATokenOutIsWhatTheModelSaysOfTheShorterPrompt) {
  open(small_discrete_experiment());
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest}) {
    const Explanation found =
        explain(record_, trial_->evaluator, {.split = split, .num_replacements = 0});
    const Eigen::MatrixXd whole = by_hand_->scores(prompt(), split);
    expect_near(found.whole, by_hand_->score(whole, split));
    EXPECT_DOUBLE_EQ(found.whole.metric, record_.best.splits.at(to_string(split)).metric);
    ASSERT_EQ(found.parts.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
      const Eigen::MatrixXd without = by_hand_->scores(prompt_without(i), split);
      expect_near(found.parts[i].without, by_hand_->score(without, split));
      const Eigen::VectorXd shift = (whole - without).colwise().mean().transpose();
      EXPECT_LT((found.parts[i].label_shift - shift).cwiseAbs().maxCoeff(), 1e-4);
    }
  }
}

TEST_F(ExplainTest, ReplacementsAreTheCandidatesThatStoodThereMostOftenNext) {
  open(small_discrete_experiment());
  const auto num_candidates = static_cast<Eigen::Index>(record_.option_texts.size());
  ASSERT_EQ(num_candidates, 20);
  const Explanation found =
      explain(record_, trial_->evaluator, {.split = Split::kDev, .num_replacements = 4});
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& part = found.parts[i];
    ASSERT_EQ(part.replacements.size(), 4U);
    double last = 1.0;
    std::set<std::string> seen{part.text};
    for (const auto& replacement : part.replacements) {
      EXPECT_LE(replacement.candidate.share, last);
      EXPECT_TRUE(seen.insert(replacement.candidate.text).second);
      last = replacement.candidate.share;
      PromptTokens other = prompt();
      other.ids[i] = id_of(replacement.candidate.text);
      expect_near(replacement.score,
                  by_hand_->score(by_hand_->scores(other, Split::kDev), Split::kDev));
    }
    // None of those left out stood there more often.
    for (Eigen::Index c = 0; c < num_candidates; ++c) {
      if (seen.count(record_.option_texts[static_cast<std::size_t>(c)]) > 0) continue;
      EXPECT_LE(record_.position_shares(static_cast<Eigen::Index>(i), c), last);
    }
  }
}

TEST_F(ExplainTest, WithoutSharesReplacementsAreSpreadOverTheList) {
  open(small_discrete_experiment());
  record_.position_shares.resize(0, 0);
  const Explanation found =
      explain(record_, trial_->evaluator, {.split = Split::kTrain, .num_replacements = 3});
  const auto texts = trial_->problem.prompt_space().option_texts();
  for (const auto& part : found.parts) {
    std::vector<std::string> others = texts;
    std::erase(others, part.text);
    ASSERT_EQ(others.size(), 19U);
    ASSERT_EQ(part.replacements.size(), 3U);
    EXPECT_EQ(part.replacements[0].candidate.text, others[0]);
    EXPECT_EQ(part.replacements[1].candidate.text, others[6]);   // floor(19 / 3)
    EXPECT_EQ(part.replacements[2].candidate.text, others[12]);  // floor(38 / 3)
    EXPECT_TRUE(std::isnan(part.share));
    EXPECT_TRUE(part.alternatives.empty());
  }
}

TEST_F(ExplainTest, MoreReplacementsThanCandidatesAreAllOfThem) {
  auto spec = small_discrete_experiment();
  spec.prompt.discrete.words = {"good", "bad", "film"};
  open(spec);
  const Explanation found =
      explain(record_, trial_->evaluator, {.split = Split::kTrain, .num_replacements = 9});
  for (const auto& part : found.parts) EXPECT_EQ(part.replacements.size(), 2U);
}

TEST_F(ExplainTest, AlternativesAreThePositionsDistributionWithoutThePromptsOwnToken) {
  open(small_discrete_experiment());
  const Explanation found =
      explain(record_, trial_->evaluator, {.num_replacements = 0, .num_alternatives = 100});
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = found.parts[i].share;
    for (const auto& other : found.parts[i].alternatives) sum += other.share;
    EXPECT_NEAR(sum, 1.0, 1e-9);
  }
}

TEST_F(ExplainTest, ACalibratedTrialIsExplainedWithEachPromptsOwnMeansOnTrain) {
  auto spec = small_discrete_experiment();
  spec.scoring.calibration = Calibration::kFewShot;
  open(spec);
  const Explanation found = explain(record_, trial_->evaluator, {.num_replacements = 0});
  EXPECT_TRUE(found.is_calibrated);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto without = prompt_without(i);
    const Eigen::RowVectorXd offsets = by_hand_->scores(without, Split::kTrain).colwise().mean();
    expect_near(found.parts[i].without,
                by_hand_->score(by_hand_->scores(without, Split::kDev), Split::kDev, offsets));
  }
  EXPECT_EQ(found.usage.num_queries, 4 * (6 + 8));
}

TEST_F(ExplainTest, ASoftPromptLosesOneVectorAtATime) {
  open(small_experiment());
  const Explanation found = explain(record_, trial_->evaluator, {});
  ASSERT_EQ(found.parts.size(), 3U);
  for (Eigen::Index i = 0; i < 3; ++i) {
    auto vectors = std::make_shared<RowMatrixXf>(record_.best.prompt.vectors);
    vectors->row(i).setZero();
    const PromptVectors without{.vectors = vectors, .base_ids = record_.best.prompt.base_ids};
    const auto& part = found.parts[static_cast<std::size_t>(i)];
    expect_near(part.without, by_hand_->score(by_hand_->scores(without, Split::kDev), Split::kDev));
    EXPECT_EQ(part.text, record_.best.prompt.tokens[static_cast<std::size_t>(i)]);
    EXPECT_TRUE(part.replacements.empty());
  }
}

TEST_F(ExplainTest, ADeepPromptLosesATokenInEveryLayer) {
  ExperimentSpec spec = small_experiment();
  spec.prompt.soft.layers = SoftPromptLayers::kAll;
  open(spec);
  const Explanation found = explain(record_, trial_->evaluator, {});
  const PromptRecord& prompt = record_.best.prompt;
  ASSERT_EQ(found.parts.size(), 3U);
  ASSERT_EQ(prompt.vectors.rows(), 3 * prompt.num_layers);
  for (Eigen::Index i = 0; i < 3; ++i) {
    PromptVectors without{.vectors = nullptr, .base_ids = prompt.base_ids};
    for (Eigen::Index layer = 0; layer < prompt.num_layers; ++layer) {
      auto rows = std::make_shared<RowMatrixXf>(prompt.vectors.middleRows(3 * layer, 3));
      rows->row(i).setZero();
      if (layer == 0) {
        without.vectors = rows;
      } else {
        without.layers.push_back(rows);
      }
    }
    expect_near(found.parts[static_cast<std::size_t>(i)].without,
                by_hand_->score(by_hand_->scores(without, Split::kDev), Split::kDev));
  }
}

TEST_F(ExplainTest, TurnedExamplesAreWhereThePromptAndTheManualOneDisagreeOnTheGoldLabel) {
  open(small_discrete_experiment());
  const Explanation found =
      explain(record_, trial_->evaluator, {.split = Split::kTest, .num_replacements = 0});
  EXPECT_EQ(found.baseline, Baseline::kManual);
  EXPECT_EQ(found.num_unlike_record, 0);
  const auto& before = record_.manual.splits.at("test").predicted;
  const auto& after = record_.best.splits.at("test").predicted;
  const auto gold = trial_->problem.gold(Split::kTest);
  std::vector<std::int64_t> right, wrong;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    const std::int64_t row = trial_->problem.examples(Split::kTest)[i].row;
    if (before[i] != gold[i] && after[i] == gold[i]) right.push_back(row);
    if (before[i] == gold[i] && after[i] != gold[i]) wrong.push_back(row);
  }
  const auto rows = [](const std::vector<TurnedExample>& examples) {
    std::vector<std::int64_t> result;
    for (const auto& example : examples) result.push_back(example.row);
    return result;
  };
  EXPECT_EQ(rows(found.turned_right), right);
  EXPECT_EQ(rows(found.turned_wrong), wrong);
  const double gain = static_cast<double>(right.size()) - static_cast<double>(wrong.size());
  EXPECT_NEAR(found.whole.metric - found.baseline_score.metric, gain / 16.0, 1e-12);
  EXPECT_EQ(found.usage.num_queries, 4 * 16);  // the manual prompt's are in the record
}

TEST_F(ExplainTest, WithoutAManualBaselineNoPromptIsAsked) {
  auto spec = small_discrete_experiment();
  spec.is_manual_scored = false;
  open(spec);
  const Explanation found = explain(record_, trial_->evaluator, {.num_replacements = 0});
  EXPECT_EQ(found.baseline, Baseline::kNoPrompt);
  expect_near(found.baseline_score,
              by_hand_->score(by_hand_->scores(std::string_view(), Split::kDev), Split::kDev));
  EXPECT_EQ(found.usage.num_queries, 5 * 6);
}

TEST_F(ExplainTest, AWrittenPromptLosesOneWordAtATime) {
  auto spec = small_experiment();
  spec.prompt.kind = PromptKind::kManual;
  spec.prompt.manual.text = " One  word less. ";
  open(spec);
  const Explanation found = explain(record_, trial_->evaluator, {});
  const std::vector<std::string> shorter = {" word less. ", " One  less. ", " One  word "};
  ASSERT_EQ(found.parts.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string_view text = shorter[i];
    expect_near(found.parts[i].without,
                by_hand_->score(by_hand_->scores(text, Split::kDev), Split::kDev));
  }
  EXPECT_EQ(found.parts[2].text, "less.");
}

TEST_F(ExplainTest, ProgressCountsEveryPromptOnce) {
  open(small_discrete_experiment());
  std::vector<std::size_t> done;
  std::size_t all = 0;
  (void)explain(record_, trial_->evaluator,
                {.num_replacements = 2, .on_progress = [&](std::size_t n, std::size_t of) {
                   done.push_back(n);
                   all = of;
                 }});
  std::vector<std::size_t> expected(1 + 3 + 3 * 2);
  std::iota(expected.begin(), expected.end(), 1U);
  EXPECT_EQ(done, expected);
  EXPECT_EQ(all, expected.size());
}

TEST_F(ExplainTest, ATrialWithoutAPromptIsRefused) {
  open(small_experiment());
  record_.best = {};
  EXPECT_THROW((void)explain(record_, trial_->evaluator, {}), Error);
}

TEST_F(ExplainTest, SharesOfAnotherPromptAreRefused) {
  open(small_discrete_experiment());
  record_.position_shares.setConstant(2, 20, 0.05);
  EXPECT_THROW((void)explain(record_, trial_->evaluator, {}), Error);
}

}  // namespace
}  // namespace bbprompt
