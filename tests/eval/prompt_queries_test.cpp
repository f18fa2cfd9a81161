#include "bbprompt/eval/prompt_queries.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

std::string text_of(const Query& query) {
  std::string text;
  for (const Segment& segment : query.segments) {
    if (const auto* piece = std::get_if<TextSegment>(&segment)) text += piece->text;
    if (std::holds_alternative<Separator>(segment)) text += "|";
    if (std::holds_alternative<AnswerSlot>(segment)) text += "_";
    if (std::holds_alternative<PromptTokens>(segment)) text += "TOKENS";
    if (std::holds_alternative<PromptVectors>(segment)) text += "VECTORS";
  }
  return text;
}

class PromptQueries : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> texts(const Prompt& prompt,
                                               const std::vector<Example>& examples) const {
    std::vector<std::string> found;
    const QueryParts parts{.prompt_template = pattern_, .train = train_, .manual_prompt = "M:"};
    for (const Query& query : prompt_queries(parts, prompt, examples)) {
      found.push_back(text_of(query));
    }
    return found;
  }

  TaskOptions task_ = [] {
    TaskOptions task;
    task.template_text = "{prompt} {text_a} {mask}";
    task.labels = {{"no", {"bad"}}, {"yes", {"great"}}};
    return task;
  }();
  PromptTemplate pattern_{task_};
  std::vector<Example> train_ = {{.text_a = "one", .label = 0, .row = 1},
                                 {.text_a = "two", .label = 1, .row = 2},
                                 {.text_a = "three", .label = 1, .row = 3}};
  std::vector<Example> others_ = {{.text_a = "x", .label = 0, .row = 1},
                                  {.text_a = "y", .label = 1, .row = 2}};
};

TEST_F(PromptQueries, PutEveryKindOfPromptIntoItsPlace) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(PromptTokens{{3, 4}}, others_), (Texts{"TOKENS x _", "TOKENS y _"}));
  const PromptVectors vectors{std::make_shared<RowMatrixXf>(RowMatrixXf::Zero(2, 4)), {}};
  EXPECT_EQ(texts(vectors, others_), (Texts{"VECTORS x _", "VECTORS y _"}));
  EXPECT_EQ(texts(PromptText{"Say:"}, others_), (Texts{"Say: x _", "Say: y _"}));
  EXPECT_EQ(texts(PromptText{""}, others_), (Texts{"x _", "y _"}));
  EXPECT_EQ(texts(PromptDemonstrations{{2, 0}, 8}, others_),
            (Texts{"M: three great|M: one bad|M: x _", "M: three great|M: one bad|M: y _"}));
}

TEST_F(PromptQueries, NeverShowAQueryItsOwnAnswer) {
  EXPECT_EQ(texts(PromptDemonstrations{{2, 0, 1}, 8}, train_),
            (std::vector<std::string>{"M: three great|M: two great|M: one _",
                                      "M: three great|M: one bad|M: two _",
                                      "M: one bad|M: two great|M: three _"}));
}

TEST_F(PromptQueries, RefuseDemonstrationsThatAreNotThere) {
  EXPECT_THROW((void)texts(PromptDemonstrations{{3}, 8}, others_), Error);
  EXPECT_THROW((void)texts(PromptDemonstrations{{-1}, 8}, others_), Error);
}

}  // namespace
}  // namespace bbprompt
