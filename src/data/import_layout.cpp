#include "data/import_layout.hpp"

#include <algorithm>
#include <optional>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// A layout whose columns or keys have names: text, second text (pairs), label.
ImportLayout named_columns(LayoutKind kind, const std::string& what,
                           const std::vector<std::string>& names, Labels labels = {}) {
  return {.kind = kind,
          .name = what + " " + listed(names),
          .text_a = names.front(),
          .text_b = names.size() == 3 ? names[1] : "",
          .label = names.back(),
          .labels = std::move(labels)};
}

ImportLayout header_tsv(const std::vector<std::string>& names, Labels labels = {}) {
  return named_columns(LayoutKind::kHeaderTsv, "TSV with columns", names, std::move(labels));
}

ImportLayout json_lines(const std::vector<std::string>& names) {
  return named_columns(LayoutKind::kJsonLines, "JSON lines with keys", names);
}

ImportLayout csv(std::string name, std::size_t num_columns, Labels labels) {
  return {.kind = LayoutKind::kCsv,
          .name = std::move(name),
          .num_columns = num_columns,
          .labels = std::move(labels)};
}

ImportLayout plain(LayoutKind kind, std::string name, Labels labels = {}) {
  return {.kind = kind, .name = std::move(name), .labels = std::move(labels)};
}

bool holds_all(const std::vector<std::string>& names, const ImportLayout& layout,
               std::string_view label) {
  const auto has = [&](std::string_view name) {
    return name.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  return has(layout.text_a) && has(layout.text_b) && has(label);
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_trec_line(std::string_view line) {
  const auto colon = line.find(':');
  const auto blank = line.find(' ');
  if (colon == std::string_view::npos || blank == std::string_view::npos || colon > 4 ||
      colon < 3 || blank < colon + 2) {
    return false;
  }
  return std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The first line, taken apart in the ways layouts ask for.
class FirstLine {
 public:
  explicit FirstLine(const ImportText& source) : line_(first_line(source)) {
    for (const auto field : split_fields(line_, '\t')) fields_.emplace_back(field);
    if (!line_.starts_with('{')) return;
    try {
      const auto object = parse_json(line_);
      for (const auto& item : object.items()) keys_.push_back(item.key());
    } catch (const Error& error) {
      fail_first_line(source, std::string(error.what()) + "; expected one JSON object per line");
    }
  }

  // The first of the names that tell the file of another task; nothing where there is none.
  [[nodiscard]] std::optional<std::string> name_of_other(const ImportLayout& layout) const {
    for (const std::string& name : layout.other_names) {
      for (const auto* names : {&fields_, &keys_}) {
        if (std::find(names->begin(), names->end(), name) != names->end()) return name;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] bool fits(const ImportLayout& layout) const {
    return !name_of_other(layout) && has_form(layout);
  }

  [[nodiscard]] bool has_form(const ImportLayout& layout) const {
    switch (layout.kind) {
      case LayoutKind::kHeaderTsv:
        return holds_all(fields_, layout, layout.label);
      case LayoutKind::kUnlabelled:
        return holds_all(fields_, layout, "") && !holds_all(fields_, layout, layout.label);
      case LayoutKind::kJsonLines:
        return holds_all(keys_, layout, layout.label);
      case LayoutKind::kColaTsv:
        return fields_.size() == 4 && (fields_[1] == "0" || fields_[1] == "1");
      case LayoutKind::kIdPairs:
        return fields_.size() == 2 && is_number(fields_[0]) && is_number(fields_[1]);
      case LayoutKind::kCsv:
        return is_csv();
      case LayoutKind::kTrecLabels:
        return is_trec_line(line_);
      case LayoutKind::kRctText:
        return line_.starts_with("###") && is_number(line_.substr(3));
      case LayoutKind::kXml:
        return line_.starts_with('<');
    }
    return false;
  }

 private:
  [[nodiscard]] bool is_csv() const {
    std::string_view field = std::string_view(line_).substr(0, line_.find(','));
    if (field.size() == line_.size()) return false;
    if (field.size() > 2 && field.front() == '"' && field.back() == '"') {
      field = field.substr(1, field.size() - 2);
    }
    return is_number(field);
  }

  std::string line_;
  std::vector<std::string> fields_;
  std::vector<std::string> keys_;
};

std::optional<ImportLayout> layout_that_fits(const KnownTask& task, const FirstLine& line) {
  for (ImportLayout& layout : layouts_of(task)) {
    if (line.fits(layout)) return std::move(layout);
  }
  return std::nullopt;
}

// In XML alone any line ends are fine.
void refuse_carriage_returns(const ImportText& source) {
  const std::string_view line = first_line(source);
  const std::size_t first = line.find('\r');
  const bool is_separator = first != std::string_view::npos && !is_blank(line.substr(first)) &&
                            source.text.find('\n') == std::string::npos;
  if (!is_separator || line.starts_with('<')) return;
  fail_first_line(source,
                  "expected lines that end with LF or CRLF, found lines that end with CR alone, as "
                  "on old Macs; convert the file: tr '\\r' '\\n' < OLD > NEW");
}

// Throws for a file whose form is the task's, but that has a column or key of another one.
void refuse_other_task(const KnownTask& task, const ImportText& source, const FirstLine& line) {
  for (const ImportLayout& layout : layouts_of(task)) {
    const auto name = line.name_of_other(layout);
    if (!name || !line.has_form(layout)) continue;
    fail_first_line(source, "expected a file of " + task.name + ", found a column or key " +
                                listed({*name}) + ", which files of " + layout.other_task +
                                " have; import it as " + layout.other_task);
  }
}

void add_header_tsv(const std::string& task, std::vector<ImportLayout>& layouts) {
  if (task == "mrpc") {
    layouts.push_back(header_tsv({"#1 String", "#2 String", "Quality"},
                                 {{"0", "not_equivalent"}, {"1", "equivalent"}}));
    layouts.push_back(plain(LayoutKind::kIdPairs, "GLUE's dev_ids.tsv"));
  } else if (task == "qnli") {
    layouts.push_back(header_tsv({"question", "sentence", "label"}));
  } else if (task == "rte") {
    layouts.push_back(header_tsv({"sentence1", "sentence2", "label"}));
  } else if (task == "sst2") {
    layouts.push_back(header_tsv({"sentence", "label"}, {{"0", "negative"}, {"1", "positive"}}));
  } else if (task == "mnli" || task == "snli") {
    const std::vector<std::string> names = {"sentence1", "sentence2", "gold_label"};
    for (ImportLayout layout : {header_tsv(names), json_lines(names)}) {
      const bool is_mnli = task == "mnli";
      layout.other_task = is_mnli ? "snli" : "mnli";
      layout.other_names = is_mnli ? std::vector<std::string>{"captionID"}
                                   : std::vector<std::string>{"genre", "promptID"};
      layouts.push_back(std::move(layout));
    }
  }
}

void add_other(const std::string& task, std::vector<ImportLayout>& layouts) {
  if (task == "cola") {
    layouts.push_back(plain(LayoutKind::kColaTsv, "CoLA's TSV of four columns",
                            {{"0", "unacceptable"}, {"1", "acceptable"}}));
    ImportLayout unlabelled = header_tsv({"sentence", "label"});
    unlabelled.kind = LayoutKind::kUnlabelled;
    layouts.push_back(std::move(unlabelled));
  } else if (task == "rct") {
    layouts.push_back(plain(LayoutKind::kRctText, "PubMed RCT text (###id, LABEL<TAB>sentence)"));
  } else if (task == "hp") {
    layouts.push_back(plain(LayoutKind::kXml, "SemEval XML, articles and ground truth"));
  } else if (task == "trec") {
    layouts.push_back(plain(LayoutKind::kTrecLabels, "TREC lines (LABEL:sub question)"));
  } else if (task == "agnews") {
    layouts.push_back(csv("AG News CSV (class, title, description)", 3,
                          {{"1", "World"}, {"2", "Sports"}, {"3", "Business"}, {"4", "Sci/Tech"}}));
  } else if (task == "mr") {
    layouts.push_back(csv("LM-BFF CSV (0 or 1, text)", 2, {{"0", "negative"}, {"1", "positive"}}));
  } else if (task == "subj") {
    layouts.push_back(
        csv("LM-BFF CSV (0 or 1, text)", 2, {{"0", "subjective"}, {"1", "objective"}}));
  }
}

}  // namespace

std::vector<ImportLayout> layouts_of(const KnownTask& task) {
  std::vector<ImportLayout> layouts;
  add_header_tsv(task.name, layouts);
  add_other(task.name, layouts);
  const bool is_text_and_label =
      task.name == "ci" || task.name == "se" || task.name == "rct" || task.name == "hp";
  if (is_text_and_label) layouts.push_back(json_lines({"text", "label"}));
  layouts.push_back(task.is_pair ? json_lines({"text_a", "text_b", "label"})
                                 : json_lines({"text_a", "label"}));
  const bool may_disagree = task.name == "mnli" || task.name == "snli";
  for (ImportLayout& layout : layouts) layout.may_disagree = may_disagree;
  // A test file of GLUE has the texts alone.
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    if (layouts[i].kind != LayoutKind::kHeaderTsv) continue;
    ImportLayout unlabelled = layouts[i];
    unlabelled.kind = LayoutKind::kUnlabelled;
    layouts.push_back(std::move(unlabelled));
  }
  return layouts;
}

ImportLayout recognise_layout(const KnownTask& task, const ImportText& source) {
  refuse_carriage_returns(source);
  const FirstLine line(source);
  refuse_other_task(task, source, line);
  if (auto layout = layout_that_fits(task, line)) return std::move(*layout);
  std::string expected;
  for (const ImportLayout& layout : layouts_of(task)) {
    if (layout.kind == LayoutKind::kUnlabelled) continue;
    expected += (expected.empty() ? "" : "; ") + layout.name;
  }
  std::string others;
  for (const KnownTask& other : known_tasks()) {
    if (other.name == task.name || !layout_that_fits(other, line)) continue;
    others += (others.empty() ? "" : ", ") + other.name;
  }
  fail_first_line(source, "expected a layout of " + task.name + " (" + expected + "), found \"" +
                              printable(first_line(source)) + "\"" +
                              (others.empty() ? "" : "; files of " + others + " look like that"));
}

}  // namespace bbprompt
