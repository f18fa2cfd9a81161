#include "bbprompt/config/data_path.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_document.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

// Sets or removes BBPROMPT_DATA for the length of a test.
class DataVariable {
 public:
  explicit DataVariable(const char* value) {
    if (const char* before = std::getenv(kName)) before_ = before;
    set(value);
  }
  DataVariable(const DataVariable&) = delete;
  DataVariable& operator=(const DataVariable&) = delete;
  ~DataVariable() { set(before_.empty() ? nullptr : before_.c_str()); }

 private:
  static constexpr const char* kName = "BBPROMPT_DATA";
  static void set(const char* value) {
    if (value == nullptr) {
      ::unsetenv(kName);
    } else {
      ::setenv(kName, value, 1);
    }
  }
  std::string before_;
};

std::string task_text(const std::string& train) {
  return "name: pairs\ntrain: \"" + train +
         "\"\ntest: data:a/test.jsonl\ntemplate: \"{prompt} {text_a} {mask}\"\n"
         "labels: {no: no, yes: yes}\n";
}

std::string refusal(const std::string& train) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "t.yaml", task_text(train));
  try {
    (void)load_task(folder / "t.yaml", "/d");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(RealPath, KnowsTheHomeFolderAndVariables) {
  const char* home = std::getenv("HOME");
  ASSERT_NE(home, nullptr);
  ::setenv("BBPROMPT_TEST_FOLDER_A", "/scratch/me", 1);
  EXPECT_EQ(real_path("/c", "~/models/x"), std::filesystem::path(home) / "models/x");
  EXPECT_EQ(real_path("/c", "$BBPROMPT_TEST_FOLDER_A/x"), "/scratch/me/x");
  EXPECT_EQ(real_path("/c", "${BBPROMPT_TEST_FOLDER_A}2/x"), "/scratch/me2/x");
  EXPECT_EQ(real_path("/c", "a$/b~"), "/c/a$/b~");
  EXPECT_EQ(real_path("/c", "a.csv"), "/c/a.csv");
  ::unsetenv("BBPROMPT_TEST_FOLDER_A");
  EXPECT_THROW((void)real_path("/c", "$BBPROMPT_TEST_FOLDER_A/x"), UsageError);
  EXPECT_TRUE(is_rooted("~/a") && is_rooted("$A/b") && is_rooted("/a"));
  EXPECT_FALSE(is_rooted("a/~") || is_rooted("~user/a"));
}

TEST(FindDataFolder, TakesTheKeyThenTheVariableThenTheFolderData) {
  const auto here = std::filesystem::current_path();
  const DataVariable variable("/from/variable");
  EXPECT_EQ(find_data_folder("given"), here / "given");
  EXPECT_EQ(find_data_folder("/given"), "/given");
  EXPECT_EQ(find_data_folder(""), "/from/variable");
  {
    const DataVariable relative("sets");
    EXPECT_EQ(find_data_folder(""), here / "sets");
  }
  {
    const DataVariable empty("");
    EXPECT_EQ(find_data_folder(""), here / "data");
  }
  const DataVariable unset(nullptr);
  EXPECT_EQ(find_data_folder(""), here / "data");
}

TEST(LoadTask, LooksUpDataPathsBelowTheDataFolderAndOthersBesideTheFile) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "t.yaml", task_text("train.jsonl"));
  EXPECT_TRUE(is_task_file(folder / "t.yaml"));
  const TaskOptions task = load_task(folder / "t.yaml", "/d");
  EXPECT_EQ(task.train, folder / "train.jsonl");
  EXPECT_EQ(task.test, "/d/a/test.jsonl");
}

TEST(LoadTask, RefusesDataPathsThatLeaveTheDataFolder) {
  for (const std::string path : {"data:", "data:/etc/x", "data:../x", "data:a/../../x"}) {
    EXPECT_NE(refusal(path).find("t.yaml:2:8: task.train: expected \"data:\" and a path below the "
                                 "data folder, such as \"data:mrpc/train.jsonl\", found \"" +
                                 path + "\""),
              std::string::npos)
        << path << ": " << refusal(path);
  }
  EXPECT_EQ(refusal("data:a/b..c.jsonl"), "");
}

TEST(DataPath, StaysAsWrittenInAConfiguration) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "tasks");
  testing::write_text(folder / "tasks/t.yaml", task_text("data:a/train.jsonl"));
  testing::write_text(folder / "c.yaml", "name: c\nmodel: {path: m}\ntask: tasks/t.yaml\n");
  EXPECT_FALSE(is_task_file(folder / "c.yaml"));
  const std::string text = resolved_yaml(load_config(folder / "c.yaml"));
  EXPECT_NE(text.find("train: \"data:a/train.jsonl\"\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace bbprompt
