#include "data/import_rows.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"
#include "data/quoted_csv.hpp"

namespace bbprompt {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

// One row of a file before its meaning is checked.
struct FoundRow {
  std::int64_t line = 0;
  std::string_view text_a;
  std::string_view text_b;
  std::string_view label;
  std::string id;
};

// Turns rows as found into rows of the task.
class RowCollector {
 public:
  RowCollector(const KnownTask& task, const ImportLayout& layout, const ImportText& source)
      : task_(task), layout_(layout), source_(source) {}

  void add(const FoundRow& found) {
    if (layout_.may_disagree && found.label == "-") {
      ++result_.num_unagreed;
      return;
    }
    const auto label = find_label(task_, layout_, found.label);
    if (!label) fail(found.line, unknown_label(task_, layout_, found.label));
    if (is_blank(found.text_a) || (task_.is_pair && is_blank(found.text_b))) {
      ++result_.num_blank;
      return;
    }
    result_.rows.push_back({.text_a = std::string(found.text_a),
                            .text_b = std::string(found.text_b),
                            .label = *label,
                            .line = found.line,
                            .id = found.id});
  }

  [[noreturn]] void fail(std::int64_t line, const std::string& message) const {
    fail_line(source_, line, message);
  }

  // Where the text stands last, a missing line end is the only sign of a file that was cut.
  void check_whole(const LineCursor& lines) const {
    if (!lines.is_cut()) return;
    fail(lines.number(),
         "expected a line end after the last row, found none: the file may be cut short. Download "
         "it again, or, if it is whole, add the line end");
  }

  void check_width(const LineCursor& lines, std::size_t expected, std::size_t found) const {
    if (found == expected) return;
    std::string message =
        "expected " + std::to_string(expected) + " columns, found " + std::to_string(found);
    if (lines.is_at_end()) message += "; this is the last line: was the file cut short?";
    fail(lines.number(), message);
  }

  [[nodiscard]] ImportRows take() {
    if (result_.rows.empty()) throw DataError(source_.file, 0, "expected rows, found none");
    return std::move(result_);
  }

 private:
  const KnownTask& task_;
  const ImportLayout& layout_;
  const ImportText& source_;
  ImportRows result_;
};

void read_header_tsv(const ImportLayout& layout, const ImportText& source, RowCollector& rows) {
  LineCursor lines(source.text);
  std::string_view line;
  if (!lines.next(line)) return;
  const auto header = split_fields(line, '\t');
  const auto find_column = [&](const std::string& name) {
    const auto num_found = std::count(header.begin(), header.end(), name);
    if (num_found > 1) {
      rows.fail(lines.number(), "expected one column " + listed({name}) + ", found " +
                                    std::to_string(num_found) + " in \"" + printable(line) +
                                    "\"; rename the columns that are not meant");
    }
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  const auto column = [&](const std::string& name) {
    const std::size_t found = find_column(name);
    if (found == header.size()) {
      rows.fail(lines.number(), "expected a column " + listed({name}) + ", found none in \"" +
                                    printable(line) + "\"");
    }
    return found;
  };
  const std::size_t text_a = column(layout.text_a);
  const std::size_t text_b = layout.text_b.empty() ? header.size() : column(layout.text_b);
  const std::size_t label = column(layout.label);
  const std::size_t id_a = find_column("#1 ID");
  const std::size_t id_b = find_column("#2 ID");
  const bool has_ids = id_a < header.size() && id_b < header.size();
  while (lines.next(line)) {
    const auto fields = split_fields(line, '\t');
    rows.check_width(lines, header.size(), fields.size());
    FoundRow found{.line = lines.number(), .text_a = fields[text_a], .label = fields[label]};
    if (text_b < header.size()) found.text_b = fields[text_b];
    if (has_ids) found.id = std::string(fields[id_a]) + '\t' + std::string(fields[id_b]);
    rows.add(found);
  }
  const bool is_text_last = std::max(text_a, text_b == header.size() ? 0 : text_b) > label;
  if (is_text_last) rows.check_whole(lines);
}

void read_cola_tsv(const ImportText& source, RowCollector& rows) {
  LineCursor lines(source.text);
  for (std::string_view line; lines.next(line);) {
    const auto fields = split_fields(line, '\t');
    rows.check_width(lines, 4, fields.size());
    rows.add({.line = lines.number(), .text_a = fields[3], .label = fields[1]});
  }
  rows.check_whole(lines);
}

void read_trec_labels(const ImportText& source, RowCollector& rows) {
  LineCursor lines(source.text);
  for (std::string_view line; lines.next(line);) {
    const auto colon = line.find(':');
    const auto blank = line.find(' ');
    if (colon == std::string_view::npos || blank == std::string_view::npos || colon > blank) {
      rows.fail(lines.number(),
                R"(expected "LABEL:sub question", found ")" + printable(line) + "\"");
    }
    rows.add(
        {.line = lines.number(), .text_a = line.substr(blank + 1), .label = line.substr(0, colon)});
  }
  rows.check_whole(lines);
}

void read_rct_text(const ImportText& source, RowCollector& rows) {
  LineCursor lines(source.text);
  bool is_in_abstract = false;
  std::int64_t num_sentences = 0;
  const auto end_abstract = [&] {
    if (is_in_abstract && num_sentences == 0) {
      rows.fail(lines.number(), "expected the sentences of an abstract, found none");
    }
  };
  for (std::string_view line; lines.next(line);) {
    if (is_blank(line)) {
      end_abstract();
      is_in_abstract = false;
    } else if (line.starts_with("###")) {
      end_abstract();
      is_in_abstract = true;
      num_sentences = 0;
    } else {
      const auto tab = line.find('\t');
      if (!is_in_abstract || tab == std::string_view::npos) {
        rows.fail(lines.number(), std::string("expected ") +
                                      (is_in_abstract ? "LABEL<TAB>sentence" : "###id") +
                                      ", found \"" + printable(line) + "\"");
      }
      rows.add(
          {.line = lines.number(), .text_a = line.substr(tab + 1), .label = line.substr(0, tab)});
      ++num_sentences;
    }
  }
  end_abstract();
  rows.check_whole(lines);
}

void read_csv(const ImportLayout& layout, const ImportText& source, RowCollector& rows) {
  QuotedCsv reader(source);
  while (reader.next()) {
    const auto& fields = reader.fields();
    if (fields.size() != layout.num_columns) {
      rows.fail(reader.line(), "expected " + std::to_string(layout.num_columns) +
                                   " columns, found " + std::to_string(fields.size()));
    }
    rows.add({.line = reader.line(), .text_a = fields.back(), .label = fields.front()});
  }
}

// The value of a key as text; a label may be a boolean or an integer.
std::string json_text(const nlohmann::json& object, const std::string& key, bool is_label) {
  const auto found = object.find(key);
  if (found == object.end()) throw Error("expected a key \"" + key + "\", found none");
  if (found->is_string()) return found->get<std::string>();
  if (is_label && (found->is_boolean() || found->is_number_integer())) return found->dump();
  if (!is_label && found->is_null()) return "";
  throw Error("\"" + key + "\": expected a string, found " + json_kind(*found));
}

void read_json_lines(const ImportLayout& layout, const ImportText& source, RowCollector& rows) {
  LineCursor lines(source.text);
  for (std::string_view line; lines.next(line);) {
    if (is_blank(line)) continue;
    std::string text_a;
    std::string text_b;
    std::string label;
    try {
      const nlohmann::json object = parse_json(line);
      if (!object.is_object()) throw Error("expected an object, found " + json_kind(object));
      text_a = json_text(object, layout.text_a, false);
      if (!layout.text_b.empty()) text_b = json_text(object, layout.text_b, false);
      label = json_text(object, layout.label, true);
    } catch (const Error& error) {
      rows.fail(lines.number(),
                std::string(error.what()) +
                    (lines.is_at_end() ? "; this is the last line: was the file cut short?"
                                       : "; expected one JSON object per line"));
    }
    rows.add({.line = lines.number(), .text_a = text_a, .text_b = text_b, .label = label});
  }
}

}  // namespace

std::optional<std::size_t> find_label(const KnownTask& task, const ImportLayout& layout,
                                      std::string_view label) {
  const auto translated = std::find_if(layout.labels.begin(), layout.labels.end(),
                                       [&](const auto& pair) { return pair.first == label; });
  const std::string wanted =
      lower(translated == layout.labels.end() ? label : std::string_view(translated->second));
  for (std::size_t i = 0; i < task.labels.size(); ++i) {
    if (lower(task.labels[i]) == wanted) return i;
  }
  return std::nullopt;
}

std::string unknown_label(const KnownTask& task, const ImportLayout& layout,
                          std::string_view label) {
  std::vector<std::string> known = task.labels;
  for (const auto& pair : layout.labels) known.push_back(pair.first);
  return "expected a label of " + task.name + " (" + listed(known) + "), found \"" +
         printable(label) + "\"";
}

std::vector<std::string> read_id_pairs(const ImportText& source) {
  std::vector<std::string> ids;
  LineCursor lines(source.text);
  for (std::string_view line; lines.next(line);) {
    if (split_fields(line, '\t').size() != 2) {
      fail_line(source, lines.number(), "expected two ids, found \"" + printable(line) + "\"");
    }
    ids.emplace_back(line);
  }
  return ids;
}

ImportRows read_import_rows(const KnownTask& task, const ImportLayout& layout,
                            const ImportText& source) {
  RowCollector rows(task, layout, source);
  switch (layout.kind) {
    case LayoutKind::kHeaderTsv:
      read_header_tsv(layout, source, rows);
      break;
    case LayoutKind::kColaTsv:
      read_cola_tsv(source, rows);
      break;
    case LayoutKind::kCsv:
      read_csv(layout, source, rows);
      break;
    case LayoutKind::kJsonLines:
      read_json_lines(layout, source, rows);
      break;
    case LayoutKind::kTrecLabels:
      read_trec_labels(source, rows);
      break;
    case LayoutKind::kRctText:
      read_rct_text(source, rows);
      break;
    case LayoutKind::kXml:
    case LayoutKind::kIdPairs:
    case LayoutKind::kUnlabelled:
      throw Error(source.file + ": " + layout.name + " has no rows of its own");
  }
  return rows.take();
}

}  // namespace bbprompt
