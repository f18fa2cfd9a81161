#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "bbprompt/base/json.hpp"
#include "bbprompt/data/check.hpp"
#include "bbprompt/data/import.hpp"
#include "bbprompt/data/known_task.hpp"
#include "bbprompt/task/dataset.hpp"
#include "tests/data/import_support.hpp"

namespace bbprompt {
namespace {

using testing::ImportFolder;

std::filesystem::path shared_file(const std::string& task, const std::string& name) {
  return testing::shared_folder() / "datasets" / task / (name + ".jsonl");
}

TaskOptions options_of(const KnownTask& known) {
  TaskOptions task;
  task.name = known.name;
  task.train = shared_file(known.name, "train");
  task.dev = shared_file(known.name, "dev");
  task.test = shared_file(known.name, "test");
  if (known.is_pair) task.text_b = "text_b";
  for (const std::string& label : known.labels) task.labels.push_back({label, {label}});
  task.template_text = known.is_pair ? "{prompt}{text_a}{text_b}{mask}" : "{prompt}{text_a}{mask}";
  return task;
}

using Counts = std::map<std::string, std::int64_t>;

Counts count(const KnownTask& known, const std::vector<std::string>& files) {
  Counts counts;
  for (const std::string& file : files) {
    for (const Example& example :
         read_dataset(shared_file(known.name, file), options_of(known)).examples) {
      ++counts[known.labels.at(static_cast<std::size_t>(example.label))];
    }
  }
  return counts;
}

// Which files of the folder make up a published split that the folder's page calls complete.
struct CompleteSplit {
  std::string task;
  std::string split;
  std::string source;  // how it begins
  std::vector<std::string> files;

  friend std::ostream& operator<<(std::ostream& out, const CompleteSplit& complete) {
    return out << complete.task << ' ' << complete.split << ' ' << complete.source;
  }
};

const std::vector<CompleteSplit> kComplete = {
    {"mrpc", "train", "GLUE", {"train"}},
    {"mrpc", "dev", "GLUE", {"dev"}},
    {"mrpc", "train", "MSR", {"train", "dev"}},
    {"mrpc", "test", "MSR", {"test"}},
    {"qnli", "dev", "GLUE", {"test"}},
    {"cola", "train", "GLUE", {"train", "dev"}},
    {"cola", "dev", "GLUE", {"test"}},
    {"rte", "train", "GLUE", {"train", "dev"}},
    {"rte", "dev", "GLUE", {"test"}},
    {"sst2", "train", "GLUE", {"train", "dev"}},
    {"sst2", "dev", "GLUE", {"test"}},
    {"ci", "train", "SciBERT", {"train"}},
    {"ci", "dev", "SciBERT", {"dev"}},
    {"ci", "test", "SciBERT", {"test"}},
    {"se", "train", "SciBERT", {"train"}},
    {"se", "dev", "SciBERT", {"dev"}},
    {"se", "test", "SciBERT", {"test"}},
    {"hp", "all", "SemEval", {"train", "dev", "test"}},
    {"mr", "train", "LM-BFF", {"train", "dev"}},
    {"mr", "test", "LM-BFF", {"test"}},
    {"subj", "train", "LM-BFF", {"train", "dev"}},
    {"subj", "test", "LM-BFF", {"test"}},
    {"trec", "train", "TREC", {"train", "dev"}},
    {"trec", "test", "TREC", {"test"}},
    {"agnews", "test", "AG News", {"test"}},
    {"snli", "test", "SNLI", {"test"}},
};

class PublishedCounts : public ::testing::TestWithParam<CompleteSplit> {};

TEST_P(PublishedCounts, AgreeWithTheRealData) {
  BBPROMPT_REQUIRE_SHARED("datasets/" + GetParam().task)
  const KnownTask& known = find_known_task(GetParam().task);
  const Counts counts = count(known, GetParam().files);
  std::int64_t num_rows = 0;
  for (const auto& [label, number] : counts) num_rows += number;
  int num_found = 0;
  for (const PublishedSplit& published : known.published) {
    if (published.split != GetParam().split || !published.source.starts_with(GetParam().source)) {
      continue;
    }
    ++num_found;
    EXPECT_EQ(published.num_rows, num_rows);
    EXPECT_EQ(published.label_counts, counts);
  }
  EXPECT_EQ(num_found, 1);
}

INSTANTIATE_TEST_SUITE_P(RealData, PublishedCounts, ::testing::ValuesIn(kComplete),
                         [](const auto& tested) {
                           return tested.param.task + "_" + tested.param.split + "_" +
                                  std::to_string(tested.index);
                         });

TEST(PublishedCounts, OfLabelsSumToTheRows) {
  for (const KnownTask& task : known_tasks()) {
    for (const PublishedSplit& split : task.published) {
      if (split.label_counts.empty()) continue;
      std::int64_t sum = 0;
      for (const auto& [label, number] : split.label_counts) sum += number;
      EXPECT_EQ(sum, split.num_rows) << task.name << ' ' << split.split;
    }
  }
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else {
      result += c;
    }
  }
  return result;
}

// The dealt splits of the folder were made by another program from the original XML.
TEST(ImportHyperpartisan, DealsTheRealArticlesAsTheFolderHasThem) {
  BBPROMPT_REQUIRE_SHARED("datasets/hp")
  const KnownTask& known = find_known_task("hp");
  std::string articles = "<articles>\n";
  std::string truth = "<articles>\n";
  int number = 0;
  std::map<std::string, std::multiset<std::string>> expected;
  for (const std::string split : {"train", "dev", "test"}) {
    for (const Example& example :
         read_dataset(shared_file("hp", split), options_of(known)).examples) {
      const std::string id = std::to_string(1000 + ++number);
      articles += "<article id=\"" + id + "\">\n<p>" + escaped(example.text_a) + "</p></article>\n";
      truth += "<article id=\"" + id + "\" hyperpartisan=\"" +
               known.labels.at(static_cast<std::size_t>(example.label)) + "\"/>\n";
      expected[split].insert(example.text_a);
    }
  }
  ImportFolder folder;
  const ImportReport report =
      folder.import("hp", {{"articles-training.xml", articles + "</articles>"},
                           {"truth-training.xml", truth + "</articles>"}});
  EXPECT_THAT(report.differences, ::testing::IsEmpty());
  for (const auto& [split, texts] : expected) {
    std::multiset<std::string> found;
    const auto file = folder.out() / "hp" / (split + ".jsonl");
    for (const Example& example : read_dataset(file, options_of(known)).examples) {
      found.insert(example.text_a);
    }
    EXPECT_EQ(found, texts) << split;
  }
}

// Real rows in GLUE's layout, which comes back as it went out.
TEST(Import, BringsRealPairsThroughATsvUnchanged) {
  BBPROMPT_REQUIRE_SHARED("datasets/mrpc")
  const KnownTask& known = find_known_task("mrpc");
  const Dataset original = read_dataset(shared_file("mrpc", "dev"), options_of(known));
  std::string text = "\xef\xbb\xbfQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";
  for (const Example& example : original.examples) {
    text +=
        std::to_string(example.label) + "\t1\t2\t" + example.text_a + '\t' + example.text_b + '\n';
  }
  ImportFolder folder;
  EXPECT_THAT(folder.import("mrpc", {{"dev.tsv", text}}).differences, ::testing::IsEmpty());
  const Dataset again = read_dataset(folder.out() / "mrpc/dev.jsonl", options_of(known));
  ASSERT_EQ(again.examples.size(), original.examples.size());
  for (std::size_t i = 0; i < again.examples.size(); ++i) {
    EXPECT_EQ(content_of(again.examples[i]), content_of(original.examples[i]));
    EXPECT_EQ(again.examples[i].label, original.examples[i].label);
  }
}

// Shared rows as the folder's page counts them: distinct contents there, rows here.
TEST(CheckRealData, FindsTheLeakageThatTheDataFolderKnows) {
  BBPROMPT_REQUIRE_SHARED("datasets/ci")
  const auto overlaps_of = [](const std::string& name) {
    return check_data(options_of(find_known_task(name)), {}).overlaps;
  };
  for (const SplitOverlap& overlap : overlaps_of("ci")) {
    EXPECT_GT(overlap.num_exact, 0) << overlap.first << ' ' << overlap.second;
  }
  for (const SplitOverlap& overlap : overlaps_of("mrpc")) {
    EXPECT_EQ(overlap.num_exact, 0) << overlap.first << ' ' << overlap.second;
  }
}

}  // namespace
}  // namespace bbprompt
