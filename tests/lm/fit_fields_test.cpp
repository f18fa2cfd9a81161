#include "bbprompt/lm/fit_fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;

constexpr int kNone = kNoField;

// An encoding whose tokens come from these byte ranges.
Encoding encoding_of(const std::vector<ByteRange>& ranges) {
  return {.ids = std::vector<TokenId>(ranges.size(), 5), .ranges = ranges};
}

TEST(FieldsOfTokens, ATokenBelongsToTheFieldItLiesWhollyIn) {
  // "x[aa bb]y[cc]z"
  const TextSegment text{.text = "xaa bbycczz", .fields = {{1, 6}, {7, 9}}};
  const auto fields = fields_of_tokens(
      text, encoding_of({{0, 1}, {1, 3}, {4, 6}, {6, 7}, {7, 9}, {9, 10}, {10, 11}}));
  EXPECT_THAT(fields, ElementsAre(kNone, 0, 0, kNone, 1, kNone, kNone));
}

TEST(FieldsOfTokens, ATokenAcrossABorderIsThePatterns) {
  const TextSegment text{.text = "abcdef", .fields = {{2, 4}}};
  EXPECT_THAT(fields_of_tokens(text, encoding_of({{0, 3}, {3, 4}, {3, 5}})),
              ElementsAre(kNone, 0, kNone));
}

TEST(FieldsOfTokens, ATokenWithoutBytesIsTheFieldsOnlyInside) {
  const TextSegment text{.text = "abcdef", .fields = {{2, 4}}};
  EXPECT_THAT(fields_of_tokens(text, encoding_of({{2, 2}, {3, 3}, {4, 4}})),
              ElementsAre(kNone, 0, kNone));
}

TEST(FitFields, WhatFitsStaysWhole) {
  const std::vector<int> fields = {kNone, 0, 0, 1, kNone};
  const FieldFit fit = fit_fields(fields, std::vector<int>{0, 0}, {.max_tokens = 5, .model = "m"});
  EXPECT_THAT(fit.kept, ElementsAre(2, 1));
  EXPECT_FALSE(fit.is_truncated);
  EXPECT_THAT(kept_tokens(fields, fit.kept), ElementsAre(0, 1, 2, 3, 4));
}

TEST(FitFields, AFieldsOwnLimitIsNoTruncation) {
  const std::vector<int> fields = {kNone, 0, 0, 0, 1, 1, kNone};
  const FieldFit fit = fit_fields(fields, std::vector<int>{1, 0}, {.max_tokens = 5, .model = "m"});
  EXPECT_THAT(fit.kept, ElementsAre(1, 2));
  EXPECT_FALSE(fit.is_truncated);
  EXPECT_THAT(kept_tokens(fields, fit.kept), ElementsAre(0, 1, 4, 5, 6));
}

TEST(FitFields, TheLongestFieldLosesFirstAndTheLaterOfEquals) {
  const std::vector<int> fields = {0, 0, 0, 0, kNone, 1, 1, 1, 2};
  const auto kept_of = [&](std::size_t most) {
    return fit_fields(fields, std::vector<int>{0, 0, 0}, {.max_tokens = most, .model = "m"}).kept;
  };
  EXPECT_THAT(kept_of(9), ElementsAre(4, 3, 1));
  EXPECT_THAT(kept_of(8), ElementsAre(3, 3, 1));
  EXPECT_THAT(kept_of(7), ElementsAre(3, 2, 1));
  EXPECT_THAT(kept_of(6), ElementsAre(2, 2, 1));
  EXPECT_THAT(kept_of(3), ElementsAre(1, 1, 0));
  EXPECT_THAT(kept_of(1), ElementsAre(0, 0, 0));
  EXPECT_TRUE(
      fit_fields(fields, std::vector<int>{0, 0, 0}, {.max_tokens = 8, .model = "m"}).is_truncated);
}

TEST(FitFields, RefusesWhatIsTooLongWithoutAnyField) {
  const std::vector<int> fields = {kNone, kNone, 0, kNone};
  EXPECT_NO_THROW(
      (void)fit_fields(fields, std::vector<int>{0}, {.max_tokens = 3, .model = "folder"}));
  try {
    (void)fit_fields(fields, std::vector<int>{0}, {.max_tokens = 2, .model = "folder"});
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), ::testing::StartsWith("folder: expected an input of at most 2 tokens,"
                                                    " found 3 that may not be cut"));
  }
}

}  // namespace
}  // namespace bbprompt
