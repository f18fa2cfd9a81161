#include "bbprompt/base/wording.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bbprompt {
namespace {

TEST(Wording, CountsNounsAsPeopleDo) {
  EXPECT_EQ(plural(1, "trial"), "1 trial");
  EXPECT_EQ(plural(0, "trial"), "0 trials");
  EXPECT_EQ(plural(2, "query"), "2 queries");
  EXPECT_EQ(plural(1, "query"), "1 query");
  EXPECT_EQ(plural(3, "day"), "3 days");
  EXPECT_EQ(plural(2, "class"), "2 classes");
  EXPECT_EQ(plural(2, "work item"), "2 work items");
}

TEST(Wording, WritesNumbersAsPeopleDo) {
  EXPECT_EQ(short_number(0.2), "0.2");
  EXPECT_EQ(short_number(0.1 + 0.2), "0.3");
  EXPECT_EQ(short_number(5.0), "5");
  EXPECT_EQ(short_number(-1.5), "-1.5");
}

TEST(Wording, SuggestsWhatLooksAlike) {
  const std::vector<std::string> known = {"text_a", "text_b", "label"};
  EXPECT_EQ(suggestion("text", known), " (did you mean \"text_a\"?)");
  EXPECT_EQ(suggestion("lable", known), " (did you mean \"label\"?)");
  EXPECT_EQ(suggestion("sentence", known), "");
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
}

}  // namespace
}  // namespace bbprompt
