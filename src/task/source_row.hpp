#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// The text of a data file after its byte order mark.
struct SourceText {
  std::string file;  // for messages
  std::string_view text;
  std::size_t num_skipped = 0;  // bytes of the file before `text`
};

// Columns or keys to read.
struct ColumnNames {
  std::string text_a;
  std::string text_b;  // empty: none
  std::string label;
  FileQuoting quoting = FileQuoting::kAuto;  // of delimited files
  bool has_header = true;
  bool is_label_optional = false;  // rows without one have an empty label
};

// How a file was read, where that was not plain.
struct ReadingNote {
  std::string quoting;  // "raw" or "quoted"; empty: nothing was open
  std::string note;     // empty: nothing to say
};

// One row as the file has it, before its meaning is checked.
struct SourceRow {
  std::int64_t row = 0;   // from 1, without the header; 0: the header itself
  std::int64_t line = 0;  // physical line it starts on, from 1
  std::string text_a;
  std::string text_b;
  std::string label;
};
using RowSink = std::function<void(SourceRow&&)>;

// Where a row starts.
struct RowPlace {
  std::int64_t row = 0;
  std::int64_t line = 0;
};

constexpr std::size_t kMaxRowBytes = std::size_t{64} << 20;

// Throws DataError, the message led by the line.
[[noreturn]] void fail_row(const SourceText& source, const RowPlace& place,
                           const std::string& message);

// Checks the raw bytes of a row, a view into `source.text`: length, UTF-8, NUL.
void check_row_bytes(const SourceText& source, const RowPlace& place, std::string_view raw);

// Length of `text` without blank lines at its end; the end of the last other line stays.
[[nodiscard]] std::size_t length_without_blank_end(std::string_view text);

}  // namespace bbprompt
