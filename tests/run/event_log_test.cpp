#include "run/event_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "bbprompt/base/json.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using nlohmann::ordered_json;

std::vector<nlohmann::json> lines_of(const std::filesystem::path& file) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(testing::read_text(file));
  for (std::string line; std::getline(in, line);) lines.push_back(parse_json(line));
  return lines;
}

TEST(EventLog, WritesAnObjectPerLineWithTimeAndName) {
  const testing::TemporaryFolder folder;
  EventLog log(folder / "events.jsonl");
  log.write("worker_hung", ordered_json::object({{"worker", 3}}));
  log.write("trial_failed", {{"trial", "a"}, {"reason", "two\nlines, \"quotes\" and \xff"}});
  const auto lines = lines_of(folder / "events.jsonl");  // while it is open
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["event"], "worker_hung");
  EXPECT_EQ(lines[0]["worker"], 3);
  EXPECT_THAT(lines[0]["time"].get<std::string>(),
              ::testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
  EXPECT_EQ(lines[1]["reason"], "two\nlines, \"quotes\" and \xEF\xBF\xBD");
}

TEST(EventLog, GoesOnBehindWhatIsThereAndEndsACutLine) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "events.jsonl", "{\"event\":\"run_started\"}\n{\"event\":\"gen");
  EventLog(folder / "events.jsonl").write("run_resumed", ordered_json::object());
  EXPECT_THAT(testing::read_text(folder / "events.jsonl"),
              ::testing::MatchesRegex("\\{\"event\":\"run_started\"\\}\n\\{\"event\":\"gen\n"
                                      "\\{\"time\":\"[^\"]*\",\"event\":\"run_resumed\"\\}\n"));
}

TEST(EventLog, WhereItCannotBeWrittenNothingHappens) {
  EventLog log("/nonexistent/folder/events.jsonl");
  EXPECT_NO_THROW(log.write("run_started", ordered_json::object()));
}

}  // namespace
}  // namespace bbprompt
