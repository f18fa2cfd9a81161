#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bbprompt/data/known_task.hpp"
#include "data/import_text.hpp"

namespace bbprompt {

enum class LayoutKind {
  kHeaderTsv,   // raw TSV whose header line names the columns
  kColaTsv,     // source, label, author's mark, sentence
  kCsv,         // quoted CSV without header line
  kJsonLines,   // one object a line
  kTrecLabels,  // LABEL:sub text
  kRctText,     // ###id lines, LABEL<TAB>text lines
  kXml,         // SemEval articles or ground truth
  kIdPairs,     // GLUE's list of the MSR pairs that are its dev set
  kUnlabelled,  // a GLUE test file
};

struct ImportLayout {
  LayoutKind kind = LayoutKind::kJsonLines;
  std::string name;  // what a person calls it
  // kHeaderTsv, kJsonLines: names of columns or keys, text_b empty for single texts.
  std::string text_a;
  std::string text_b;
  std::string label;
  // Columns or keys that tell a file of `other_task`, which has the names above too.
  std::vector<std::string> other_names;
  std::string other_task;
  // kCsv: number of columns; the label is the first, the text the last.
  std::size_t num_columns = 0;
  // Labels of the file and of the task, where they differ.
  std::vector<std::pair<std::string, std::string>> labels;
  bool may_disagree = false;  // a label "-" marks a row whose annotators found no majority
};

// The layouts in which a task is read.
[[nodiscard]] std::vector<ImportLayout> layouts_of(const KnownTask& task);

// The layout of `task` that a file has. Throws DataError that says what was expected, and which
// task's file it looks like.
[[nodiscard]] ImportLayout recognise_layout(const KnownTask& task, const ImportText& source);

}  // namespace bbprompt
