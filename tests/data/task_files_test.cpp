#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "bbprompt/data/known_task.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"
#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/few_shot_split.hpp"
#include "bbprompt/task/prompt_template.hpp"
#include "bbprompt/task/task_data.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

namespace fs = std::filesystem;

fs::path configs() { return testing::source_folder() / "configs"; }

fs::path task_file(const std::string& name) { return configs() / "tasks" / (name + ".yaml"); }

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const KnownTask& task : known_tasks()) names.push_back(task.name);
  return names;
}

SweepPlan plan_of_task(const fs::path& file, const std::string& settings) {
  return expand(parse_config("name: t\nmodel: {path: m}\ntask: " + file.string() + "\n" + settings,
                             "", "t.yaml"));
}

TEST(Configs, EveryFileLoadsAndExpands) {
  int num_files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(configs())) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path());
    ++num_files;
    if (is_task_file(entry.path())) {
      EXPECT_EQ(plan_of_task(entry.path(), "").trials.size(), 1U);
    } else {
      const ConfigDocument document = load_config(entry.path());
      const bool has_source = !parse_sweep(document).prompts_from.run.empty();
      EXPECT_FALSE(expand(has_source
                              ? with_prompt_variants(document, {{.name = "from-x", .text = "x"}})
                              : document)
                       .trials.empty());
    }
  }
  EXPECT_GE(num_files, 18);
}

TEST(TaskFiles, AreThoseOfTheDataSetsThatCanBeImported) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(configs() / "tasks")) {
    if (entry.path().extension() == ".yaml") names.insert(entry.path().stem().string());
  }
  const auto known = known_names();
  EXPECT_EQ(names, std::set<std::string>(known.begin(), known.end()));
  EXPECT_EQ(known.size(), 15U);
}

TEST(TaskFiles, GiveTrialsTheSameIdWhereverTheDataAre) {
  for (const auto& name : known_names()) {
    const SweepPlan here = plan_of_task(task_file(name), "data_folder: here\n");
    const SweepPlan there = plan_of_task(task_file(name), "data_folder: /there\n");
    EXPECT_EQ(here.trials.at(0).id, there.trials.at(0).id);
    EXPECT_EQ(there.trials.at(0).spec.task.train, "/there/" + name + "/train.jsonl");
  }
}

TEST(TaskFiles, SayWhatToDoWhereTheDataAreMissing) {
  const testing::TemporaryFolder folder;
  const TaskOptions task = load_task(task_file("rte"), folder.path());
  try {
    (void)load_task_data(task, {}, 1);
    FAIL() << "not refused";
  } catch (const DataError& error) {
    EXPECT_EQ(error.file(), folder / "rte/train.jsonl");
    EXPECT_THAT(error.what(), ::testing::HasSubstr("set data_folder or BBPROMPT_DATA"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("`bbprompt data import`"));
  }
}

class TaskFile : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static TaskOptions task() {
    return load_task(task_file(GetParam()), testing::shared_folder() / "datasets");
  }
};

TEST_P(TaskFile, HasTheLabelsOfItsDataSetEachWithOneWord) {
  std::vector<std::string> labels;
  std::set<std::string> words;
  for (const LabelOptions& label : task().labels) {
    labels.push_back(label.name);
    EXPECT_EQ(label.words.size(), 1U);
    words.insert(label.words.at(0));
  }
  const KnownTask& known = find_known_task(GetParam());
  EXPECT_THAT(labels, ::testing::UnorderedElementsAreArray(known.labels));
  EXPECT_EQ(words.size(), labels.size());
  EXPECT_EQ(!task().text_b.empty(), known.is_pair);
  EXPECT_EQ(task().max_field_tokens, known.is_pair ? 200 : 400);
  EXPECT_NO_THROW(PromptTemplate{task()});
}

TEST_P(TaskFile, DrawsSixteenOfAClassForTrainAndDevFromRealData) {
  BBPROMPT_REQUIRE_SHARED("datasets/" + GetParam())
  const TaskOptions options = task();
  const TaskData data = load_task_data(options, {.train_per_class = 16, .dev_per_class = 16}, 1);
  for (const auto* split : {&data.train, &data.dev}) {
    std::vector<int> counts(options.labels.size(), 0);
    for (const Example& example : *split) ++counts.at(static_cast<std::size_t>(example.label));
    EXPECT_THAT(counts, ::testing::Each(16));
  }
  EXPECT_GE(data.test.size(), 65U);
}

INSTANTIATE_TEST_SUITE_P(Tasks, TaskFile, ::testing::ValuesIn(known_names()),
                         [](const auto& tested) { return tested.param; });

// F1 of GLUE's MRPC is that of equivalent pairs.
TEST(TaskFiles, ScoreMrpcByItsEquivalentPairs) {
  const TaskOptions task = load_task(task_file("mrpc"), "d");
  EXPECT_EQ(task.metric, MetricKind::kBinaryF1);
  EXPECT_EQ(task.labels.at(1).name, "equivalent");
  EXPECT_EQ(task.test, "d/mrpc/dev.jsonl");
  EXPECT_EQ(load_task(task_file("cola"), "d").metric, MetricKind::kMatthews);
}

}  // namespace
}  // namespace bbprompt
