#include "task/delimited_rows.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "task/delimited_reader.hpp"

namespace bbprompt {
namespace {

constexpr DelimitedFormat kCsv{.separator = ',', .quoting = Quoting::kRfc4180};
constexpr DelimitedFormat kQuotedTsv{.separator = '\t', .quoting = Quoting::kRfc4180};
constexpr DelimitedFormat kRawTsv{.separator = '\t', .quoting = Quoting::kNone};

// What a trial reading of the whole text finds.
struct Survey {
  bool is_readable = false;
  bool is_header_quoted = false;
  std::size_t num_rows = 0;
  std::size_t num_doubled = 0;
};

Survey survey(const SourceText& source, const DelimitedFormat& format) {
  Survey found;
  try {
    DelimitedReader reader(source, format);
    DelimitedRow row;
    for (; reader.read(row); ++found.num_rows) {
      if (found.num_rows == 0) found.is_header_quoted = row.num_quoted == row.fields.size();
      found.num_doubled += row.num_doubled;
    }
    found.is_readable = true;
  } catch (const DataError&) {
    found.is_readable = false;
  }
  return found;
}

DelimitedFormat tsv_format(const SourceText& source) {
  const Survey quoted = survey(source, kQuotedTsv);
  if (quoted.is_header_quoted) return kQuotedTsv;
  if (!quoted.is_readable) return kRawTsv;
  const Survey raw = survey(source, kRawTsv);
  if (!raw.is_readable) return kQuotedTsv;
  // With equal widths, equally many rows mean that no quoted field spans a TAB or a line end.
  return quoted.num_rows == raw.num_rows && quoted.num_doubled > 0 ? kQuotedTsv : kRawTsv;
}

std::size_t find_column(const SourceText& source, const DelimitedRow& header,
                        const std::string& name) {
  const auto found = std::find(header.fields.begin(), header.fields.end(), name);
  if (found == header.fields.end()) {
    fail_row(source, header.place,
             "expected a header line with a column \"" + printable(name) + "\"" +
                 suggestion(name, header.fields) + ", found " + quoted_list(header.fields));
  }
  return static_cast<std::size_t>(found - header.fields.begin());
}

void check_names_distinct(const SourceText& source, const DelimitedRow& header) {
  std::vector<std::string> names = header.fields;
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return;
  fail_row(source, header.place,
           "column name \"" + printable(*twice) + "\" occurs twice in the header");
}

void read_rows(const SourceText& source, const DelimitedFormat& format, const ColumnNames& names,
               const RowSink& sink) {
  DelimitedReader reader(source, format);
  DelimitedRow row;
  if (!reader.read(row)) return;
  check_names_distinct(source, row);
  const std::size_t text_a = find_column(source, row, names.text_a);
  const std::size_t text_b = names.text_b.empty() ? 0 : find_column(source, row, names.text_b);
  const std::size_t label = find_column(source, row, names.label);
  while (reader.read(row)) {
    SourceRow found{
        .row = row.place.row, .line = row.place.line, .text_a = {}, .text_b = {}, .label = {}};
    found.text_a = std::move(row.fields[text_a]);
    if (!names.text_b.empty()) found.text_b = std::move(row.fields[text_b]);
    found.label = std::move(row.fields[label]);
    sink(std::move(found));
  }
}

}  // namespace

void read_csv_rows(const SourceText& source, const ColumnNames& names, const RowSink& sink) {
  read_rows(source, kCsv, names, sink);
}

void read_tsv_rows(const SourceText& source, const ColumnNames& names, const RowSink& sink) {
  read_rows(source, tsv_format(source), names, sink);
}

}  // namespace bbprompt
