#include "bbprompt/report/text_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>
#include <utility>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;
};

// Unicode blocks of combining marks, zero-width characters and variation selectors.
constexpr std::array kZeroWidth{CodeRange{0x0300, 0x036F}, CodeRange{0x1AB0, 0x1AFF},
                                CodeRange{0x1DC0, 0x1DFF}, CodeRange{0x200B, 0x200F},
                                CodeRange{0x20D0, 0x20FF}, CodeRange{0xFE00, 0xFE0F},
                                CodeRange{0xFE20, 0xFE2F}};
// Blocks that Unicode's EastAsianWidth lists as wide or full-width.
constexpr std::array kDoubleWidth{
    CodeRange{0x1100, 0x115F},   CodeRange{0x2E80, 0x303E},  CodeRange{0x3041, 0xA4CF},
    CodeRange{0xAC00, 0xD7A3},   CodeRange{0xF900, 0xFAFF},  CodeRange{0xFE30, 0xFE6F},
    CodeRange{0xFF00, 0xFF60},   CodeRange{0xFFE0, 0xFFE6},  CodeRange{0x1F300, 0x1F64F},
    CodeRange{0x1F900, 0x1F9FF}, CodeRange{0x20000, 0x3FFFD}};

template <std::size_t N>
bool is_in(const std::array<CodeRange, N>& ranges, std::uint32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

// Code point at the front of valid UTF-8, which moves on to what follows.
std::uint32_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t code = length == 1 ? lead : lead & (0x7FU >> length);
  for (std::size_t i = 1; i < std::min(length, text.size()); ++i) {
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(std::min(length, text.size()));
  return code;
}

std::string line_of(const std::vector<std::string>& padded) {
  std::string line;
  for (const std::string& cell : padded) line += (line.empty() ? "" : "  ") + cell;
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string pad(const std::string& cell, std::size_t width, Align align) {
  const std::string blanks(width - display_width(cell), ' ');
  return align == Align::kLeft ? cell + blanks : blanks + cell;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::uint32_t code = take_code_point(text);
    if (is_in(kZeroWidth, code)) continue;
    width += is_in(kDoubleWidth, code) ? 2 : 1;
  }
  return width;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string result;
  std::string line;
  std::size_t columns = indent;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const std::size_t added = display_width(word) + (line.empty() ? 0 : 1);
    if (!line.empty() && columns + added > width) {
      result += line + "\n" + std::string(indent, ' ');
      line.clear();
      columns = indent;
    }
    columns += display_width(word) + (line.empty() ? 0 : 1);
    line += (line.empty() ? "" : " ") + word;
  }
  return result + line + "\n";
}

void TextTable::add_column(std::string title, Align align) {
  columns_.push_back({std::move(title), align});
}

void TextTable::add_row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size()) {
    throw Error("table row: expected " + std::to_string(columns_.size()) + " cells, found " +
                std::to_string(cells.size()));
  }
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> TextTable::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    widths.push_back(width);
  }
  return widths;
}

std::string TextTable::to_string() const {
  const std::vector<std::size_t> width = widths();
  std::vector<std::string> titles;
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(pad(columns_[i].title, width[i], columns_[i].align));
    rules.emplace_back(width[i], '-');
  }
  std::string text = line_of(titles) + line_of(rules);
  for (const auto& row : rows_) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(pad(row[i], width[i], columns_[i].align));
    }
    text += line_of(cells);
  }
  return text;
}

}  // namespace bbprompt
