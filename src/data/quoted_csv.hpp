#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/import_text.hpp"

namespace bbprompt {

// Rows of a comma-separated text without header line (RFC 4180): a quote stands only around a whole
// field, quotes inside are doubled, quoted fields may hold separators and line ends. Throws
// DataError for anything else, and for a last row without line end, which may be half a row: a text
// that was cut between two doubled quotes looks whole.
class QuotedCsv {
 public:
  // `source` must outlive the reader.
  explicit QuotedCsv(const ImportText& source)
      : source_(source),
        text_(source.text),
        at_(first_filled_line(text_)),
        next_line_(line_at(text_, at_)) {}

  [[nodiscard]] bool next();
  [[nodiscard]] const std::vector<std::string>& fields() const { return fields_; }
  [[nodiscard]] std::int64_t line() const { return line_; }  // on which the row starts, from 1

 private:
  void read_field();
  void read_quoted(std::string& field);
  [[nodiscard]] bool is_at_row_end() const;

  const ImportText& source_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0;
  std::int64_t next_line_ = 1;
  std::vector<std::string> fields_;
};

}  // namespace bbprompt
