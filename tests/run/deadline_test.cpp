#include "bbprompt/run/deadline.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

TEST(ParseDuration, ReadsTheFormsPeopleAndSlurmWrite) {
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"0", 0},         {"90", 90},         {"90s", 90},           {"15m", 900},
      {"2h", 7200},     {"1d", 86400},      {"1:30", 90},          {"1:30:00", 5400},
      {"100:00", 6000}, {"1-00:00", 86400}, {"1-12:00:00", 129600}};
  for (const auto& [text, seconds] : cases) EXPECT_EQ(parse_duration(text), seconds) << text;
}

TEST(ParseDuration, RefusesWhatCouldMeanSomethingElse) {
  for (const std::string text :
       {"", "s", "-5", "1.5h", "1:60", "1:2:3:4", ":30", "1:", "1-5", "2 h", "1h30m", "99999d",
        "9999999999999999999", "1-1-1:00", "x"}) {
    EXPECT_THROW((void)parse_duration(text), UsageError) << text;
  }
}

TEST(StopTime, IsTheMarginBeforeTheEarlierEnd) {
  EXPECT_FALSE(stop_time({.now = 1000, .margin = 60}).has_value());
  EXPECT_EQ(stop_time({.now = 1000, .time_left = 600, .margin = 60}), 1540);
  EXPECT_EQ(stop_time({.now = 1000, .slurm_job_end = "1500", .margin = 60}), 1440);
  EXPECT_EQ(stop_time({.now = 1000, .time_left = 600, .slurm_job_end = "1500", .margin = 60}),
            1440);
  EXPECT_LT(*stop_time({.now = 1000, .time_left = 10, .margin = 60}), 1000);
  EXPECT_THROW((void)stop_time({.now = 0, .slurm_job_end = "tomorrow"}), UsageError);
}

}  // namespace
}  // namespace bbprompt
