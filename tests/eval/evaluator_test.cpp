#include "bbprompt/eval/evaluator.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/prompt/soft_prompt_space.hpp"

namespace bbprompt {
namespace {

// A language model with arithmetic for weights: the score of an answer token is its id times the
// length of the text plus the sum of the prompt vectors.
class ArithmeticModel : public LanguageModel {
 public:
  const LanguageModelInfo& info() const override { return info_; }
  AnswerScores score(std::span<const Query> queries, std::span<const TokenId> answers) override {
    AnswerScores result{
        .scores = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(queries.size()),
                                        static_cast<Eigen::Index>(answers.size())),
        .usage = {.num_queries = static_cast<std::int64_t>(queries.size()), .num_tokens = 7}};
    for (std::size_t q = 0; q < queries.size(); ++q) {
      double length = 0.0;
      double sum = 0.0;
      for (const Segment& segment : queries[q].segments) {
        if (const auto* text = std::get_if<TextSegment>(&segment))
          length += static_cast<double>(text->text.size());
        if (const auto* vectors = std::get_if<PromptVectors>(&segment))
          sum += vectors->vectors->cast<double>().sum();
      }
      for (std::size_t a = 0; a < answers.size(); ++a) {
        result.scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(a)) =
            answers[a] * (is_broken ? std::nan("") : length + sum);
      }
    }
    return result;
  }
  std::int64_t count_tokens(const Query& query) const override {
    return static_cast<std::int64_t>(query.segments.size());
  }
  AnswerToken answer_token(std::string_view word) const override {
    return {.id = word == "up" ? 1 : -1, .token = std::string(word), .num_tokens = 1};
  }
  bool is_broken = false;

 private:
  LanguageModelInfo info_{
      .name = "arithmetic", .fingerprint = "", .max_tokens = 100, .hidden_size = 2};
};

struct Fixture {
  TaskOptions task = [] {
    TaskOptions options;
    options.template_text = "{prompt}{text_a}{mask}";
    options.labels = {{.name = "down", .words = {"down"}}, {.name = "up", .words = {"up"}}};
    return options;
  }();
  ArithmeticModel model;
  TaskData data;
  PromptTemplate prompt_template{task};
  Verbalizer verbalizer{task.labels, model};
  SoftPromptSpace space{
      {.dimension = 0, .alpha = 1.0, .init = ""},
      {.length = 1, .hidden_size = 2, .embedding_deviation = 1.0, .sigma = 1.0, .base_ids = {0}}};
  Evaluator evaluator{{.data = data,
                       .prompt_template = prompt_template,
                       .verbalizer = verbalizer,
                       .prompt_space = space,
                       .manual_prompt = "ab",
                       .model = model}};
  std::vector<Example> examples = {{.text_a = "x", .label = 1, .row = 1},
                                   {.text_a = "xyz", .label = 0, .row = 2}};
};

TEST(Evaluator, GivesTheLabelScoresOfACandidatePerExample) {
  Fixture fixture;
  const auto evaluation =
      fixture.evaluator.evaluate(std::vector<double>{-2.0, 0.5}, fixture.examples);
  // Scores: token id (-1, 1) times length + prompt sum = 1 - 1.5 and 3 - 1.5.
  EXPECT_EQ(evaluation.label_scores, (RowMatrixXd(2, 2) << 0.5, -0.5, -1.5, 1.5).finished());
  EXPECT_EQ(evaluation.usage.num_queries, 2);
  EXPECT_EQ(evaluation.usage.num_tokens, 7);
}

TEST(Evaluator, PutsTheManualPromptIntoTheText) {
  Fixture fixture;
  const auto evaluation = fixture.evaluator.evaluate_manual(fixture.examples);
  EXPECT_EQ(evaluation.label_scores, (RowMatrixXd(2, 2) << -3.0, 3.0, -5.0, 5.0).finished());
}

TEST(Evaluator, RefusesScoresThatAreNoNumbers) {
  Fixture fixture;
  fixture.model.is_broken = true;
  EXPECT_THROW((void)fixture.evaluator.evaluate(std::vector<double>{0.0, 0.0}, fixture.examples),
               Error);
}

}  // namespace
}  // namespace bbprompt
