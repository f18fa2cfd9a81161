#include "bbprompt/data/known_task.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr const char* kGlue = "GLUE (Wang et al. 2019)";
constexpr const char* kMsr = "MSR paraphrase corpus (Dolan & Brockett 2005)";
constexpr const char* kSciBert = "SciBERT (Beltagy et al. 2019)";
constexpr const char* kDontStop = "Don't stop pretraining (Gururangan et al. 2020)";
constexpr const char* kLmBff = "LM-BFF (Gao et al. 2021)";

std::vector<KnownTask> glue_tasks() {
  return {
      {.name = "mrpc",
       .is_pair = true,
       .labels = {"not_equivalent", "equivalent"},
       .published = {{"train", kGlue, 3668, {{"not_equivalent", 1194}, {"equivalent", 2474}}},
                     {"dev", kGlue, 408, {{"not_equivalent", 129}, {"equivalent", 279}}},
                     {"train", kMsr, 4076, {{"not_equivalent", 1323}, {"equivalent", 2753}}},
                     {"test", kMsr, 1725, {{"not_equivalent", 578}, {"equivalent", 1147}}}}},
      {.name = "qnli",
       .is_pair = true,
       .labels = {"entailment", "not_entailment"},
       .is_tested_on_dev = true,
       .published = {{"train", kGlue, 104743, {}},
                     {"dev", kGlue, 5463, {{"entailment", 2702}, {"not_entailment", 2761}}}}},
      {.name = "cola",
       .labels = {"unacceptable", "acceptable"},
       .is_tested_on_dev = true,
       .published = {{"train", kGlue, 8551, {{"unacceptable", 2528}, {"acceptable", 6023}}},
                     {"dev", kGlue, 1043, {{"unacceptable", 322}, {"acceptable", 721}}}}},
      {.name = "rte",
       .is_pair = true,
       .labels = {"entailment", "not_entailment"},
       .is_tested_on_dev = true,
       .published = {{"train", kGlue, 2490, {{"entailment", 1249}, {"not_entailment", 1241}}},
                     {"dev", kGlue, 277, {{"entailment", 146}, {"not_entailment", 131}}}}},
      {.name = "sst2",
       .labels = {"negative", "positive"},
       .is_tested_on_dev = true,
       .published = {{"train", kGlue, 67349, {{"negative", 29780}, {"positive", 37569}}},
                     {"dev", kGlue, 872, {{"negative", 428}, {"positive", 444}}}}},
      {.name = "mnli",
       .is_pair = true,
       .labels = {"entailment", "neutral", "contradiction"},
       .is_tested_on_dev = true,
       .published = {{"train", kGlue, 392702, {}},
                     {"dev", "GLUE (Wang et al. 2019), matched", 9815, {}},
                     {"dev", "GLUE (Wang et al. 2019), mismatched", 9832, {}}}},
  };
}

std::vector<KnownTask> domain_tasks() {
  return {
      {.name = "ci",
       .labels = {"Background", "CompareOrContrast", "Extends", "Future", "Motivation", "Uses"},
       .published = {{"train",
                      kSciBert,
                      1688,
                      {{"Background", 867},
                       {"CompareOrContrast", 305},
                       {"Extends", 63},
                       {"Future", 60},
                       {"Motivation", 76},
                       {"Uses", 317}}},
                     {"dev",
                      kSciBert,
                      114,
                      {{"Background", 59},
                       {"CompareOrContrast", 21},
                       {"Extends", 4},
                       {"Future", 4},
                       {"Motivation", 5},
                       {"Uses", 21}}},
                     {"test",
                      kSciBert,
                      139,
                      {{"Background", 71},
                       {"CompareOrContrast", 25},
                       {"Extends", 5},
                       {"Future", 5},
                       {"Motivation", 7},
                       {"Uses", 26}}}}},
      {.name = "se",
       .labels = {"COMPARE", "CONJUNCTION", "EVALUATE-FOR", "FEATURE-OF", "HYPONYM-OF", "PART-OF",
                  "USED-FOR"},
       .published = {{"train",
                      kSciBert,
                      3219,
                      {{"COMPARE", 166},
                       {"CONJUNCTION", 400},
                       {"EVALUATE-FOR", 313},
                       {"FEATURE-OF", 173},
                       {"HYPONYM-OF", 298},
                       {"PART-OF", 179},
                       {"USED-FOR", 1690}}},
                     {"dev",
                      kSciBert,
                      455,
                      {{"COMPARE", 29},
                       {"CONJUNCTION", 59},
                       {"EVALUATE-FOR", 50},
                       {"FEATURE-OF", 32},
                       {"HYPONYM-OF", 44},
                       {"PART-OF", 27},
                       {"USED-FOR", 214}}},
                     {"test",
                      kSciBert,
                      974,
                      {{"COMPARE", 38},
                       {"CONJUNCTION", 123},
                       {"EVALUATE-FOR", 91},
                       {"FEATURE-OF", 59},
                       {"HYPONYM-OF", 67},
                       {"PART-OF", 63},
                       {"USED-FOR", 533}}}}},
      {.name = "rct",
       .labels = {"BACKGROUND", "CONCLUSIONS", "METHODS", "OBJECTIVE", "RESULTS"},
       .published = {{"train", "PubMed 20k RCT (Dernoncourt & Lee 2017)", 180040, {}},
                     {"train", kDontStop, 500, {}},
                     {"dev", "PubMed 20k RCT (Dernoncourt & Lee 2017)", 30212, {}},
                     {"test", "PubMed 20k RCT (Dernoncourt & Lee 2017)", 30135, {}}}},
      {.name = "hp",
       .labels = {"false", "true"},
       .published = {{"all",
                      "SemEval-2019 Task 4, by article (Kiesel et al. 2019)",
                      645,
                      {{"false", 407}, {"true", 238}}},
                     {"train", kDontStop, 515, {}},
                     {"dev", kDontStop, 65, {}},
                     {"test", kDontStop, 65, {}}}},
  };
}

std::vector<KnownTask> further_tasks() {
  return {
      {.name = "mr",
       .labels = {"negative", "positive"},
       .published = {{"train", kLmBff, 8662, {{"negative", 4331}, {"positive", 4331}}},
                     {"test", kLmBff, 2000, {{"negative", 1000}, {"positive", 1000}}}}},
      {.name = "subj",
       .labels = {"subjective", "objective"},
       .published = {{"train", kLmBff, 8000, {{"subjective", 4000}, {"objective", 4000}}},
                     {"test", kLmBff, 2000, {{"subjective", 1000}, {"objective", 1000}}}}},
      {.name = "trec",
       .labels = {"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"},
       .published =
           {{"train",
             "Li & Roth 2002",
             5452,
             {{"ABBR", 86},
              {"DESC", 1162},
              {"ENTY", 1250},
              {"HUM", 1223},
              {"LOC", 835},
              {"NUM", 896}}},
            {"test",
             "Li & Roth 2002",
             500,
             {{"ABBR", 9}, {"DESC", 138}, {"ENTY", 94}, {"HUM", 65}, {"LOC", 81}, {"NUM", 113}}}}},
      {.name = "agnews",
       .labels = {"World", "Sports", "Business", "Sci/Tech"},
       .published =
           {{"train",
             "Zhang et al. 2015",
             120000,
             {{"World", 30000}, {"Sports", 30000}, {"Business", 30000}, {"Sci/Tech", 30000}}},
            {"test",
             "Zhang et al. 2015",
             7600,
             {{"World", 1900}, {"Sports", 1900}, {"Business", 1900}, {"Sci/Tech", 1900}}}}},
      {.name = "snli",
       .is_pair = true,
       .labels = {"entailment", "neutral", "contradiction"},
       .published = {{"train", "SNLI (Bowman et al. 2015)", 549367, {}},
                     {"dev", "SNLI (Bowman et al. 2015)", 9842, {}},
                     {"test",
                      "SNLI (Bowman et al. 2015)",
                      9824,
                      {{"entailment", 3368}, {"neutral", 3219}, {"contradiction", 3237}}}}},
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
  throw UsageError("unknown data set \"" + printable(name) + "\"; known are " + names);
}

}  // namespace bbprompt
