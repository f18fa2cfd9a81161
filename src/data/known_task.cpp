#include "bbprompt/data/known_task.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr const char* kGlue = "GLUE (Wang et al. 2019)";
constexpr const char* kMsr = "MSR paraphrase corpus (Dolan & Brockett 2005)";
constexpr const char* kSciBert = "SciBERT (Beltagy et al. 2019)";
constexpr const char* kRct = "PubMed 20k RCT (Dernoncourt & Lee 2017)";
constexpr const char* kDontStop = "Don't stop pretraining (Gururangan et al. 2020)";
constexpr const char* kLmBff = "LM-BFF (Gao et al. 2021)";
constexpr const char* kTrec = "TREC questions (Li & Roth 2002)";
constexpr const char* kAgNews = "AG News (Zhang et al. 2015)";
constexpr const char* kSnli = "SNLI (Bowman et al. 2015)";

// A published split: its rows, and those of each label in the order of the labels where known.
struct Counted {
  const char* split;
  const char* source;
  std::int64_t num_rows;
  std::vector<std::int64_t> label_counts = {};
};

KnownTask with_counts(KnownTask task, const std::vector<Counted>& splits) {
  for (const Counted& counted : splits) {
    PublishedSplit split{.split = counted.split,
                         .source = counted.source,
                         .num_rows = counted.num_rows,
                         .label_counts = {}};
    for (std::size_t i = 0; i < counted.label_counts.size(); ++i) {
      split.label_counts[task.labels.at(i)] = counted.label_counts[i];
    }
    task.published.push_back(std::move(split));
  }
  return task;
}

std::vector<KnownTask> glue_tasks() {
  return {
      with_counts({.name = "mrpc", .is_pair = true, .labels = {"not_equivalent", "equivalent"}},
                  {{"train", kGlue, 3668, {1194, 2474}},
                   {"dev", kGlue, 408, {129, 279}},
                   {"train", kMsr, 4076, {1323, 2753}},
                   {"test", kMsr, 1725, {578, 1147}}}),
      with_counts({.name = "qnli",
                   .is_pair = true,
                   .labels = {"entailment", "not_entailment"},
                   .is_tested_on_dev = true},
                  {{"train", kGlue, 104743}, {"dev", kGlue, 5463, {2702, 2761}}}),
      with_counts(
          {.name = "cola", .labels = {"unacceptable", "acceptable"}, .is_tested_on_dev = true},
          {{"train", kGlue, 8551, {2528, 6023}}, {"dev", kGlue, 1043, {322, 721}}}),
      with_counts({.name = "rte",
                   .is_pair = true,
                   .labels = {"entailment", "not_entailment"},
                   .is_tested_on_dev = true},
                  {{"train", kGlue, 2490, {1249, 1241}}, {"dev", kGlue, 277, {146, 131}}}),
      with_counts({.name = "sst2", .labels = {"negative", "positive"}, .is_tested_on_dev = true},
                  {{"train", kGlue, 67349, {29780, 37569}}, {"dev", kGlue, 872, {428, 444}}}),
      with_counts({.name = "mnli",
                   .is_pair = true,
                   .labels = {"entailment", "neutral", "contradiction"},
                   .is_tested_on_dev = true},
                  {{"train", kGlue, 392702},
                   {"dev", "GLUE (Wang et al. 2019), matched", 9815},
                   {"dev", "GLUE (Wang et al. 2019), mismatched", 9832}}),
  };
}

std::vector<KnownTask> domain_tasks() {
  return {
      with_counts({.name = "ci",
                   .labels = {"Background", "CompareOrContrast", "Extends", "Future", "Motivation",
                              "Uses"}},
                  {{"train", kSciBert, 1688, {867, 305, 63, 60, 76, 317}},
                   {"dev", kSciBert, 114, {59, 21, 4, 4, 5, 21}},
                   {"test", kSciBert, 139, {71, 25, 5, 5, 7, 26}}}),
      with_counts({.name = "se",
                   .labels = {"COMPARE", "CONJUNCTION", "EVALUATE-FOR", "FEATURE-OF", "HYPONYM-OF",
                              "PART-OF", "USED-FOR"}},
                  {{"train", kSciBert, 3219, {166, 400, 313, 173, 298, 179, 1690}},
                   {"dev", kSciBert, 455, {29, 59, 50, 32, 44, 27, 214}},
                   {"test", kSciBert, 974, {38, 123, 91, 59, 67, 63, 533}}}),
      with_counts({.name = "rct",
                   .labels = {"BACKGROUND", "CONCLUSIONS", "METHODS", "OBJECTIVE", "RESULTS"}},
                  {{"train", kRct, 180040},
                   {"train", kDontStop, 500},
                   {"dev", kRct, 30212},
                   {"test", kRct, 30135}}),
      with_counts({.name = "hp", .labels = {"false", "true"}},
                  {{"all", "SemEval-2019 Task 4, by article (Kiesel et al. 2019)", 645, {407, 238}},
                   {"train", kDontStop, 515},
                   {"dev", kDontStop, 65},
                   {"test", kDontStop, 65}}),
  };
}

std::vector<KnownTask> further_tasks() {
  return {
      with_counts({.name = "mr", .labels = {"negative", "positive"}},
                  {{"train", kLmBff, 8662, {4331, 4331}}, {"test", kLmBff, 2000, {1000, 1000}}}),
      with_counts({.name = "subj", .labels = {"subjective", "objective"}},
                  {{"train", kLmBff, 8000, {4000, 4000}}, {"test", kLmBff, 2000, {1000, 1000}}}),
      with_counts({.name = "trec", .labels = {"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"}},
                  {{"train", kTrec, 5452, {86, 1162, 1250, 1223, 835, 896}},
                   {"test", kTrec, 500, {9, 138, 94, 65, 81, 113}}}),
      with_counts({.name = "agnews", .labels = {"World", "Sports", "Business", "Sci/Tech"}},
                  {{"train", kAgNews, 120000, {30000, 30000, 30000, 30000}},
                   {"test", kAgNews, 7600, {1900, 1900, 1900, 1900}}}),
      with_counts(
          {.name = "snli", .is_pair = true, .labels = {"entailment", "neutral", "contradiction"}},
          {{"train", kSnli, 549367},
           {"dev", kSnli, 9842},
           {"test", kSnli, 9824, {3368, 3219, 3237}}}),
  };
}

}  // namespace

const std::vector<KnownTask>& known_tasks() {
  static const std::vector<KnownTask> kTasks = [] {
    std::vector<KnownTask> tasks = glue_tasks();
    for (auto* more : {&domain_tasks, &further_tasks}) {
      for (KnownTask& task : more()) tasks.push_back(std::move(task));
    }
    return tasks;
  }();
  return kTasks;
}

const KnownTask& find_known_task(std::string_view name) {
  std::string names;
  for (const KnownTask& task : known_tasks()) {
    if (task.name == name) return task;
    names += (names.empty() ? "" : ", ") + task.name;
  }
  throw UsageError("unknown data set \"" + printable(name) + "\"; expected one of " + names);
}

}  // namespace bbprompt
