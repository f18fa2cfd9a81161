#include "task/delimited_reader.hpp"

#include <algorithm>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxColumns = 4096;

// Where the quoted field that begins at `at` ends, behind its closing quote; npos where it is not
// quoted rightly. Sets whether there are quotes inside.
std::size_t end_of_quoted(std::string_view text, std::size_t at, char separator, bool& has_inner) {
  has_inner = false;
  while (true) {
    at = text.find('"', at + 1);
    if (at == std::string_view::npos) return at;
    if (at + 1 >= text.size() || text[at + 1] != '"') break;
    has_inner = true;
    ++at;
  }
  const std::string_view rest = text.substr(at + 1, 2);
  const bool is_end =
      rest.empty() || rest[0] == separator || rest[0] == '\n' || rest == "\r\n" || rest == "\r";
  return is_end ? at + 1 : std::string_view::npos;
}

}  // namespace

QuoteEvidence quote_evidence(std::string_view text, char separator) {
  QuoteEvidence evidence;
  const char ends[] = {separator, '\n'};
  const auto end_of_plain = [&](std::size_t at) {
    return text.find_first_of({ends, sizeof ends}, at);
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = end_of_plain(at);
    if (text[at] == '"') {
      bool has_inner = false;
      const std::size_t closed = end_of_quoted(text, at, separator, has_inner);
      const bool is_malformed = closed == std::string_view::npos;
      // One that spans rows or columns may be several fields with quotes of their own.
      const bool is_within = !is_malformed && (end == std::string_view::npos || closed <= end);
      if (!is_malformed) end = end_of_plain(closed);
      ++(is_malformed             ? evidence.num_malformed
         : has_inner && is_within ? evidence.num_doubled
                                  : evidence.num_plain);
    }
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return evidence;
}

DelimitedReader::DelimitedReader(const SourceText& source, const DelimitedFormat& format)
    : source_(source),
      format_(format),
      text_(source.text.substr(0, length_without_blank_end(source.text))) {}

bool DelimitedReader::read(DelimitedRow& row) {
  if (at_ == text_.size()) return false;
  row_begin_ = at_;
  place_ = {.row = place_.row + 1, .line = line_};
  row = {.place = place_, .fields = {}, .num_quoted = 0, .num_doubled = 0};
  read_field(row);
  while (!at_row_end()) {
    ++at_;  // the separator
    read_field(row);
  }
  const std::string_view raw = text_.substr(row_begin_, at_ - row_begin_);
  skip_row_end();
  check_row_bytes(source_, place_, raw);
  check_width(row, raw);
  return true;
}

void DelimitedReader::read_field(DelimitedRow& row) {
  if (row.fields.size() == kMaxColumns) {
    fail("expected at most " + std::to_string(kMaxColumns) + " columns, found more");
  }
  std::string& field = row.fields.emplace_back();
  const bool is_quoted =
      format_.quoting != Quoting::kNone && at_ < text_.size() && text_[at_] == '"';
  if (is_quoted) {
    read_quoted(field, row);
  } else {
    read_plain(field);
  }
}

void DelimitedReader::read_quoted(std::string& field, DelimitedRow& row) {
  const std::int64_t opened = line_;
  ++row.num_quoted;
  for (++at_;; ++at_) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      fail("the quote opened on line " + std::to_string(opened) +
           " is never closed; write quotes inside a quoted field twice");
    }
    const std::string_view part = text_.substr(at_, quote - at_);
    line_ += std::count(part.begin(), part.end(), '\n');
    field += part;
    at_ = quote + 1;
    if (at_ == text_.size() || text_[at_] != '"') break;
    field += '"';
    ++row.num_doubled;
  }
  if (!at_row_end() && text_[at_] != format_.separator) {
    fail("expected a separator or the end of the line after the closing quote on line " +
         std::to_string(line_) + ", found \"" + printable(text_.substr(at_, 20)) +
         "\"; write quotes inside a quoted field twice");
  }
}

void DelimitedReader::read_plain(std::string& field) {
  const char stops[] = {format_.separator, '\n', '\r',
                        format_.quoting == Quoting::kRfc4180 ? '"' : '\n'};
  const std::size_t stop = std::min(text_.find_first_of({stops, sizeof stops}, at_), text_.size());
  field = text_.substr(at_, stop - at_);
  at_ = stop;
  if (at_row_end() || text_[at_] == format_.separator) return;
  if (text_[at_] == '"') {
    fail("found a quote inside a field that does not start with one, after \"" + printable(field) +
         "\"; put the whole field in quotes and write the inner ones twice");
  }
  fail("found a carriage return without line feed after \"" + printable(field) +
       "\"; end lines with LF or CRLF");
}

bool DelimitedReader::at_row_end() const {
  const std::string_view rest = text_.substr(at_, 2);
  return rest.empty() || rest[0] == '\n' || rest == "\r\n" || rest == "\r";
}

void DelimitedReader::skip_row_end() {
  if (at_ < text_.size() && text_[at_] == '\r') ++at_;
  if (at_ < text_.size()) ++at_;
  ++line_;
}

void DelimitedReader::check_width(const DelimitedRow& row, std::string_view raw) {
  if (place_.row == 0) num_columns_ = row.fields.size();
  if (row.fields.size() == num_columns_) return;
  std::string message = "expected " + std::to_string(num_columns_) +
                        " columns, as in the header, found " +
                        (raw.empty() ? "a blank line" : std::to_string(row.fields.size()));
  if (format_.quoting == Quoting::kNone && raw.find('"') != std::string_view::npos) {
    message +=
        "; quotes are ordinary characters here, as the file is not consistently quoted"
        " (quotes around whole fields only, and doubled inside)";
  }
  fail(message);
}

void DelimitedReader::fail(const std::string& message) const { fail_row(source_, place_, message); }

}  // namespace bbprompt
