#include "query/error_body.hpp"

#include <gmock/gmock.h>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

using ::testing::EndsWith;

TEST(ErrorBody, IsReadInAllShapes) {
  const ServerError openai = read_error_text(
      R"({"error": {"message": "m", "type": "t", "param": null, "code": "c"}})", "");
  EXPECT_EQ(openai.message, "m");
  EXPECT_EQ(openai.type, "t");
  EXPECT_EQ(openai.code, "c");
  EXPECT_EQ(openai.status, 0);
  EXPECT_EQ(read_error_text(R"({"error": {"message": "m", "code": 404}})", "").status, 404);
  EXPECT_EQ(read_error_text(R"({"error": "m"})", "").message, "m");
  const ServerError tgi = read_error_text(R"({"error": "m", "error_type": "t"})", "");
  EXPECT_EQ(tgi.message, "m");
  EXPECT_EQ(tgi.type, "t");
  const ServerError old =
      read_error_text(R"({"object": "error", "message": "m", "code": 400})", "");
  EXPECT_EQ(old.message, "m");
  EXPECT_EQ(old.status, 400);
  EXPECT_EQ(read_error_text(R"({"detail": "m"})", "").message, "m");
  const ServerError wrapped =
      read_error_text(R"({"detail": "{\"error\": {\"message\": \"m\", \"code\": 429}}"})", "");
  EXPECT_EQ(wrapped.message, "m");
  EXPECT_EQ(wrapped.status, 429);
  EXPECT_EQ(read_error_text("<html><body>\n<h1>502 Bad</h1></body></html>", "").message, "502 Bad");
  EXPECT_EQ(read_error_text("", "").message, "");
  EXPECT_EQ(read_error_text("[1, \"\\u0001\"]", "").message, R"([1,"\u0001"])");
}

TEST(ErrorBody, GivesPlainText) {
  EXPECT_EQ(plain_text(" a\n\tb\x01 c ", ""), "a b c");
  EXPECT_EQ(plain_text("a<style>x { y }</style><br/>b<SCRIPT>1</SCRIPT>c", ""), "a b c");
  EXPECT_EQ(plain_text("1 < 2 and 3 <= 4", ""), "1 < 2 and 3 <= 4");
  EXPECT_EQ(plain_text("cut <a href=", ""), "cut");
  EXPECT_EQ(plain_text("bad \xff byte", ""), "bad ? byte");
  EXPECT_EQ(plain_text("key k1 and k1", "k1"), "key *** and ***");
  const std::string longest(200, 'a');
  EXPECT_EQ(plain_text(longest, ""), longest);
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "\xc3\xa4";
  const std::string shortened = plain_text(umlauts, "");
  EXPECT_EQ(shortened.size(), 197U * 2 + 3);
  EXPECT_THAT(shortened, EndsWith("..."));
  EXPECT_EQ(find_invalid_utf8(shortened), std::nullopt);
}

TEST(ErrorBody, IsAnErrorOrNot) {
  for (const auto* text : {R"({"error": "m"})", R"({"error": {}})", R"({"object": "error"})"}) {
    EXPECT_TRUE(is_error_object(nlohmann::json::parse(text))) << text;
  }
  for (const auto* text :
       {R"({"error": null})", R"({"error": ""})", "[]", "{}", R"({"object": "text_completion"})"}) {
    EXPECT_FALSE(is_error_object(nlohmann::json::parse(text))) << text;
  }
}

TEST(ErrorBody, StandsForAStatus) {
  EXPECT_EQ(status_of({.status = 418}), 418);
  EXPECT_EQ(status_of({.code = "503"}), 503);
  EXPECT_EQ(status_of({.type = "overloaded_error"}), 503);
  EXPECT_EQ(status_of({.type = "BadRequestError"}), 400);
  EXPECT_EQ(status_of({.code = "invalid_api_key"}), 401);
  EXPECT_EQ(status_of({.type = "server_error"}), 0);
}

}  // namespace
}  // namespace bbprompt
