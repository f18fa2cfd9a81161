#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bbprompt {

// Columns a terminal takes for valid UTF-8: none for combining marks, two for East Asian wide
// characters and emoji, one for any other.
[[nodiscard]] std::size_t display_width(std::string_view text);

// The text in lines of at most `width` columns, broken at white space; each ends with a line feed.
// A wider word has a line of its own. The first line is meant to stand after `indent` columns that
// the caller has filled; the others begin with as many blanks.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0);

enum class Align { kLeft, kRight };

// A table for a terminal: titles, a rule, rows; columns two blanks apart, no blanks at line ends.
// Cells must be printable (base/utf8.hpp) and every row as long as the titles.
class TextTable {
 public:
  void add_column(std::string title, Align align);
  void add_row(std::vector<std::string> cells);
  [[nodiscard]] std::string to_string() const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  [[nodiscard]] std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace bbprompt
