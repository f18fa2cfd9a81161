#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "task/source_row.hpp"

namespace bbprompt {

enum class Quoting {
  kNone,     // a quote is an ordinary character
  kRfc4180,  // quotes around whole fields, none elsewhere
  kLenient,  // quotes around whole fields; in a field that does not begin with one it is ordinary
};

struct DelimitedFormat {
  char separator = ',';
  Quoting quoting = Quoting::kRfc4180;
};

struct DelimitedRow {
  RowPlace place;
  std::vector<std::string> fields;
  std::size_t num_quoted = 0;   // fields
  std::size_t num_doubled = 0;  // quotes inside quoted fields
};

// What the fields of a text that begin with a quote look like, whatever its rows are.
struct QuoteEvidence {
  std::size_t num_doubled = 0;    // quoted rightly within a line, with quotes inside
  std::size_t num_plain = 0;      // quoted rightly, others
  std::size_t num_malformed = 0;  // not quoted rightly
};
[[nodiscard]] QuoteEvidence quote_evidence(std::string_view text, char separator);

// Rows of a text with separators, one after the other; the first one is the header (row 0). Every
// breach of dataset.hpp's rules throws DataError.
class DelimitedReader {
 public:
  // `source` must outlive the reader.
  DelimitedReader(const SourceText& source, const DelimitedFormat& format);

  // Replaces `row` by the next one and returns true, or returns false at the end.
  [[nodiscard]] bool read(DelimitedRow& row);

 private:
  void read_field(DelimitedRow& row);
  void read_quoted(std::string& field, DelimitedRow& row);
  void read_plain(std::string& field);
  [[nodiscard]] bool at_row_end() const;
  void skip_row_end();
  void check_width(const DelimitedRow& row, std::string_view raw);
  [[noreturn]] void fail(const std::string& message) const;

  const SourceText& source_;
  DelimitedFormat format_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t row_begin_ = 0;
  RowPlace place_{.row = -1, .line = 1};
  std::int64_t line_ = 1;
  std::size_t num_columns_ = 0;
};

}  // namespace bbprompt
