#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bbprompt {

enum class CountRule { kReport, kRequire };

// What happens to files of an earlier import with other rows.
enum class ExistingFiles { kKeep, kReplace };

// What to import. The split of a file in `files` is inferred from its name: from one of the words
// train.., dev, valid, validation, val, test, in any case; TREC_10 is TREC's test.
struct ImportRequest {
  std::string task;  // a known task
  std::vector<std::filesystem::path> files;
  std::vector<std::filesystem::path> train;  // several files of a split follow each other
  std::vector<std::filesystem::path> dev;
  std::vector<std::filesystem::path> test;
  std::filesystem::path folder;  // gets TASK/train.jsonl, TASK/dev.jsonl, TASK/test.jsonl
  CountRule count_rule = CountRule::kReport;
  ExistingFiles existing = ExistingFiles::kKeep;
};

// One file that was written.
struct ImportedSplit {
  std::string name;  // "train", "dev" or "test"
  std::filesystem::path file;
  std::string from;  // files read and their layout
  std::int64_t num_rows = 0;
  std::vector<std::int64_t> label_counts;  // in the order of KnownTask::labels
};

struct ImportReport {
  std::vector<ImportedSplit> splits;
  std::vector<std::string> differences;  // from the published counts
  // Rows and files that were left out, splits that were made or have no published count.
  std::vector<std::string> notes;
};

// Reads a data set in one of its published layouts and writes it as JSON lines with the
// keys text_a, text_b (pairs only) and label, for the task files of configs/tasks. The layout is
// recognised by content:
//
//   GLUE TSV      mrpc, qnli, rte, sst2, mnli: raw, columns found by name; cola: four columns
//   MSR           mrpc: msr_paraphrase_{train,test}.txt; with GLUE's dev_ids.tsv next to them the
//                 pairs it lists become dev
//   CoLA          cola: in_domain_train.tsv, in_domain_dev.tsv, out_of_domain_dev.tsv
//   JSON lines    ci, se, rct, hp: "text", "label" (SciBERT, "Don't stop pretraining"); snli, mnli:
//                 "sentence1", "sentence2", "gold_label"; all: the keys that are written
//   PubMed RCT    rct: "###id" lines, LABEL<TAB>sentence lines
//   SemEval XML   hp: articles and ground truth, two files a split. A pair for train alone is
//                 dealt if it has 5 articles: sorted by the SHA-256 of the text (equal texts by id)
//                 the first tenth is test, the second dev, the rest train, each in the order of ids
//   TREC          trec: LABEL:sub question; ISO 8859-1 where it is not UTF-8; coarse labels
//   CSV           agnews: class, title, description (the text); mr, subj: 0 or 1, text (LM-BFF)
//   SNLI TSV      snli, mnli: columns by name; rows without an agreed label (-) are left out
//
// Texts stay as they are, but HP's lose the white space at both ends; rows without text are left
// out, with a note; so are blank lines at the top, without one. A GLUE dev file becomes test.jsonl
// where papers test on it and no test file is given. MNLI's and SNLI's files are told apart by
// columns that only one of them has.
//
// Nothing is written before everything is read, and each file is written whole or not at all.
// Throws UsageError for an unknown task and files whose split is not clear; DataError (file, "line
// N:
// ...") for a layout the task does not have, a wrong number of columns, a label that is not the
// task's, a file that ends within a line, broken XML or JSON; where counts are required, for
// differences from the published ones; and, where existing files are kept, for one that is there
// with other contents. A split that is there and not imported is left as it is, with a note.
[[nodiscard]] ImportReport import_data(const ImportRequest& request);

}  // namespace bbprompt
