#include "data/quoted_csv.hpp"

#include <algorithm>

namespace bbprompt {

bool QuotedCsv::next() {
  if (at_ >= text_.size() || is_blank(text_.substr(at_))) return false;
  line_ = next_line_;
  fields_.clear();
  read_field();
  while (at_ < text_.size() && text_[at_] == ',') {
    ++at_;
    read_field();
  }
  if (at_ >= text_.size()) {
    fail_line(source_, line_,
              "the file ends within a line: it was cut short; get it again (or, if it is whole, "
              "add a line end)");
  }
  at_ += text_[at_] == '\r' ? 2 : 1;
  ++next_line_;
  return true;
}

bool QuotedCsv::is_at_row_end() const {
  return at_ >= text_.size() || text_[at_] == '\n' || text_.substr(at_).starts_with("\r\n");
}

void QuotedCsv::read_field() {
  std::string& field = fields_.emplace_back();
  if (at_ < text_.size() && text_[at_] == '"') {
    read_quoted(field);
    return;
  }
  while (!is_at_row_end() && text_[at_] != ',') {
    if (text_[at_] == '"') fail_line(source_, next_line_, "found a quote within an unquoted field");
    field += text_[at_++];
  }
}

void QuotedCsv::read_quoted(std::string& field) {
  const std::int64_t first_line = next_line_;
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == '\n') ++next_line_;
    if (text_[at_] != '"') {
      field += text_[at_];
    } else if (text_.substr(at_).starts_with("\"\"")) {
      field += text_[at_++];
    } else {
      ++at_;
      if (is_at_row_end() || text_[at_] == ',') return;
      fail_line(source_, next_line_, "expected a separator after a closing quote, found none");
    }
  }
  fail_line(source_, first_line,
            "a quote is left open to the end of the file; was the file cut short?");
}

}  // namespace bbprompt
