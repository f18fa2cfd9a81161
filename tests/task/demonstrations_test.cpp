#include "bbprompt/task/demonstrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// One token a character, two around the query; cuts fields to their limits.
class CharacterModel : public ModelView {
 public:
  const LanguageModelInfo& info() const override { return info_; }
  std::int64_t count_tokens(const Query& query) const override {
    std::int64_t count = 2;
    int num_answers = 0;
    for (const Segment& segment : query.segments) {
      num_answers += std::holds_alternative<AnswerSlot>(segment) ? 1 : 0;
      const auto* text = std::get_if<TextSegment>(&segment);
      count += text == nullptr ? 1 : static_cast<std::int64_t>(text->text.size());
      if (text == nullptr) continue;
      for (const ExampleField& field : text->fields) {
        const auto size = static_cast<int>(field.end - field.begin);
        if (field.max_tokens > 0) count -= std::max(0, size - field.max_tokens);
      }
    }
    if (num_answers != 1) throw ModelError("model", "expected one answer slot");
    return count;
  }
  AnswerToken answer_token(std::string_view /*word*/) const override { return {}; }

 private:
  LanguageModelInfo info_{.name = "", .fingerprint = "", .max_tokens = 100, .hidden_size = 0};
};

TEST(DemonstrationInputs, CountWhatEachExampleTakesWithItsSeparator) {
  TaskOptions task;
  task.template_text = "{prompt} {text_a} is {mask}.";
  task.labels = {{"no", {"bad"}}, {"yes", {"great"}}};
  const PromptTemplate pattern(task);
  const CharacterModel model;
  const std::vector<Example> train = {{.text_a = "abc", .label = 1, .row = 1},
                                      {.text_a = "abcdefgh", .label = 0, .row = 2}};
  const auto inputs = demonstration_inputs(
      {.prompt_template = pattern, .prompt_text = "P", .max_field_tokens = 5, .model = model},
      train, 9);
  EXPECT_EQ(inputs.labels, (std::vector<int>{1, 0}));
  // "P abc is great." and "P abcde is bad.", a separator behind each.
  EXPECT_EQ(inputs.num_tokens, (std::vector<std::int64_t>{15 + 1, 15 + 1}));
  EXPECT_EQ(inputs.max_tokens, 50);
  EXPECT_EQ(inputs.seed, 9U);
}

// A causal model adds no tokens around a query, but one to a query without any.
class CausalCharacterModel final : public ModelView {
 public:
  const LanguageModelInfo& info() const override { return info_; }
  std::int64_t count_tokens(const Query& query) const override {
    return std::max<std::int64_t>(CharacterModel().count_tokens(query) - 3, 1);
  }
  AnswerToken answer_token(std::string_view /*word*/) const override { return {}; }

 private:
  LanguageModelInfo info_{.name = "",
                          .fingerprint = "",
                          .max_tokens = 100,
                          .hidden_size = 0,
                          .family = ModelFamily::kCausal};
};

TEST(DemonstrationInputs, CountNothingAroundACausalModelsQuery) {
  TaskOptions task;
  task.template_text = "{prompt} {text_a} is {mask}";
  task.labels = {{"no", {"bad"}}, {"yes", {"great"}}};
  const PromptTemplate pattern(task, ModelFamily::kCausal);
  const CausalCharacterModel model;
  const std::vector<Example> train = {{.text_a = "abc", .label = 1, .row = 1}};
  const auto inputs = demonstration_inputs(
      {.prompt_template = pattern, .prompt_text = "P", .max_field_tokens = 5, .model = model},
      train, 9);
  // "P abc is great" and a line break.
  EXPECT_EQ(inputs.num_tokens, (std::vector<std::int64_t>{14 + 1}));
}

TEST(DemonstrationInputs, MakeQueriesOfWhichHalfIsLeftToTheExample) {
  TaskOptions task;
  task.template_text = "{prompt}{text_a} is {mask}";
  task.labels = {{"no", {"bad"}}, {"yes", {"great"}}};
  const PromptTemplate pattern(task);
  const CharacterModel model;
  std::vector<Example> train;
  train.reserve(20);
  for (int i = 0; i < 20; ++i) {
    train.push_back({.text_a = std::string(static_cast<std::size_t>(1 + i % 7), 'x'),
                     .label = i % 2,
                     .row = i + 1});
  }
  const DemonstrationPromptSpace space(
      {.per_class = 6, .draws = 5, .max_field_tokens = 4},
      demonstration_inputs(
          {.prompt_template = pattern, .prompt_text = "", .max_field_tokens = 4, .model = model},
          train, 1));
  for (const Eigen::VectorXd& point : space.fixed_points()) {
    const auto prompt = std::get<PromptDemonstrations>(space.decode({point.data(), 1}));
    Demonstrations shown{.examples = {}, .max_field_tokens = prompt.max_field_tokens};
    for (const std::int64_t i : prompt.examples) {
      shown.examples.push_back(&train[static_cast<std::size_t>(i)]);
    }
    const Example query = {.text_a = "q", .label = 0, .row = 99};
    const auto with = model.count_tokens(pattern.render(query, "", shown));
    const auto without = model.count_tokens(pattern.render(query, ""));
    EXPECT_LE(with - without, 50);
    EXPECT_GT(with - without, 50 - 14);  // the longest demonstration is "xxxx is great" and one
  }
}

}  // namespace
}  // namespace bbprompt
