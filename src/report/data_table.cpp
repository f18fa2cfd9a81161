#include "report/data_table.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <sstream>
#include <utility>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kNoteWidth = 100;

struct Replacement {
  std::string_view from;
  std::string_view to;
};

std::string whole(std::string_view text) {
  return printable(text, std::numeric_limits<std::size_t>::max() / 2);
}

template <std::size_t N>
std::string replaced(std::string_view text, const std::array<Replacement, N>& replacements) {
  const std::string source = whole(text);
  std::string result;
  for (std::size_t i = 0; i < source.size();) {
    const std::string_view rest = std::string_view(source).substr(i);
    const auto* found =
        std::find_if(replacements.begin(), replacements.end(),
                     [&](const Replacement& r) { return rest.starts_with(r.from); });
    if (found == replacements.end()) {
      result += source[i++];
    } else {
      result += found->to;
      i += found->from.size();
    }
  }
  return result;
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

std::string latex_row(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i > 0 ? " & " : "  ") + cells[i];
  return line + " \\\\\n";
}

// Runs of blanks, which align a terminal's columns, as one.
std::string squeezed(const std::string& text) {
  std::string result;
  for (const char character : text) {
    if (character == ' ' && (result.empty() || result.back() == ' ')) continue;
    result += character;
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

bool has_best(const DataTable& table, std::size_t column) {
  return std::any_of(table.rows().begin(), table.rows().end(),
                     [&](const auto& row) { return row[column].is_best; });
}

}  // namespace

std::string markdown_text(std::string_view text) {
  static constexpr std::array<Replacement, 11> kEscapes{{{"\\", "\\\\"},
                                                         {"|", "\\|"},
                                                         {"*", "\\*"},
                                                         {"_", "\\_"},
                                                         {"`", "\\`"},
                                                         {"[", "\\["},
                                                         {"]", "\\]"},
                                                         {"~", "\\~"},
                                                         {"<", "&lt;"},
                                                         {">", "&gt;"},
                                                         {"&", "&amp;"}}};
  return replaced(text, kEscapes);
}

std::string html_text(std::string_view text) {
  static constexpr std::array<Replacement, 5> kEscapes{
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}}};
  return replaced(text, kEscapes);
}

std::string to_terminal(const DataTable& table) {
  TextTable text;
  for (const auto& column : table.columns()) text.add_column(printable(column.title), column.align);
  for (const auto& row : table.rows()) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(whole(row[i].text));
      if (has_best(table, i)) cells.back() += row[i].is_best ? '*' : ' ';
    }
    text.add_row(std::move(cells));
  }
  std::string result = text.to_string();
  for (const std::string& note : table.notes()) result += wrapped(whole(note), kNoteWidth);
  return result;
}

std::string to_markdown(const DataTable& table) {
  std::vector<std::string> titles;
  std::vector<std::string> rules;
  for (const auto& column : table.columns()) {
    titles.push_back(markdown_text(column.title));
    rules.emplace_back(column.align == Align::kLeft ? ":--" : "--:");
  }
  std::string result =
      "**" + markdown_text(table.caption()) + "**\n\n" + markdown_row(titles) + markdown_row(rules);
  for (const auto& row : table.rows()) {
    std::vector<std::string> cells;
    for (const TableCell& cell : row) {
      const std::string text = markdown_text(squeezed(cell.text));
      cells.push_back(cell.is_best ? "**" + text + "**" : text);
    }
    result += markdown_row(cells);
  }
  for (const std::string& note : table.notes()) result += "\n" + markdown_text(note) + "\n";
  return result;
}

std::string to_latex(const DataTable& table) {
  std::string form;
  std::vector<std::string> titles;
  for (const auto& column : table.columns()) {
    form += column.align == Align::kLeft ? 'l' : 'r';
    titles.push_back(latex_text(column.title));
  }
  std::string notes;
  for (const std::string& note : table.notes()) notes += ". " + latex_text(note);
  std::string result = "\\begin{table}\n\\centering\n\\caption{" + latex_text(table.caption()) +
                       notes + ".}\n\\begin{tabular}{" + form + "}\n\\toprule\n" +
                       latex_row(titles) + "\\midrule\n";
  for (const auto& row : table.rows()) {
    std::vector<std::string> cells;
    for (const TableCell& cell : row) {
      std::string text = latex_text(squeezed(cell.text));
      if (text.starts_with('-') && text.size() > 1 &&
          std::isdigit(static_cast<unsigned char>(text[1])) != 0)
        text.replace(0, 1, "$-$");
      cells.push_back(cell.is_best ? "\\textbf{" + text + "}" : text);
    }
    result += latex_row(cells);
  }
  return result + "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
}

std::string to_html(const DataTable& table) {
  const auto cell_of = [](const std::string& tag, Align align, const TableCell& cell) {
    std::string classes = align == Align::kRight ? "number" : "";
    if (cell.is_best) classes += classes.empty() ? "best" : " best";
    const std::string attribute = classes.empty() ? "" : " class=\"" + classes + "\"";
    return "<" + tag + attribute + "><bdi>" + html_text(squeezed(cell.text)) + "</bdi></" + tag +
           ">";
  };
  std::string html = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const auto& column : table.columns()) {
    html += cell_of("th", column.align, {column.title});
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows()) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      html += cell_of("td", table.columns()[i].align, row[i]);
    }
    html += "</tr>\n";
  }
  html += "</tbody>\n</table></div>\n";
  for (const std::string& note : table.notes()) {
    html += "<p class=\"note\">" + html_text(note) + "</p>\n";
  }
  return html;
}

}  // namespace bbprompt
