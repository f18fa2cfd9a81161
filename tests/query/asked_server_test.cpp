#include "query/asked_server.hpp"

#include <gmock/gmock.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AskedServer, FindsTheBaseOfAUrl) {
  EXPECT_EQ(server_base("http://host:8000"), "http://host:8000");
  EXPECT_EQ(server_base("http://host:8000/"), "http://host:8000");
  EXPECT_EQ(server_base("https://host/v1"), "https://host");
  EXPECT_EQ(server_base("https://host/a/v1//"), "https://host/a");
  EXPECT_EQ(server_base("http://[::1]:80/v10"), "http://[::1]:80/v10");
}

TEST(AskedServer, RefusesOtherUrls) {
  for (const auto* url : {"", "host:8000", "ftp://host", "http://", "http:///v1", "http://:80",
                          "http://a b", "http://host/?x=1", "http://host/#x", "file:///etc"}) {
    EXPECT_THROW(static_cast<void>(server_base(url)), Error) << url;
  }
  try {
    static_cast<void>(server_base("http://user:hidden@host"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("model.key_variable"));
    EXPECT_THAT(error.what(), Not(HasSubstr("hidden")));
  }
}

TEST(AskedServer, IsAvailableWhenNothingHoldsIt) {
  AskedServer server("http://host", {.num_failures = 1});
  EXPECT_TRUE(server.may_send(0.0));
  server.hold_until(3.0);
  server.hold_until(2.0);
  EXPECT_FALSE(server.may_send(2.5));
  EXPECT_EQ(server.available_at(), 3.0);
  server.breaker().failed(3.0);
  EXPECT_EQ(server.available_at(), 3.5);
  EXPECT_TRUE(server.may_send(3.5));
}

}  // namespace
}  // namespace bbprompt
