#include "bbprompt/explain/explanation_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "bbprompt/base/json.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Explanation sample_explanation() {
  Explanation explanation;
  explanation.trial = "reviews-discrete-s1-0123abcd";
  explanation.task = "reviews";
  explanation.method = "discrete";
  explanation.seed = 1;
  explanation.kind = PromptRecord::Kind::kDiscrete;
  explanation.prompt = " good film";
  explanation.split = "dev";
  explanation.metric = "accuracy";
  explanation.objective = "cross_entropy";
  explanation.labels = {"negative", "positive"};
  explanation.num_examples = 8;
  explanation.whole = {.loss = 0.5, .metric = 0.75};
  explanation.baseline_score = {.loss = 0.7, .metric = 0.5};
  explanation.parts = {{.text = "good",
                        .share = 0.25,
                        .without = {.loss = 0.625, .metric = 0.5},
                        .label_shift = Eigen::Vector2d(-0.125, 0.25),
                        .replacements = {{.candidate = {.text = "bad", .share = 0.5},
                                          .score = {.loss = 0.75, .metric = 0.625}},
                                         {.candidate = {.text = "\x1b[31m", .share = 0.125},
                                          .score = {.loss = 0.25, .metric = 0.875}}},
                        .alternatives = {{.text = "bad", .share = 0.5}}},
                       {.text = "film",
                        .share = kNaN,
                        .without = {.loss = 0.5, .metric = 0.75},
                        .label_shift = Eigen::Vector2d(0.0, 0.0),
                        .replacements = {},
                        .alternatives = {}}};
  explanation.turned_right = {
      {.row = 7, .text_a = "fine\tfilm", .text_b = {}, .gold = 1, .before = 0, .after = 1},
      {.row = 9,
       .text_a = std::string(500, 'x'),
       .text_b = "y",
       .gold = 1,
       .before = 0,
       .after = 1},
  };
  explanation.usage = {.num_queries = 40, .num_tokens = 900, .num_truncated = 0, .num_calls = 5};
  return explanation;
}

TEST(ExplanationText, ChangesAreAgainstTheWholePrompt) {
  const std::string text = to_text(sample_explanation(), {});
  EXPECT_THAT(text, HasSubstr("this prompt"));
  EXPECT_THAT(
      text, ::testing::ContainsRegex("\n1  good +[+]0[.]1250 +-25[.]00 +[+]0[.]0000 +[+]0[.]00 "));
  EXPECT_THAT(text, ::testing::ContainsRegex("\n1  good +bad +0[.]50 +[+]0[.]2500 +-12[.]50"));
  EXPECT_THAT(text, ::testing::ContainsRegex("\n1  good +-0[.]125 +[+]0[.]250"));
  EXPECT_THAT(text, ::testing::ContainsRegex("\n2  film +[+]0[.]0000 +[+]0[.]00 "));
  EXPECT_THAT(text, HasSubstr("bad 0.50"));
  EXPECT_THAT(text, HasSubstr("examples that become right compared with the manual prompt: 2 of 8 "
                              "examples"));
  EXPECT_THAT(text, HasSubstr("asked 40 queries, 5 calls and 900 tokens; metrics"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(ExplanationText, TextsArePrintableAndFitTheTerminal) {
  const std::string text = to_text(sample_explanation(), {.width = 80});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\t")));
  std::size_t begin = text.find("examples that become right");
  for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find('\n', begin);
    EXPECT_LE(text.substr(begin, end - begin).size(), 80U);
  }
}

TEST(ExplanationText, ExamplesAreCountedWholeAndListedInPart) {
  const std::string text = to_text(sample_explanation(), {.max_examples = 1});
  EXPECT_THAT(text, HasSubstr("2 of 8 examples, the first 1"));
  EXPECT_THAT(text, HasSubstr("fine"));
  EXPECT_THAT(text, Not(HasSubstr("xxxx")));
}

TEST(ExplanationText, AShortOneLeavesOutTheTablesPerPosition) {
  const std::string text = to_text(sample_explanation(), {.is_short = true});
  EXPECT_THAT(text, Not(HasSubstr("adds to the mean score")));
  EXPECT_THAT(text, Not(HasSubstr("replaced by")));
  EXPECT_THAT(text, HasSubstr("left out"));
}

TEST(ExplanationJson, HoldsEverythingWithEveryDigit) {
  auto explanation = sample_explanation();
  explanation.whole.loss = 1.0 / 3.0;
  const auto root = parse_json(to_json(std::vector{explanation}));
  ASSERT_EQ(root["explanations"].size(), 1U);
  const auto& found = root["explanations"][0];
  EXPECT_EQ(found["trial"], "reviews-discrete-s1-0123abcd");
  EXPECT_EQ(found["whole"]["loss"].get<double>(), 1.0 / 3.0);
  EXPECT_EQ(found["baseline"]["kind"], "manual");
  const auto& part = found["parts"][0];
  EXPECT_EQ(part["text"], "good");
  EXPECT_EQ(part["left_out"]["loss_change"].get<double>(), 0.625 - 1.0 / 3.0);
  EXPECT_EQ(part["left_out"]["metric_change"].get<double>(), -0.25);
  EXPECT_EQ(part["label_shift"]["positive"].get<double>(), 0.25);
  EXPECT_EQ(part["replacements"][0]["share"].get<double>(), 0.5);
  EXPECT_EQ(part["replacements"][0]["metric_change"].get<double>(), -0.125);
  EXPECT_EQ(part["alternatives"][0]["text"], "bad");
  EXPECT_TRUE(found["parts"][1]["share"].is_null());
  EXPECT_EQ(found["turned_right"].size(), 2U);
  EXPECT_EQ(found["turned_right"][1]["text_a"].get<std::string>().size(), 500U);
  EXPECT_EQ(found["turned_right"][0]["before"], "negative");
  EXPECT_TRUE(found["turned_wrong"].is_array());
  EXPECT_EQ(found["usage"]["queries"], 40);
}

}  // namespace
}  // namespace bbprompt
