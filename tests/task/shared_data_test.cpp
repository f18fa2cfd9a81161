#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bbprompt/task/few_shot_split.hpp"
#include "bbprompt/task/task_data.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

// Counts as the table of the dataset folder's README states them: train, dev, test.
struct LabelCounts {
  std::string name;
  int train, dev, test;
};
struct RealTask {
  std::string id;
  bool is_pair;
  std::vector<LabelCounts> labels;

  friend std::ostream& operator<<(std::ostream& out, const RealTask& task) {
    return out << task.id;
  }
};

const std::vector<RealTask> kTasks = {
    {"mrpc", true, {{"not_equivalent", 1194, 129, 578}, {"equivalent", 2474, 279, 1147}}},
    {"qnli", true, {{"entailment", 4523, 504, 2702}, {"not_entailment", 4476, 496, 2761}}},
    {"cola", false, {{"unacceptable", 2288, 240, 322}, {"acceptable", 5408, 615, 721}}},
    {"rte", true, {{"entailment", 1126, 123, 146}, {"not_entailment", 1115, 126, 131}}},
    {"ci",
     false,
     {{"Background", 867, 59, 71},
      {"CompareOrContrast", 305, 21, 25},
      {"Extends", 63, 4, 5},
      {"Future", 60, 4, 5},
      {"Motivation", 76, 5, 7},
      {"Uses", 317, 21, 26}}},
    {"se",
     false,
     {{"COMPARE", 166, 29, 38},
      {"CONJUNCTION", 400, 59, 123},
      {"EVALUATE-FOR", 313, 50, 91},
      {"FEATURE-OF", 173, 32, 59},
      {"HYPONYM-OF", 298, 44, 67},
      {"PART-OF", 179, 27, 63},
      {"USED-FOR", 1690, 214, 533}}},
    {"rct",
     false,
     {{"BACKGROUND", 887, 113, 220},
      {"CONCLUSIONS", 1303, 197, 378},
      {"METHODS", 2743, 395, 789},
      {"OBJECTIVE", 649, 112, 192},
      {"RESULTS", 2626, 374, 760}}},
    {"hp", false, {{"false", 323, 44, 40}, {"true", 192, 21, 25}}},
    {"sst2", false, {{"negative", 29343, 437, 428}, {"positive", 37006, 563, 444}}},
    {"trec",
     false,
     {{"ABBR", 75, 11, 9},
      {"DESC", 1048, 114, 138},
      {"ENTY", 1136, 114, 94},
      {"HUM", 1101, 122, 65},
      {"LOC", 749, 86, 81},
      {"NUM", 798, 98, 113}}},
    {"agnews",
     false,
     {{"World", 1750, 250, 1900},
      {"Sports", 1750, 250, 1900},
      {"Business", 1750, 250, 1900},
      {"Sci/Tech", 1750, 250, 1900}}},
    {"snli",
     true,
     {{"entailment", 2981, 346, 3368},
      {"neutral", 2994, 328, 3219},
      {"contradiction", 3024, 326, 3237}}},
};

class RealData : public ::testing::TestWithParam<RealTask> {
 protected:
  [[nodiscard]] static std::filesystem::path file(const std::string& name) {
    return testing::shared_folder() / "datasets" / GetParam().id / name;
  }

  [[nodiscard]] static TaskOptions task() {
    TaskOptions task;
    task.name = GetParam().id;
    task.train = file("train.jsonl");
    task.test = file("test.jsonl");
    if (GetParam().is_pair) task.text_b = "text_b";
    for (const LabelCounts& label : GetParam().labels)
      task.labels.push_back({label.name, {"word"}});
    return task;
  }

  static void expect_counts(const std::string& name, int LabelCounts::*count) {
    const Dataset dataset = read_dataset(file(name), task());
    std::vector<int> found(GetParam().labels.size(), 0);
    for (const Example& example : dataset.examples)
      ++found.at(static_cast<std::size_t>(example.label));
    for (std::size_t label = 0; label < found.size(); ++label) {
      EXPECT_EQ(found[label], GetParam().labels[label].*count)
          << name << " " << GetParam().labels[label].name;
    }
  }
};

TEST_P(RealData, HasTheCountsOfItsTable) {
  BBPROMPT_REQUIRE_SHARED("datasets/" + GetParam().id)
  expect_counts("train.jsonl", &LabelCounts::train);
  expect_counts("dev.jsonl", &LabelCounts::dev);
  expect_counts("test.jsonl", &LabelCounts::test);
}

TEST_P(RealData, SplitsIntoStratifiedDisjointFewShotSets) {
  BBPROMPT_REQUIRE_SHARED("datasets/" + GetParam().id)
  const Dataset pool = read_dataset(file("train.jsonl"), task());
  const FewShotOptions options{.train_per_class = 16, .dev_per_class = 16, .max_test = 0};
  std::set<std::vector<std::int64_t>> draws;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const FewShotSplit split = draw_few_shot_split({.train = pool}, task().labels, options, seed);
    draws.insert(split.train);
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const auto* part : {&split.train, &split.dev}) {
      std::vector<int> per_class(GetParam().labels.size(), 0);
      for (const std::int64_t i : *part) {
        const Example& example = pool.examples.at(static_cast<std::size_t>(i));
        ++per_class.at(static_cast<std::size_t>(example.label));
        EXPECT_TRUE(seen.insert(content_of(example)).second) << example.text_a;
      }
      EXPECT_THAT(per_class, ::testing::Each(16));
    }
  }
  EXPECT_EQ(draws.size(), 5U);
}

TEST_P(RealData, LoadsForATrialAndCountsWhatTestHasToo) {
  BBPROMPT_REQUIRE_SHARED("datasets/" + GetParam().id)
  const TaskData data =
      load_task_data(task(), {.train_per_class = 16, .dev_per_class = 16, .max_test = 0}, 1);
  const auto num_in_test = [&](const std::vector<Example>& split) {
    std::int64_t count = 0;
    for (const Example& drawn : split) {
      count += std::any_of(data.test.begin(), data.test.end(), [&](const Example& example) {
        return content_of(example) == content_of(drawn);
      });
    }
    return count;
  };
  EXPECT_EQ(data.num_train_in_test, num_in_test(data.train));
  EXPECT_EQ(data.num_dev_in_test, num_in_test(data.dev));
  const auto num_overlaps =
      std::count_if(data.notes.begin(), data.notes.end(), [](const std::string& note) {
        return note.find("also occur in the test split") != std::string::npos;
      });
  EXPECT_EQ(num_overlaps, (data.num_train_in_test > 0) + (data.num_dev_in_test > 0));
  RecordProperty("in_test", std::to_string(data.num_train_in_test + data.num_dev_in_test));
}

INSTANTIATE_TEST_SUITE_P(Tasks, RealData, ::testing::ValuesIn(kTasks),
                         [](const auto& tested) { return tested.param.id; });

}  // namespace
}  // namespace bbprompt
