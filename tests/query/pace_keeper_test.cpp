#include "query/pace_keeper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace bbprompt {
namespace {

// The most that came in within any window.
double busiest(const std::vector<std::pair<double, double>>& arrivals, double window) {
  double most = 0.0;
  for (const auto& [start, first] : arrivals) {
    double sum = 0.0;
    for (const auto& [time, amount] : arrivals) {
      if (time >= start && time < start + window) sum += amount;
    }
    most = std::max(most, sum);
  }
  return most;
}

struct Drive {
  double latency = 0.1;
  std::int64_t num_tokens = 1;
  int num_requests = 100;
};

// Starts as early as allowed; requests come in between their start and their answer.
std::vector<std::pair<double, double>> drive(PaceKeeper& keeper, double& now, const Drive& drive) {
  std::vector<std::pair<double, double>> arrivals;
  for (int i = 0; i < drive.num_requests; ++i) {
    const std::int64_t tokens = 1 + (i * 7) % drive.num_tokens;
    now = keeper.start_time(now, tokens);
    keeper.started(static_cast<std::uint64_t>(i), tokens, now);
    // The first of a pair comes in late, the second at once.
    const double travel = i % 2 == 0 ? drive.latency : 0.0;
    arrivals.emplace_back(now + travel, drive.num_tokens > 1 ? static_cast<double>(tokens) : 1.0);
    keeper.answered(static_cast<std::uint64_t>(i), now + drive.latency);
  }
  return arrivals;
}

TEST(PaceKeeper, HasNoLimitUnlessTold) {
  PaceKeeper keeper({}, 5.0);
  keeper.started(1, 1000, 5.0);
  EXPECT_EQ(keeper.start_time(5.0, 1000), 5.0);
}

TEST(PaceKeeper, KeepsRequestsInAnyWindow) {
  for (const double latency : {0.0, 0.05, 0.3, 0.9}) {
    double now = 0.0;
    PaceKeeper keeper({.requests = 12.5, .window_seconds = 2.0}, now);
    const auto arrivals = drive(keeper, now, {.latency = latency});
    EXPECT_LE(busiest(arrivals, 2.0), 12.0) << latency;
    // And wastes little of what is allowed.
    EXPECT_LE(now, 100.0 * (2.0 + latency) / 12.0 + 2.0) << latency;
  }
}

TEST(PaceKeeper, KeepsTokensInAnyWindow) {
  double now = 0.0;
  PaceKeeper keeper({.tokens = 100.0, .window_seconds = 2.0}, now);
  EXPECT_LE(busiest(drive(keeper, now, {.num_tokens = 40}), 2.0), 100.0);
}

TEST(PaceKeeper, SpacesStartsEvenly) {
  double now = 0.0;
  PaceKeeper keeper({.requests = 10.0, .window_seconds = 60.0}, now);
  const auto arrivals = drive(keeper, now, {.latency = 0.0, .num_requests = 20});
  EXPECT_EQ(arrivals.front().first, 6.0);
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    EXPECT_GE(arrivals[i].first - arrivals[i - 1].first, 6.0 - 1e-9);
  }
}

TEST(PaceKeeper, KeepsTheLimitOverARestart) {
  double now = 0.0;
  PaceKeeper before({.requests = 10.0, .window_seconds = 2.0}, now);
  auto arrivals = drive(before, now, {.latency = 0.0, .num_requests = 25});
  PaceKeeper after({.requests = 10.0, .window_seconds = 2.0}, now);
  const auto more = drive(after, now, {.latency = 0.0, .num_requests = 25});
  arrivals.insert(arrivals.end(), more.begin(), more.end());
  // Spacing alone: a start on the border may count in two windows for the last bit of a sum.
  EXPECT_LE(busiest(arrivals, 2.0 - 1e-9), 10.0);
}

TEST(PaceKeeper, TakesLessThanOneInAWindow) {
  double now = 0.0;
  PaceKeeper keeper({.requests = 0.5, .window_seconds = 2.0}, now);
  const auto arrivals = drive(keeper, now, {.latency = 0.0, .num_requests = 5});
  EXPECT_EQ(arrivals[0].first, 4.0);
  EXPECT_EQ(arrivals[4].first, 20.0);
}

TEST(PaceKeeper, SendsACallOverTheLimitAlone) {
  PaceKeeper keeper({.tokens = 10.0, .window_seconds = 2.0}, 0.0);
  const double start = keeper.start_time(0.0, 25);
  EXPECT_EQ(start, 5.0);
  keeper.started(1, 25, start);
  EXPECT_GE(keeper.start_time(start, 1), start + 2.0);
}

}  // namespace
}  // namespace bbprompt
