#include "config/config_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

std::string table_row(const ConfigKey& key) {
  return "| `" + key.key + "` | " + key.expected + " | " +
         (key.is_required ? "required" : "`" + key.default_text + "`") + " | " + key.meaning + " |";
}

TEST(ConfigKeys, EveryKeySaysWhatItIs) {
  std::set<std::string> seen;
  for (const auto& key : config_keys()) {
    EXPECT_TRUE(seen.insert(key.key).second) << key.key;
    EXPECT_FALSE(key.expected.empty()) << key.key;
    EXPECT_FALSE(key.meaning.empty()) << key.key;
    EXPECT_EQ(key.default_text.empty(), key.is_required) << key.key;
  }
}

TEST(ConfigKeys, TheReadmeListsEveryKeyWithItsValuesAndDefault) {
  std::vector<std::string> expected;
  for (const auto& key : config_keys()) expected.push_back(table_row(key));
  std::vector<std::string> rows;
  std::istringstream text(testing::read_text(testing::source_folder() / "configs/README.md"));
  for (std::string line; std::getline(text, line);) {
    if (line.rfind("| `", 0) == 0) rows.push_back(line);
  }
  EXPECT_THAT(rows, ::testing::ElementsAreArray(expected));
}

// Each block of the page opens with the name of its file.
TEST(ConfigKeys, TheExamplesOfTheReadmeLoad) {
  const testing::TemporaryFolder folder;
  std::istringstream text(testing::read_text(testing::source_folder() / "configs/README.md"));
  std::vector<std::string> configurations;
  std::string name;
  for (std::string line; std::getline(text, line);) {
    if (line.rfind("# file: ", 0) == 0) name = line.substr(8);
    if (line == "```") name.clear();
    if (name.empty()) continue;
    std::ofstream(folder / name, std::ios::app) << line << '\n';
    if (line.rfind("model:", 0) == 0) configurations.push_back(name);
  }
  EXPECT_THAT(configurations,
              ::testing::ElementsAre("first.yaml", "methods.yaml", "kinds.yaml", "profiles.yaml"));
  for (const auto& file : configurations) {
    const ConfigDocument document = load_config(folder / file);
    EXPECT_NO_THROW((void)parse_sweep(document)) << file;
    EXPECT_NO_THROW((void)resolved_yaml(document)) << file;
  }
}

}  // namespace
}  // namespace bbprompt
