#include "bbprompt/base/utf8.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/safe_text.hpp"

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

TEST(SafeText, KeepsTextAndEscapesWhatTerminalsObey) {
  EXPECT_EQ(safe_text("a\n\t\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"),
            "a\n\t\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80");
  EXPECT_EQ(safe_text("\x1b]0;x\x07\r"), "\\x1b]0;x\\x07\\x0d");
  EXPECT_EQ(safe_text("a\r\nb\rc\n"), "a\r\nb\\x0dc\n");
  EXPECT_EQ(safe_text("\xc2\x9b[2J"), "\\u009b[2J");  // CSI as one character of C1
  EXPECT_EQ(safe_text("\xe2\x80\xae"
                      "evil\xe2\x81\xa6"),
            "\\u202eevil\\u2066");
  EXPECT_EQ(safe_text("\xd8\x9c\xef\xbb\xbf\xe2\x80\xa8"), "\\u061c\\ufeff\\u2028");
  EXPECT_EQ(safe_text("\xe2\x80"), "\\xe2\\x80");
  // Joiners belong to words of many languages, and to pictures.
  EXPECT_EQ(safe_text("\xe2\x80\x8d"), "\xe2\x80\x8d");
}

TEST(Printable, EscapesControlsAndBadBytesAndCuts) {
  EXPECT_EQ(printable("\xc2\x9b\xe2\x80\xae"), "\\u009b\\u202e");
  EXPECT_EQ(printable("a\n\t\r\xff\xc3\xa9"), "a\\n\\t\\x0d\\xff\xc3\xa9");
  EXPECT_LE(printable(std::string(1000, 'x'), 20).size(), 23U);
}

}  // namespace
}  // namespace bbprompt
