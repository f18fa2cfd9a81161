#include "bbprompt/base/utf8.hpp"

#include <gtest/gtest.h>

namespace bbprompt {
namespace {

TEST(FindInvalidUtf8, AcceptsWellFormedText) {
  for (const auto* text :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf"}) {
    EXPECT_FALSE(find_invalid_utf8(text)) << text;
  }
}

TEST(FindInvalidUtf8, PointsAtTheFirstBadByte) {
  for (const auto* bad : {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf0\x8f\xbf\xbf", "\x80", "\xe2\x82"}) {
    EXPECT_EQ(find_invalid_utf8(std::string("ab") + bad), 2U);
  }
}

TEST(Printable, EscapesControlsAndBadBytesAndCuts) {
  EXPECT_EQ(printable("a\n\t\r\xff\xc3\xa9"), "a\\n\\t\\x0d\\xff\xc3\xa9");
  EXPECT_LE(printable(std::string(1000, 'x'), 20).size(), 23U);
}

}  // namespace
}  // namespace bbprompt
