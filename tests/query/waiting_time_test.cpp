#include "query/waiting_time.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bbprompt {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

TEST(WaitingTime, ReadsDurations) {
  EXPECT_EQ(parse_pause("1s"), 1.0);
  EXPECT_EQ(parse_pause("6m0s"), 360.0);
  EXPECT_EQ(parse_pause("17ms"), 0.017);
  EXPECT_EQ(parse_pause("1h2m3.5s"), 3723.5);
  EXPECT_EQ(parse_pause("20"), 20.0);
  EXPECT_EQ(parse_pause("0.5"), 0.5);
  for (const auto* text :
       {"", "-1", "s", "1x", "1m x", "soon", "nan", "inf", "1730000000", "1e400"}) {
    EXPECT_EQ(parse_pause(text), std::nullopt) << text;
  }
}

std::optional<double> wait(const Headers& headers) {
  return asked_wait({.headers = headers}, 784111770.0);  // 7 s before 08:49:37
}

TEST(WaitingTime, ComesFromTheFinestHeader) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(wait({}), std::nullopt);
  EXPECT_EQ(wait({{"retry-after", "2"}}), 2.0);
  EXPECT_EQ(wait({{"retry-after", "60"}, {"retry-after-ms", "300"}}), 0.3);
  EXPECT_EQ(wait({{"retry-after", "60"}, {"x-ms-retry-after-ms", "300"}}), 0.3);
  EXPECT_EQ(wait({{"retry-after", "60"}, {"retry-after-ms", "soon"}}), 60.0);
  EXPECT_EQ(wait({{"retry-after", date}}), 7.0);
  EXPECT_EQ(wait({{"retry-after", date}, {"date", "Sun, 06 Nov 1994 08:49:35 GMT"}}), 2.0);
  EXPECT_EQ(wait({{"retry-after", date}, {"date", "Sun, 06 Nov 1994 09:49:35 GMT"}}), 0.0);
  EXPECT_EQ(wait({{"retry-after", "Sunday, 06-Nov-94 08:49:37 GMT"}}), 7.0);
  EXPECT_EQ(wait({{"retry-after", "when you like"}}), std::nullopt);
  EXPECT_EQ(wait({{"retry-after", "-5"}}), std::nullopt);
}

double until_reset(const std::string& remaining, const std::string& reset,
                   const std::string& limit = "60") {
  return limit_wait({.headers = {{"x-ratelimit-limit-requests", limit},
                                 {"x-ratelimit-remaining-requests", remaining},
                                 {"x-ratelimit-reset-requests", reset}}});
}

TEST(WaitingTime, FollowsALimitThatIsUsedUp) {
  EXPECT_EQ(until_reset("0", "1s"), 1.0);
  EXPECT_EQ(until_reset("1", "1s"), 0.0);
  EXPECT_EQ(until_reset("-1", "1s"), 0.0);
  EXPECT_EQ(until_reset("0", "1s", "0"), 0.0);
  EXPECT_EQ(until_reset("0", "1s", "-1"), 0.0);
  EXPECT_EQ(until_reset("0", "0"), 0.0);
  EXPECT_EQ(until_reset("0", "-1"), 0.0);
  EXPECT_EQ(limit_wait({.headers = {{"x-ratelimit-remaining-tokens", "0"},
                                    {"x-ratelimit-reset-tokens", "6m0s"}}}),
            360.0);
}

TEST(BackOff, GrowsWithJitterOfItsRank) {
  BackOff back_off(3);
  const double full[] = {0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0};
  for (int i = 0; i < 7; ++i) {
    const double pause = back_off.pause(i + 1);
    EXPECT_LT(pause, full[i]);
    EXPECT_GT(pause, 0.75 * full[i]);
  }
  std::set<double> pauses;
  for (int rank = 0; rank < 8; ++rank) pauses.insert(BackOff(rank).pause(1));
  EXPECT_EQ(pauses.size(), 8U);
  EXPECT_EQ(BackOff(5).pause(2), BackOff(5).pause(2));
}

}  // namespace
}  // namespace bbprompt
