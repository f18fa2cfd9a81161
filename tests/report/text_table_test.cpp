#include "bbprompt/report/text_table.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

TEST(DisplayWidth, CountsWhatATerminalShows) {
  const struct {
    std::string text;
    std::size_t width;
  } cases[] = {
      {"", 0},     {"abc", 3},  {"1.0 ± 0.1", 9}, {"größer", 6}, {"gro\u0308\u00DFer", 6},
      {"提示", 4}, {"한국", 4}, {"🙂", 2},      {"—", 1},      {"\u200Bx", 1},
  };
  for (const auto& expected : cases) {
    EXPECT_EQ(display_width(expected.text), expected.width) << expected.text;
  }
}

TEST(TextTable, AlignsColumnsByWidthAndNotByBytes) {
  TextTable table;
  table.add_column("näme", Align::kLeft);
  table.add_column("value", Align::kRight);
  table.add_row({"a", "1 ± 2"});
  table.add_row({"größer", "±"});
  table.add_row({"提示", ""});
  EXPECT_EQ(table.to_string(),
            "näme    value\n"
            "------  -----\n"
            "a       1 ± 2\n"
            "größer      ±\n"
            "提示\n");
}

TEST(TextTable, RefusesRowsOfAnotherLength) {
  TextTable table;
  table.add_column("a", Align::kLeft);
  EXPECT_THROW(table.add_row({"1", "2"}), Error);
}

}  // namespace
}  // namespace bbprompt
