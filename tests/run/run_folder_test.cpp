#include "bbprompt/run/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::HasSubstr;

SweepPlan plan(const std::string& hash) {
  SweepPlan plan;
  plan.config_given = "given";
  plan.config_resolved = "a: 1\nb: " + hash + "\n";
  plan.config_hash = hash;
  return plan;
}

template <typename Exception>
std::string refusal(const std::filesystem::path& path, const SweepPlan& wanted) {
  try {
    const RunFolder folder(path, wanted);
  } catch (const Exception& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RunFolder, KeepsTheConfigurationAndIsOpenedAgain) {
  const testing::TemporaryFolder folder;
  {
    const RunFolder run(folder / "run", plan("h1"));
    EXPECT_FALSE(run.is_resumed());
  }
  EXPECT_EQ(testing::read_text(folder / "run/config.yaml"), "given");
  testing::write_text(folder / "run/trials/x.h5.tmp.77", "left by a killed process");
  const RunFolder again(folder / "run", plan("h1"));
  EXPECT_TRUE(again.is_resumed());
  EXPECT_FALSE(std::filesystem::exists(folder / "run/trials/x.h5.tmp.77"));
}

TEST(RunFolder, RefusesAnotherConfigurationNamingTheDifference) {
  const testing::TemporaryFolder folder;
  { const RunFolder run(folder / "run", plan("h1")); }
  const std::string text = refusal<ConfigError>(folder / "run", plan("h2"));
  EXPECT_THAT(text, HasSubstr("h1"));
  EXPECT_THAT(text, HasSubstr(R"("b: h1" there, "b: h2" now)"));
}

TEST(RunFolder, RefusesASecondRunWhileTheFirstLives) {
  const testing::TemporaryFolder folder;
  const RunFolder first(folder / "run", plan("h1"));
  EXPECT_THAT(refusal<StoreError>(folder / "run", plan("h1")),
              HasSubstr("another bbprompt is running"));
}

TEST(RunFolder, RefusesADamagedConfiguration) {
  const testing::TemporaryFolder folder;
  { const RunFolder run(folder / "run", plan("h1")); }
  testing::write_text(folder / "run/resolved.yaml", "# config");
  EXPECT_THAT(refusal<StoreError>(folder / "run", plan("h1")), HasSubstr("damaged"));
}

TEST(RunFolder, SaysWhatItCannotWrite) {
  EXPECT_THAT(refusal<StoreError>("/proc/bbprompt", plan("h1")), HasSubstr("/proc/bbprompt"));
}

}  // namespace
}  // namespace bbprompt
