#include "bbprompt/task/task_data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;
using testing::write_text;

std::vector<Example> labelled(const std::vector<int>& labels) {
  std::vector<Example> examples;
  examples.reserve(labels.size());
  for (const int label : labels) {
    examples.push_back({.text_a = "x", .text_b = "", .label = label, .row = 0});
  }
  return examples;
}

TEST(ThinOut, KeepsAllRowsWhereNoFewerAreAsked) {
  EXPECT_THAT(thin_out(labelled({0, 1, 0}), 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(thin_out(labelled({0, 1, 0}), 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(thin_out(labelled({0, 1, 0}), 9), ElementsAre(0, 1, 2));
  EXPECT_THROW((void)thin_out(labelled({0}), -1), Error);
}

TEST(ThinOut, KeepsTheSharesOfTheClassesWhateverTheirOrder) {
  std::vector<int> sorted(40, 0);
  sorted.insert(sorted.end(), 20, 1);
  std::vector<int> alternating(60);
  for (std::size_t i = 0; i < 60; ++i) alternating[i] = i % 3 == 1 ? 1 : 0;
  for (const auto& labels : {sorted, alternating}) {
    const auto kept = thin_out(labelled(labels), 12);
    EXPECT_EQ(kept.size(), 12U);
    EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
    EXPECT_EQ(
        std::count_if(kept.begin(), kept.end(),
                      [&](std::int64_t i) { return labels[static_cast<std::size_t>(i)] == 1; }),
        4);
  }
}

TEST(ThinOut, SpreadsOverTheFile) {
  EXPECT_THAT(thin_out(labelled(std::vector<int>(9, 0)), 3), ElementsAre(1, 4, 7));
  EXPECT_THAT(thin_out(labelled(std::vector<int>(10, 0)), 1), ElementsAre(5));
}

class LoadTaskData : public ::testing::Test {
 protected:
  LoadTaskData() {
    task_.train = folder_ / "train.csv";
    task_.test = folder_ / "test.csv";
    task_.labels = {{"0", {"bad"}}, {"1", {"good"}}};
    write_text(task_.train, pool("train", 6));
    write_text(task_.test, pool("test", 5));
  }

  static std::string pool(const std::string& prefix, int per_class) {
    std::string text = "text_a,label\n";
    for (int i = 0; i < 2 * per_class; ++i) {
      text += prefix + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
    }
    return text;
  }

  [[nodiscard]] TaskData load(std::int64_t max_test = 0, std::uint64_t seed = 3) const {
    return load_task_data(task_, {.train_per_class = 2, .dev_per_class = 3, .max_test = max_test},
                          seed);
  }

  TemporaryFolder folder_;
  TaskOptions task_;
};

TEST_F(LoadTaskData, GivesThreeSplits) {
  const TaskData data = load();
  EXPECT_EQ(data.train.size(), 4U);
  EXPECT_EQ(data.dev.size(), 6U);
  EXPECT_EQ(data.test.size(), 10U);
  EXPECT_EQ(data.test[9].text_a, "test9");
  EXPECT_EQ(data.test[9].row, 10);
  EXPECT_THAT(data.notes, IsEmpty());
  for (const Example& example : data.dev) EXPECT_THAT(example.text_a, HasSubstr("train"));
}

TEST_F(LoadTaskData, GivesTheTextsThatCandidatesAreCountedIn) {
  const TaskData data = load();
  const auto few = corpus_texts(data, CandidateText::kFewShot);
  ASSERT_EQ(few.size(), 4U);
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i], data.train[i].text_a);
  const auto all = corpus_texts(data, CandidateText::kTrainFile);
  ASSERT_EQ(all.size(), 12U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], "train" + std::to_string(i));

  task_.text_b = "text_b";
  write_text(task_.train, "text_a,text_b,label\na,b,0\nc,d,1\ne,f,0\ng,h,1\n");
  write_text(task_.test, "text_a,text_b,label\na,b,0\n");
  const TaskData pairs = load_task_data(task_, {.train_per_class = 1, .dev_per_class = 1}, 3);
  EXPECT_THAT(corpus_texts(pairs, CandidateText::kTrainFile),
              ElementsAre("a", "b", "c", "d", "e", "f", "g", "h"));
}

TEST_F(LoadTaskData, TakesDevFromItsOwnFile) {
  task_.dev = folder_ / "dev.csv";
  write_text(task_.dev, pool("dev", 3));
  for (const Example& example : load().dev) EXPECT_THAT(example.text_a, HasSubstr("dev"));
}

TEST_F(LoadTaskData, ThinsOutTheTestSplit) { EXPECT_EQ(load(4).test.size(), 4U); }

TEST_F(LoadTaskData, CountsDrawnTextsThatTheTestSplitHas) {
  write_text(task_.test, pool("train", 6) + "train0,0\n");
  const TaskData data = load();
  EXPECT_EQ(data.num_train_in_test, 4);
  EXPECT_EQ(data.num_dev_in_test, 6);
  EXPECT_THAT(data.notes,
              ElementsAre(HasSubstr("4 of the 4 drawn train"), HasSubstr("6 of the 6 drawn dev")));
}

TEST_F(LoadTaskData, TheFingerprintFollowsFilesSeedAndRows) {
  const std::string fingerprint = load().fingerprint;
  EXPECT_EQ(fingerprint.size(), 64U);
  EXPECT_EQ(load().fingerprint, fingerprint);
  EXPECT_NE(load(0, 4).fingerprint, fingerprint);
  EXPECT_NE(load(4).fingerprint, fingerprint);
  write_text(task_.test, pool("Test", 5));
  EXPECT_NE(load().fingerprint, fingerprint);
}

TEST_F(LoadTaskData, RefusesAFileWithoutRows) {
  write_text(task_.test, "text_a,label\n");
  EXPECT_THROW((void)load(), DataError);
}

}  // namespace
}  // namespace bbprompt
