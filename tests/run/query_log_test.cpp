#include "bbprompt/run/query_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "bbprompt/base/error.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

std::vector<nlohmann::json> lines(const std::filesystem::path& folder) {
  std::vector<nlohmann::json> parsed;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(entry.path().extension(), ".jsonl");
    std::istringstream text(testing::read_text(entry.path()));
    for (std::string line; std::getline(text, line);) parsed.push_back(nlohmann::json::parse(line));
  }
  return parsed;
}

TEST(QueryLog, AppendsALineForEveryItem) {
  const testing::TemporaryFolder folder;
  const WorkItem item{.id = 9,
                      .group = 4,
                      .member = 2,
                      .split = Split::kDev,
                      .begin = 16,
                      .end = 20,
                      .point = {1.0}};
  WorkResult result;
  result.state = WorkResult::State::kScored;
  result.usage = {.num_queries = 4, .num_tokens = 77, .num_calls = 1};
  QueryLog(folder / "log").add("sst2-soft-s1", item, result);
  result = {};
  result.fail("no \"answer\"\n");
  QueryLog(folder / "log")
      .add("sst2-soft-s1", {.kind = WorkItem::Kind::kManual, .point = {}}, result);

  const auto written = lines(folder / "log");
  ASSERT_EQ(written.size(), 2U);
  EXPECT_EQ(written[0]["trial"], "sst2-soft-s1");
  EXPECT_EQ(written[0]["group"], 4);
  EXPECT_EQ(written[0]["candidate"], 2);
  EXPECT_EQ(written[0]["split"], "dev");
  EXPECT_EQ(written[0]["begin"], 16);
  EXPECT_EQ(written[0]["end"], 20);
  EXPECT_EQ(written[0]["queries"], 4);
  EXPECT_EQ(written[0]["calls"], 1);
  EXPECT_EQ(written[0]["tokens"], 77);
  EXPECT_EQ(written[0]["status"], "ok");
  // printf '\0\0\0\0\0\0\xf0\x3f' | sha256sum: the bytes of 1.0
  EXPECT_EQ(written[0]["point"],
            "6c3c396ed6b5c36dcae172271f462051b1266b851e92df3deea8ac65478fd712");
  EXPECT_EQ(written[1]["point"], "manual");
  EXPECT_EQ(written[1]["status"], "failed");
  EXPECT_EQ(written[1]["error"], "no \"answer\"\\n");
}

TEST(QueryLog, SaysWhatItCannotWrite) {
  try {
    const QueryLog log("/proc/bbprompt");
    ADD_FAILURE() << "accepted";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--query-log"));
  }
}

}  // namespace
}  // namespace bbprompt
