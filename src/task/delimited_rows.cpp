#include "task/delimited_rows.hpp"

#include <algorithm>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "task/delimited_reader.hpp"

namespace bbprompt {
namespace {

constexpr DelimitedFormat kRawCsv{.separator = ',', .quoting = Quoting::kNone};
constexpr DelimitedFormat kCsv{.separator = ',', .quoting = Quoting::kRfc4180};
constexpr DelimitedFormat kQuotedTsv{.separator = '\t', .quoting = Quoting::kLenient};
constexpr DelimitedFormat kRawTsv{.separator = '\t', .quoting = Quoting::kNone};

// What a trial reading of the whole text finds.
struct Survey {
  bool is_readable = false;
  bool is_header_quoted = false;
};

Survey survey(const SourceText& source, const DelimitedFormat& format) {
  Survey found;
  try {
    DelimitedReader reader(source, format);
    DelimitedRow row;
    bool is_first = true;
    while (reader.read(row)) {
      if (is_first) found.is_header_quoted = row.num_quoted == row.fields.size();
      is_first = false;
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
  const QuoteEvidence evidence = quote_evidence(source.text, '\t');
  if (evidence.num_doubled > 0 && evidence.num_doubled >= evidence.num_malformed) return kQuotedTsv;
  if (!quoted.is_readable) return kRawTsv;
  return survey(source, kRawTsv).is_readable ? kRawTsv : kQuotedTsv;
}

std::string note_on_raw(const SourceText& source) {
  const QuoteEvidence evidence = quote_evidence(source.text, '\t');
  const auto count = static_cast<std::int64_t>(evidence.num_doubled + evidence.num_plain);
  if (count == 0) return {};
  return source.file + ": read raw, so quotes belong to the texts, though " +
         plural(count, "field") + (count == 1 ? " looks" : " look") +
         " quoted; task.quoting: quoted reads them without";
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

// Columns of a file without a header are named by their numbers.
DelimitedRow numbered(const DelimitedRow& first) {
  DelimitedRow header{.place = first.place, .fields = {}};
  for (std::size_t i = 1; i <= first.fields.size(); ++i) header.fields.push_back(std::to_string(i));
  return header;
}

void read_rows(const SourceText& source, const DelimitedFormat& format, const ColumnNames& names,
               const RowSink& sink) {
  DelimitedReader reader(source, format);
  DelimitedRow first;
  if (!reader.read(first)) return;
  const DelimitedRow row_of_names = names.has_header ? first : numbered(first);
  DelimitedRow row = row_of_names;
  check_names_distinct(source, row);
  const std::size_t text_a = find_column(source, row, names.text_a);
  const std::size_t text_b = names.text_b.empty() ? 0 : find_column(source, row, names.text_b);
  const bool has_label = !names.is_label_optional || std::find(row.fields.begin(), row.fields.end(),
                                                               names.label) != row.fields.end();
  const std::size_t label = has_label ? find_column(source, row, names.label) : 0;
  bool is_first = !names.has_header;
  if (is_first) row = std::move(first);
  while (is_first || reader.read(row)) {
    is_first = false;
    SourceRow found{.row = row.place.row + (names.has_header ? 0 : 1),
                    .line = row.place.line,
                    .text_a = {},
                    .text_b = {},
                    .label = {}};
    found.text_a = std::move(row.fields[text_a]);
    if (!names.text_b.empty()) found.text_b = std::move(row.fields[text_b]);
    if (has_label) found.label = std::move(row.fields[label]);
    sink(std::move(found));
  }
}

}  // namespace

ReadingNote read_csv_rows(const SourceText& source, const ColumnNames& names, const RowSink& sink) {
  read_rows(source, names.quoting == FileQuoting::kNone ? kRawCsv : kCsv, names, sink);
  return {};
}

ReadingNote read_tsv_rows(const SourceText& source, const ColumnNames& names, const RowSink& sink) {
  const bool is_open = names.quoting == FileQuoting::kAuto;
  const DelimitedFormat format = is_open                                 ? tsv_format(source)
                                 : names.quoting == FileQuoting::kQuoted ? kQuotedTsv
                                                                         : kRawTsv;
  read_rows(source, format, names, sink);
  if (format.quoting != Quoting::kNone) return {.quoting = "quoted", .note = {}};
  return {.quoting = "raw", .note = is_open ? note_on_raw(source) : std::string()};
}

}  // namespace bbprompt
