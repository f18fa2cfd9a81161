#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// One labelled text, or pair of texts, as the file has it: nothing trimmed or re-encoded.
struct Example {
  std::string text_a;
  std::string text_b;    // empty where the task has single texts
  int label = 0;         // index in TaskOptions::labels
  std::int64_t row = 0;  // in its file, from 1; a header line does not count
};

// What makes two examples the same text, whatever their labels. Views into `example`.
[[nodiscard]] inline std::pair<std::string_view, std::string_view> content_of(
    const Example& example) {
  return {example.text_a, example.text_b};
}

// All examples of one file, in file order; never empty.
struct Dataset {
  std::filesystem::path path;
  std::string sha256;  // of the file's bytes, hexadecimal
  std::vector<Example> examples;
  std::string quoting;             // how a .tsv was read: "raw" or "quoted"; empty for others
  std::vector<std::string> notes;  // what a person should know of how it was read
};

// Reads a data file; columns and labels are named by `task` (text_a, text_b, label, labels). The
// extension chooses the format:
//
//   .jsonl .ndjson .json   One JSON object per line. Texts are strings; a label may also be an
//                          integer or a boolean and is then read as its text ("0", "true").
//   .csv                   RFC 4180 with a header line, strictly: a quote stands only around a
//                          whole field, quotes inside are doubled, quoted fields may hold
//                          separators and line ends.
//   .tsv                   The same with TAB, or raw, where quotes are ordinary characters (GLUE).
//
// A TSV file is raw or quoted as a whole, and a stray quote changes its own field alone: in a
// quoted file a quote inside a field that does not begin with one is an ordinary character. It is
// quoted
//   - if every name of its header line is quoted;
//   - or else, if some field begins and ends with a quote and has quotes inside, all of them
//   doubled
//     (only writers that quote make such fields), and no fewer fields are so than begin with a
//     quote and are not quoted rightly;
//   - or else, if reading it raw does not give each row the header's number of columns, and reading
//     it quoted does.
// Otherwise it is raw. `task.quoting` says it for a file of either kind.
//
// All formats: UTF-8 with or without byte order mark, LF or CRLF, last line end optional, blank
// lines only at the end. Columns or keys that are not asked for are ignored.
//
// Throws DataError (file, row; the message adds the physical line) for: a file that cannot be read
// (if it is missing below `task.data_folder`, with what to do) or is empty, no rows, a row with
// more or fewer columns than the header, a missing or repeated column, a label that has no entry in
// `task.labels`, a text of white space only, a value of the wrong JSON type, invalid UTF-8, NUL, an
// unclosed or misplaced quote, a carriage return without line feed outside quotes, a row above 64
// MiB or 4096 columns, an unknown extension. Throws SettingError when `task` names one column
// twice, or has no labels or two of one name.
[[nodiscard]] Dataset read_dataset(const std::filesystem::path& path, const TaskOptions& task);

}  // namespace bbprompt
