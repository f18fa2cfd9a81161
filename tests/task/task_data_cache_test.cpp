#include "bbprompt/task/task_data_cache.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::write_text;

class TaskDataCacheTest : public ::testing::Test {
 protected:
  TaskDataCacheTest() {
    task_.train = folder_ / "train.csv";
    task_.test = folder_ / "test.csv";
    task_.labels = {{.name = "a", .words = {"x"}}, {.name = "b", .words = {"y"}}};
    write_text(task_.train, rows("train", 20));
    write_text(task_.test, rows("test", 6));
  }

  static std::string rows(const std::string& word, int count) {
    std::string text = "text_a,label\n";
    for (int i = 0; i < count; ++i)
      text += word + " " + std::to_string(i) + (i % 2 == 0 ? ",a\n" : ",b\n");
    return text;
  }

  testing::TemporaryFolder folder_;
  TaskOptions task_;
  FewShotOptions few_shot_{.train_per_class = 2, .dev_per_class = 2};
};

TEST_F(TaskDataCacheTest, GivesWhatReadingTheFilesGives) {
  TaskDataCache cache;
  for (const std::uint64_t seed : {1U, 2U, 1U}) {
    const auto cached = cache.get(task_, few_shot_, seed);
    const TaskData read = load_task_data(task_, few_shot_, seed);
    EXPECT_EQ(cached->fingerprint, read.fingerprint);
    ASSERT_EQ(cached->test.size(), read.test.size());
    EXPECT_EQ(cached->test.back().text_a, read.test.back().text_a);
    EXPECT_EQ(corpus_texts(*cached, CandidateText::kTrainFile).size(), 20U);
  }
}

TEST_F(TaskDataCacheTest, RemembersDrawsAndSharesFilesBetweenThem) {
  TaskDataCache cache({.num_files = 8, .num_draws = 2});
  const auto first = cache.get(task_, few_shot_, 1);
  const auto second = cache.get(task_, few_shot_, 2);
  EXPECT_EQ(cache.get(task_, few_shot_, 1), first);
  EXPECT_EQ(first->train_file, second->train_file);
  (void)cache.get(task_, few_shot_, 3);
  EXPECT_NE(cache.get(task_, few_shot_, 2), second) << "the oldest of three was to go";
}

TEST_F(TaskDataCacheTest, ReadsAFileAgainThatChanged) {
  TaskDataCache cache;
  const auto before = cache.get(task_, few_shot_, 1);
  write_text(task_.test, rows("other", 8));
  EXPECT_EQ(cache.get(task_, few_shot_, 1)->test.size(), 8U);
}

TEST_F(TaskDataCacheTest, TellsTasksApartThatReadOneFileDifferently) {
  TaskDataCache cache;
  const auto first = cache.get(task_, few_shot_, 1);
  std::swap(task_.labels[0], task_.labels[1]);
  const auto swapped = cache.get(task_, few_shot_, 1);
  EXPECT_EQ(swapped->test.front().label, 1);
  EXPECT_EQ(first->test.front().label, 0);
}

TEST_F(TaskDataCacheTest, RemembersNoFailure) {
  TaskDataCache cache;
  std::filesystem::remove(task_.test);
  EXPECT_THROW((void)cache.get(task_, few_shot_, 1), DataError);
  write_text(task_.test, rows("test", 6));
  EXPECT_EQ(cache.get(task_, few_shot_, 1)->test.size(), 6U);
}

}  // namespace
}  // namespace bbprompt
