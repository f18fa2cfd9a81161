#include "bbprompt/task/verbalizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A vocabulary of a few words.
class WordList : public ModelView {
 public:
  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] std::int64_t count_tokens(const Query& /*query*/) const override { return 0; }
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override {
    static const std::map<std::string, AnswerToken, std::less<>> kWords = {
        {"yes", {.id = 7, .token = "\xc4\xa0yes", .num_tokens = 1}},
        {"no", {.id = 3, .token = "\xc4\xa0no", .num_tokens = 1}},
        {"maybe", {.id = 11, .token = "\xc4\xa0maybe", .num_tokens = 1}},
        {"nope", {.id = 3, .token = "\xc4\xa0no", .num_tokens = 2}},
        {"fine day",
         {.id = 30,
          .token = "\xc4\xa0"
                   "fine",
          .num_tokens = 2,
          .rest = {31}}},
        {"fine night",
         {.id = 30,
          .token = "\xc4\xa0"
                   "fine",
          .num_tokens = 2,
          .rest = {32}}},
        {" fine day",
         {.id = 30,
          .token = "\xc4\xa0"
                   "fine",
          .num_tokens = 2,
          .rest = {31}}},
        {"unhelpful", {.id = 20, .token = "\xc4\xa0un", .num_tokens = 3}},
    };
    const auto found = kWords.find(word);
    if (found == kWords.end()) throw ModelError("words", "no token");
    return found->second;
  }

 private:
  LanguageModelInfo info_;
};

std::string refusal(const std::vector<LabelOptions>& labels) {
  try {
    (void)Verbalizer(labels, WordList());
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Verbalizer, AsksForOneTokenPerWordInOrder) {
  const Verbalizer verbalizer({{"a", {"yes", "maybe"}}, {"b", {"no"}}}, WordList());
  EXPECT_EQ(verbalizer.num_labels(), 2);
  EXPECT_THAT(verbalizer.answers(), ElementsAre(7, 11, 3));
  EXPECT_THAT(verbalizer.notes(), IsEmpty());
}

TEST(Verbalizer, ALabelsScoreIsTheMeanOfItsWords) {
  const Verbalizer verbalizer({{"a", {"yes", "maybe"}}, {"b", {"no"}}}, WordList());
  EXPECT_EQ(verbalizer.label_scores(Eigen::Vector3d(1.0, 4.0, -2.0)), Eigen::Vector2d(2.5, -2.0));
  // A row of a score matrix, as models return them.
  Eigen::MatrixXd rows(2, 3);
  rows << 0, 0, 0, 1, 4, -2;
  EXPECT_EQ(verbalizer.label_scores(rows.row(1).transpose()), Eigen::Vector2d(2.5, -2.0));
  EXPECT_THROW((void)verbalizer.label_scores(Eigen::Vector2d(1, 2)), Error);
}

TEST(Verbalizer, SaysWhichWordsAreScoredByTheirFirstTokenOnly) {
  const Verbalizer verbalizer({{"good", {"yes"}}, {"bad", {"unhelpful"}}}, WordList());
  ASSERT_EQ(verbalizer.notes().size(), 1U);
  EXPECT_THAT(verbalizer.notes()[0], AllOf(HasSubstr("\"bad\""), HasSubstr("\"unhelpful\""),
                                           HasSubstr("3 tokens"), HasSubstr("\xc4\xa0un")));
}

TEST(Verbalizer, CountsASharedTokenOfOneLabelOnceAndSaysSo) {
  const Verbalizer verbalizer({{"a", {"no", "nope"}}, {"b", {"yes"}}}, WordList());
  EXPECT_THAT(verbalizer.answers(), ElementsAre(3, 7));
  EXPECT_EQ(verbalizer.label_scores(Eigen::Vector2d(1.0, 4.0)), Eigen::Vector2d(1.0, 4.0));
  ASSERT_EQ(verbalizer.notes().size(), 2U);
  EXPECT_THAT(verbalizer.notes()[1], HasSubstr("counts once"));
}

TEST(Verbalizer, AsksForWholeWordsWhereTheModelScoresThem) {
  const Verbalizer verbalizer({{"a", {"fine day"}}, {"b", {"fine night", "no"}}}, WordList());
  EXPECT_THAT(verbalizer.answers(), ElementsAre(Answer({30, 31}), Answer({30, 32}), Answer(3)));
  ASSERT_EQ(verbalizer.notes().size(), 2U);
  EXPECT_THAT(verbalizer.notes()[0],
              AllOf(HasSubstr("\"fine day\""), HasSubstr("2 tokens"), HasSubstr("all are scored")));
}

TEST(Verbalizer, RefusesWholeWordsOfTheSameTokens) {
  EXPECT_THAT(refusal({{"a", {"fine day"}}, {"b", {" fine day"}}}),
              AllOf(HasSubstr("same tokens"), HasSubstr(R"(label "a", word "fine day")")));
}

TEST(Verbalizer, RefusesLabelsTheModelCannotTellApart) {
  EXPECT_THAT(refusal({{"a", {"no"}}, {"b", {"yes", "nope"}}}),
              AllOf(HasSubstr(R"(label "b", word "nope")"), HasSubstr(R"(label "a", word "no")")));
}

TEST(Verbalizer, RefusesLabelsWithoutWords) {
  EXPECT_THAT(refusal({}), HasSubstr("at least two"));
  EXPECT_THAT(refusal({{"a", {"yes"}}}), HasSubstr("at least two"));
  EXPECT_THAT(refusal({{"a", {"yes"}}, {"b", {}}}), HasSubstr("task.labels.b"));
  EXPECT_THAT(refusal({{"a", {"yes"}}, {"b", {" "}}}), HasSubstr("empty"));
  EXPECT_THROW(Verbalizer({{"a", {"yes"}}, {"b", {"zzz"}}}, WordList()), ModelError);
}

}  // namespace
}  // namespace bbprompt
