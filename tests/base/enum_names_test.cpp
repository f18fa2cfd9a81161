#include "bbprompt/base/enum_names.hpp"

#include <gtest/gtest.h>

#include <array>

namespace bbprompt {
namespace {

enum class Colour { kRed, kGreen };

std::span<const EnumName<Colour>> enum_names(Colour) {
  static constexpr std::array kNames{EnumName{Colour::kRed, "red"},
                                     EnumName{Colour::kGreen, "green"}};
  return kNames;
}

TEST(EnumNames, GoBothWays) {
  EXPECT_EQ(to_string(Colour::kGreen), "green");
  EXPECT_EQ(from_string<Colour>("red"), Colour::kRed);
  EXPECT_EQ(from_string<Colour>("blue"), std::nullopt);
  EXPECT_EQ(listed_names<Colour>(), "\"red\", \"green\"");
}

}  // namespace
}  // namespace bbprompt
