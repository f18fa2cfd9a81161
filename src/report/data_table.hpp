#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/report/text_table.hpp"

namespace bbprompt {

struct TableCell {
  std::string text;
  bool is_best = false;
};

// A table before it has a form: the same cells go to a terminal, Markdown, LaTeX and HTML. Texts
// are as they were found; each form escapes them.
class DataTable {
 public:
  struct Column {
    std::string title;
    Align align;
  };

  explicit DataTable(std::string caption) : caption_(std::move(caption)) {}
  void add_column(std::string title, Align align) { columns_.push_back({std::move(title), align}); }
  void add_row(std::vector<TableCell> cells) { rows_.push_back(std::move(cells)); }
  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] const std::string& caption() const { return caption_; }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const std::vector<std::vector<TableCell>>& rows() const { return rows_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string caption_;
  std::vector<Column> columns_;
  std::vector<std::vector<TableCell>> rows_;
  std::vector<std::string> notes_;
};

// Best cells: "*" after the text.
[[nodiscard]] std::string to_terminal(const DataTable& table);
// A pipe table; best cells bold.
[[nodiscard]] std::string to_markdown(const DataTable& table);
// A table environment with a tabular (package booktabs); best cells bold.
[[nodiscard]] std::string to_latex(const DataTable& table);
// <table> with its notes; best cells of class "best".
[[nodiscard]] std::string to_html(const DataTable& table);

// Text for each form: made printable, characters of the form's own syntax escaped.
[[nodiscard]] std::string markdown_text(std::string_view text);
[[nodiscard]] std::string latex_text(std::string_view text);
[[nodiscard]] std::string html_text(std::string_view text);

}  // namespace bbprompt
