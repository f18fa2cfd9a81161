#include "bbprompt/lm/input_layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/replica/model_config.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Ids of base-bert's vocabulary of 40 words, which takes 16 tokens.
constexpr TokenId kCls = 2, kSep = 3, kMask = 4, kA = 5, kThe = 35, kIt = 36, kWas = 38;

TextSegment text(const std::string& words) { return {.text = words, .fields = {}}; }

// A text that is one field as a whole.
TextSegment field(const std::string& words, int max_tokens = 0) {
  return {.text = words, .fields = {{0, words.size(), max_tokens}}};
}

class Layout : public ::testing::Test {
 protected:
  static constexpr const char* kFolder = "models/corrupt/base-bert";

  void SetUp() override {
    BBPROMPT_REQUIRE_SHARED(kFolder);
    const auto folder = testing::shared_folder() / kFolder;
    config_ = load_model_config(folder);
    layout_.emplace(std::shared_ptr<const Tokenizer>(load_tokenizer(folder)),
                    config_.input_rules());
  }
  LaidOutQuery lay_out(std::vector<Segment> segments) {
    query_.segments = std::move(segments);
    return layout_->lay_out(query_);
  }
  std::string refusal(std::vector<Segment> segments) {
    try {
      (void)lay_out(std::move(segments));
    } catch (const ModelError& error) {
      return error.what();
    }
    return "laid out";
  }

  ModelConfig config_;
  std::optional<InputLayout> layout_;
  Query query_;
};

TEST_F(Layout, WrapsSegmentsAndFindsTheAnswer) {
  const auto input = lay_out({PromptTokens{{kA, kThe}}, text("it was"), AnswerSlot{}, text(".")});
  EXPECT_THAT(input.ids, ElementsAre(kCls, kA, kThe, kIt, kWas, kMask, 29, kSep));
  EXPECT_EQ(input.answer, 5);
  EXPECT_THAT(input.types, Each(0));
  EXPECT_FALSE(input.is_truncated);
}

TEST_F(Layout, TokenizesNeighbouringTextsAsOne) {
  // "a" and "ing" alone are two words; together "a" and the continuation "##ing".
  EXPECT_THAT(lay_out({text("a"), text("ing"), AnswerSlot{}}).ids,
              ElementsAre(kCls, kA, 39, kMask, kSep));
}

TEST_F(Layout, GivesTypeOneBehindTheFirstSeparator) {
  const auto input =
      lay_out({text("a"), Separator{}, text("b"), AnswerSlot{}, Separator{}, text("c")});
  EXPECT_THAT(input.ids, ElementsAre(kCls, kA, kSep, 6, kMask, kSep, 7, kSep));
  EXPECT_THAT(input.types, ElementsAre(0, 0, 0, 1, 1, 1, 1, 1));
}

TEST_F(Layout, CutsFieldsToTheirOwnLimitWithoutCallingItTruncated) {
  const auto input = lay_out({text("it"), field(" a b c d", 2), text(" was"), AnswerSlot{}});
  EXPECT_THAT(input.ids, ElementsAre(kCls, kIt, kA, 6, kWas, kMask, kSep));
  EXPECT_EQ(input.answer, 5);
  EXPECT_FALSE(input.is_truncated);
}

TEST_F(Layout, CutsTheLongestFieldFirstAndTheLaterOfEquals) {
  // 3 + 7 + 9 tokens stand at 19, three too many: the later field loses two, then of 7 and 7 the
  // later one.
  const auto input = lay_out({field("a b c d e f g"), AnswerSlot{}, field("h i j k l m n a b")});
  EXPECT_THAT(input.ids,
              ElementsAre(kCls, 5, 6, 7, 8, 9, 10, 11, kMask, 12, 13, 14, 15, 16, 17, kSep));
  EXPECT_EQ(input.answer, 8);
  EXPECT_TRUE(input.is_truncated);
}

TEST_F(Layout, NeverCutsThePatternOrATokenThatReachesIntoIt) {
  // The first field, "b" of "ab", is the token "##b"; the second is longer and goes first.
  TextSegment joined = text("ab a a a a a a a a a a");
  joined.fields = {{1, 2, 0}};
  const auto input = lay_out({joined, AnswerSlot{}, field(" b b")});
  EXPECT_THAT(input.ids, ElementsAre(kCls, 5, 20, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, kMask, 6, kSep));
  joined.text = "it was a b c d e f g h i j k l";
  joined.fields = {{1, 4, 0}};  // no token lies wholly in "t w"
  EXPECT_THAT(refusal({joined, AnswerSlot{}}),
              AllOf(HasSubstr("at most 16 tokens"), HasSubstr("found 17")));
}

TEST_F(Layout, MovesTheAnswerAndVectorsBehindACut) {
  const auto vectors = std::make_shared<const RowMatrixXf>(RowMatrixXf::Random(2, 8));
  const auto inner = std::make_shared<const RowMatrixXf>(RowMatrixXf::Random(2, 8));
  config_.num_layers = 3;
  layout_.emplace(load_tokenizer(testing::shared_folder() / kFolder), config_.input_rules());
  const PromptVectors prompt{.vectors = vectors, .base_ids = {kThe, kIt}, .layers = {inner, inner}};
  const auto input = lay_out({field("a b c d e f g h i j k l m n a b"), prompt, AnswerSlot{}});
  ASSERT_EQ(input.ids.size(), 16U);
  EXPECT_EQ(input.answer, 14);
  ASSERT_EQ(input.vectors.size(), 2U);
  EXPECT_EQ(input.vectors[0].token, 12);
  EXPECT_EQ(input.vectors[1].token, 13);
  EXPECT_EQ(input.vectors[1].values, vectors->row(1).data());
  EXPECT_EQ(input.vectors[1].use, VectorUse::kAdd);
  EXPECT_EQ(input.ids[12], kThe);
  ASSERT_EQ(input.layer_vectors.size(), 2 * prompt.layers.size());
  for (std::size_t i = 0; i < input.layer_vectors.size(); ++i) {
    EXPECT_EQ(input.layer_vectors[i].layer, 1 + static_cast<int>(i / 2));
    EXPECT_EQ(input.layer_vectors[i].token, 12 + static_cast<Eigen::Index>(i % 2));
    EXPECT_EQ(input.layer_vectors[i].values, inner->row(static_cast<Eigen::Index>(i % 2)).data());
  }
}

TEST_F(Layout, SaysBothLengthsWhenNothingMoreCanBeCut) {
  EXPECT_THAT(refusal({field("a b"), PromptTokens{std::vector<TokenId>(14, kA)}, AnswerSlot{}}),
              AllOf(HasSubstr("at most 16 tokens"), HasSubstr("found 17")));
}

TEST_F(Layout, RefusesQueriesThatCannotBeAsked) {
  EXPECT_THAT(refusal({text("a")}), HasSubstr("one answer slot in a query, found 0"));
  EXPECT_THAT(refusal({AnswerSlot{}, AnswerSlot{}}), HasSubstr("found 2"));
  EXPECT_THAT(refusal({PromptTokens{{40}}, AnswerSlot{}}), HasSubstr("vocab_size 40, found 40"));
  EXPECT_THAT(refusal({PromptTokens{{-1}}, AnswerSlot{}}), HasSubstr("found -1"));
  const auto vectors = [](const RowMatrixXf& rows, std::vector<TokenId> base = {}) {
    return PromptVectors{std::make_shared<const RowMatrixXf>(rows), std::move(base)};
  };
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refusal({PromptVectors{}, AnswerSlot{}}), HasSubstr("found none"));
  EXPECT_THAT(refusal({vectors(RowMatrixXf::Zero(1, 7)), AnswerSlot{}}), HasSubstr("7 in a row"));
  EXPECT_THAT(refusal({vectors(RowMatrixXf::Constant(1, 8, infinite)), AnswerSlot{}}),
              HasSubstr("infinity"));
  EXPECT_THAT(refusal({vectors(RowMatrixXf::Zero(2, 8), {kA}), AnswerSlot{}}),
              HasSubstr("each of the 2 prompt vectors, found 1"));
  EXPECT_THAT(refusal({vectors(RowMatrixXf::Zero(1, 8), {99}), AnswerSlot{}}),
              HasSubstr("found 99"));
}

TEST(RobertaLayout, StripsEverySpaceBeforeTheAnswerSlotAndNoneElsewhere) {
  BBPROMPT_REQUIRE_SHARED("models/tiny-roberta");
  const auto folder = testing::shared_folder() / "models/tiny-roberta";
  const std::shared_ptr<const Tokenizer> tokenizer = load_tokenizer(folder);
  InputLayout layout(tokenizer, load_model_config(folder).input_rules());
  for (const std::string space : {"", " ", " \t\n", "\xc2\xa0 ", "\xe3\x80\x80\xe2\x80\x89"}) {
    const Query query{{text("It was" + space), AnswerSlot{}, text(" ."), Separator{}, text("No")}};
    EXPECT_EQ(layout.lay_out(query).ids, tokenizer->encode("<s>It was<mask> .</s>No</s>").ids)
        << space.size();
  }
  // A prompt between keeps the space, as a token of its own.
  const Query spaced{{text("It was "), PromptTokens{{730}}, AnswerSlot{}}};
  const auto alone = tokenizer->encode("It was ").ids;
  const auto ids = layout.lay_out(spaced).ids;
  EXPECT_EQ(std::vector<TokenId>(ids.begin() + 1, ids.end() - 3), alone);
}

}  // namespace
}  // namespace bbprompt
