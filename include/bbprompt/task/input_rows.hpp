#pragma once

#include <functional>
#include <string>

#include "bbprompt/task/dataset.hpp"

namespace bbprompt {

// Rows to label, from a file or from standard input.
struct InputText {
  std::string name;      // for messages
  std::string contents;  // the whole text
  std::string ending;    // says the format, as the ending of a data file's name does: ".csv"
};

// Hands the rows to `sink`, in order, by the rules of read_dataset(); only the label may be
// missing: the column or key of a file, or its text in a row. Such an example has label -1. Throws
// as read_dataset() does.
void read_input_rows(const InputText& input, const TaskOptions& task,
                     const std::function<void(Example&&)>& sink);

}  // namespace bbprompt
