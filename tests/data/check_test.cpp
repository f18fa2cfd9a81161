#include "bbprompt/data/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/text/tokenizer.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;

class CheckData : public ::testing::Test {
 protected:
  CheckData() {
    task_.name = "pairs";
    task_.train = folder_ / "train.csv";
    task_.test = folder_ / "test.csv";
    task_.text_b = "text_b";
    task_.labels = {{"no", {"no"}}, {"yes", {"yes"}}};
    task_.template_text = "{prompt}{text_a}{sep}{text_b}? {mask}.";
  }

  void write(const std::filesystem::path& file, const std::string& rows) {
    testing::write_text(file, "text_a,text_b,label\n" + rows);
  }

  testing::TemporaryFolder folder_;
  TaskOptions task_;
};

TEST_F(CheckData, CountsRowsLabelsAndRepeatedPairs) {
  write(task_.train, "a,b,yes\na,b,no\nb,a,yes\na,c,yes\na,b,yes\n");
  write(task_.test, "x,y,no\n");
  const DataCheck check = check_data(task_, {});
  ASSERT_EQ(check.splits.size(), 2U);
  EXPECT_EQ(check.splits[0].name, "train");
  EXPECT_EQ(check.splits[0].num_rows, 5);
  EXPECT_THAT(check.splits[0].label_counts, ElementsAre(1, 4));
  EXPECT_EQ(check.splits[0].num_repeated, 2);
  EXPECT_FALSE(check.splits[0].lengths.has_value());
  EXPECT_EQ(check.splits[1].num_repeated, 0);
}

TEST_F(CheckData, RefusesFilesThatAreMissing) {
  EXPECT_THROW((void)check_data(task_, {}), DataError);
  write(task_.train, "a,b,yes\n");
  EXPECT_THROW((void)check_data(task_, {}), DataError);
}

TEST_F(CheckData, FindsPairsThatSplitsShareExactlyAndButForCaseAndSpace) {
  task_.dev = folder_ / "dev.csv";
  write(task_.train, "One  two,\xc3\x89t\xc3\xa9,yes\nsame,pair,no\nab,c,no\n");
  write(task_.dev, "same,pair,yes\nsame,pair,no\npair,same,no\n");
  write(task_.test, "\"one\ntwo \",\xc3\xa9T\xc3\x89,no\na,bc,no\nSAME,pair,no\nsame,pair,no\n");
  const DataCheck check = check_data(task_, {});
  ASSERT_EQ(check.overlaps.size(), 3U);
  EXPECT_EQ(check.overlaps[0].first, "train");
  EXPECT_EQ(check.overlaps[0].second, "dev");
  EXPECT_EQ(check.overlaps[0].num_exact, 2);
  EXPECT_EQ(check.overlaps[0].num_normalised, 2);
  EXPECT_EQ(check.overlaps[1].second, "test");
  EXPECT_EQ(check.overlaps[1].num_exact, 1);
  EXPECT_EQ(check.overlaps[1].num_normalised, 3);
  EXPECT_EQ(check.overlaps[2].first, "dev");
  EXPECT_EQ(check.overlaps[2].num_exact, 1);
  EXPECT_EQ(check.overlaps[2].num_normalised, 2);
}

// Words of the text are single tokens of the quickstart's vocabulary, so lengths can be counted:
// <s> 3 prompt text_a </s> text_b ? <mask> . </s>
TEST_F(CheckData, MeasuresWholeInputsAndWhatDoesNotFit) {
  const auto tokenizer =
      load_tokenizer(testing::source_folder() / "configs/quickstart/tiny-roberta");
  const auto words = [&](int count) {
    std::string text = "the";
    for (int i = 1; i < count; ++i) text += " the";
    EXPECT_EQ(tokenizer->encode(text).ids.size(), static_cast<std::size_t>(count));
    return text;
  };
  std::string rows;
  for (int count = 1; count <= 20; ++count) rows += words(count) + ",the,yes\n";
  write(task_.train, rows);
  write(task_.test, words(30) + "," + words(30) + ",no\n");
  task_.max_field_tokens = 15;
  const DataCheck check =
      check_data(task_, {.tokenizer = tokenizer.get(), .max_tokens = 35, .num_prompt_tokens = 3});
  constexpr int kAround = 9;  // all but the texts
  const LengthStats train = check.splits[0].lengths.value();
  EXPECT_EQ(train.min, kAround + 1 + 1);
  EXPECT_EQ(train.median, kAround + 10 + 1);
  EXPECT_EQ(train.p95, kAround + 19 + 1);
  EXPECT_EQ(train.max, kAround + 20 + 1);
  EXPECT_EQ(train.num_field_cut, 5);
  EXPECT_EQ(train.num_too_long, 0);
  const LengthStats test = check.splits[1].lengths.value();
  EXPECT_EQ(test.min, kAround + 60);
  EXPECT_EQ(test.max, kAround + 60);
  EXPECT_EQ(test.num_field_cut, 1);
  EXPECT_EQ(test.num_too_long, 1);  // 9 + 15 + 15 > 35
}

// 3 prompt text_a line break text_b ?
TEST_F(CheckData, MeasuresACausalModelsInputsWithoutTokensAround) {
  const auto tokenizer =
      load_tokenizer(testing::source_folder() / "configs/quickstart/tiny-roberta");
  write(task_.train, "the,the the,yes\n");
  write(task_.test, "the,the,no\n");
  task_.causal_template = "{prompt}{text_a}{sep}{text_b}? {mask}";
  const LengthOptions options{.tokenizer = tokenizer.get(),
                              .max_tokens = 8,
                              .family = ModelFamily::kCausal,
                              .num_prompt_tokens = 3};
  const DataCheck check = check_data(task_, options);
  EXPECT_EQ(check.splits[0].lengths.value().max, 3 + 1 + 1 + 2 + 1);
  EXPECT_EQ(check.splits[0].lengths.value().num_too_long, 0);
}

}  // namespace
}  // namespace bbprompt
