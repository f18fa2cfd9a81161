#include "bbprompt/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

std::string refusal(const std::string& text) {
  try {
    (void)parse_json(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ParseJson, ReadsWhatIsValid) {
  const auto value = parse_json(R"({"a": [1, 2.5, "x\u00e9"], "b": {"a": null}})");
  EXPECT_EQ(value["a"][2], "x\xc3\xa9");
}

TEST(ParseJson, RefusesEachBreachWithItsReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "found nothing"},
      {"  \n", "found nothing"},
      {"{\"a\": 1", "byte"},
      {"{\"a\": NaN}", "not valid JSON"},
      {"{\"a\": 1e999}", "overflow"},
      {"{} {}", "not valid JSON"},
      {R"({"a": 1, "a": 2})", "occurs twice"},
      {"{\"a\": \"\xff\"}", "UTF-8"},
      {std::string(20000, '['), "nested deeper"},
  };
  for (const auto& [text, reason] : cases) {
    EXPECT_THAT(refusal(text), ::testing::HasSubstr(reason)) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace bbprompt
