#include "bbprompt/run/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

RunProgress example() {
  RunProgress progress;
  progress.name = "sweep \"1\"";
  progress.seconds_left = std::numeric_limits<double>::quiet_NaN();
  progress.trials = {
      {.id = "a", .state = "done", .num_queries = 10, .num_queries_planned = 20, .failure = {}},
      {.id = "b", .state = "failed", .num_queries = 5, .num_queries_planned = 5, .failure = "why"}};
  progress.trials[0].dev_metric = std::numeric_limits<double>::quiet_NaN();
  return progress;
}

TEST(Progress, SumsOverTrials) {
  EXPECT_EQ(example().num_queries(), 15);
  EXPECT_EQ(example().num_queries_planned(), 25);
  EXPECT_EQ(example().count("failed"), 1);
  EXPECT_EQ(example().count("waiting"), 0);
}

TEST(Progress, IsPlainJsonWithNullForWhatIsUnknown) {
  const testing::TemporaryFolder folder;
  write_progress(folder / "status.json", example());
  const auto json = parse_json(testing::read_text(folder / "status.json"));
  EXPECT_EQ(json["name"], "sweep \"1\"");
  EXPECT_TRUE(json["seconds_left"].is_null());
  EXPECT_EQ(json["trials"][1]["failure"], "why");
  const RunProgress again = read_progress(folder / "status.json");
  EXPECT_TRUE(std::isnan(again.trials[0].dev_metric));
  EXPECT_EQ(again.trials[1].num_queries, 5);
}

TEST(Progress, EveryCutOfTheFileIsRefusedWithItsName) {
  const testing::TemporaryFolder folder;
  write_progress(folder / "status.json", example());
  const std::string whole = testing::read_text(folder / "status.json");
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    testing::write_text(folder / "status.json", whole.substr(0, size));
    try {
      (void)read_progress(folder / "status.json");
      FAIL() << size;
    } catch (const StoreError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("status.json"));
    }
  }
}

}  // namespace
}  // namespace bbprompt
