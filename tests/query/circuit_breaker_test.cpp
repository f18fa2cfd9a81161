#include "query/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace bbprompt {
namespace {

TEST(CircuitBreaker, OpensAfterFailuresInARow) {
  CircuitBreaker breaker;
  for (int i = 0; i < 4; ++i) breaker.failed(i);
  EXPECT_TRUE(breaker.may_send(4.0));
  breaker.succeeded();
  for (int i = 0; i < 4; ++i) breaker.failed(i);
  EXPECT_FALSE(breaker.is_open());
  breaker.failed(5.0);
  EXPECT_TRUE(breaker.is_open());
  EXPECT_EQ(breaker.away_since(), 0.0);
  EXPECT_FALSE(breaker.may_send(5.0));
}

TEST(CircuitBreaker, LetsOneTestCallThroughInGrowingPauses) {
  CircuitBreaker breaker({.num_failures = 1});
  breaker.failed(0.0);
  double now = 0.0;
  for (const double pause : {0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0}) {
    EXPECT_FALSE(breaker.may_send(now + pause - 0.01));
    now += pause;
    EXPECT_EQ(breaker.next_test(), now);
    ASSERT_TRUE(breaker.may_send(now));
    breaker.sent();
    EXPECT_FALSE(breaker.may_send(now));
    breaker.failed(now);
  }
  EXPECT_EQ(breaker.away_since(), 0.0);
  breaker.sent();
  breaker.succeeded();
  EXPECT_TRUE(breaker.may_send(now));
}

TEST(CircuitBreaker, TakesNoPauseForCallsThatWereUnderWay) {
  CircuitBreaker breaker({.num_failures = 2});
  for (int i = 0; i < 16; ++i) breaker.failed(1.0);
  EXPECT_EQ(breaker.next_test(), 1.5);
}

TEST(CircuitBreaker, CountsADoubtfulCallOnce) {
  CircuitBreaker breaker({.num_failures = 2});
  breaker.failed(0.0, 7);
  breaker.failed(1.0, 7);
  EXPECT_FALSE(breaker.is_open());
  breaker.failed(2.0, 8);
  EXPECT_TRUE(breaker.is_open());
  breaker.forgive(8);
  EXPECT_FALSE(breaker.is_open());
}

TEST(CircuitBreaker, TestsAgainWhenATestTellsNothing) {
  CircuitBreaker breaker({.num_failures = 1});
  breaker.failed(0.0);
  breaker.sent();
  EXPECT_FALSE(breaker.may_send(1.0));
  breaker.no_news();
  EXPECT_TRUE(breaker.may_send(1.0));
}

TEST(CircuitBreaker, CountsTheTimeAwayAnewAfterALongRest) {
  CircuitBreaker breaker({.num_failures = 1});
  breaker.failed(0.0);
  breaker.failed(1000.0);
  EXPECT_EQ(breaker.away_since(), 1000.0);
}

}  // namespace
}  // namespace bbprompt
