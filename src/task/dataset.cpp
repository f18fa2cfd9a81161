#include "bbprompt/task/dataset.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/task/input_rows.hpp"
#include "task/delimited_rows.hpp"
#include "task/jsonl_rows.hpp"

namespace bbprompt {
namespace {

using RowReader = ReadingNote (*)(const SourceText&, const ColumnNames&, const RowSink&);

RowReader reader_for(const std::string& file, const std::string& extension) {
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") {
    return read_jsonl_rows;
  }
  if (extension == ".csv") return read_csv_rows;
  if (extension == ".tsv") return read_tsv_rows;
  throw DataError(file, 0,
                  "expected a name that ends in .jsonl, .ndjson, .json, .csv or .tsv, found \"" +
                      printable(extension) + "\"");
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !folder.empty() && !relative.empty() && *relative.begin() != "..";
}

std::string contents_of(const std::filesystem::path& path, const TaskOptions& task) {
  try {
    return read_file(path);
  } catch (const StoreError& error) {
    std::string message = std::string(error.what()).substr(error.file().size() + 2);
    std::error_code ignored;
    if (is_below(path, task.data_folder) && !std::filesystem::exists(path, ignored)) {
      message +=
          "; set data_folder or BBPROMPT_DATA to the folder of the data sets, or import this one "
          "with `bbprompt data import`";
    }
    throw DataError(path.string(), 0, message);
  }
}

SourceText source_text(const std::string& file, std::string_view contents) {
  constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
  if (contents.starts_with("\xff\xfe") || contents.starts_with("\xfe\xff")) {
    throw DataError(file, 0, "expected UTF-8, found UTF-16; convert the file to UTF-8");
  }
  const std::size_t num_skipped = contents.starts_with(kUtf8Mark) ? kUtf8Mark.size() : 0;
  if (contents.size() == num_skipped) throw DataError(file, 0, "the file is empty");
  return {.file = file, .text = contents.substr(num_skipped), .num_skipped = num_skipped};
}

// Turns rows into examples.
class ExampleBuilder {
 public:
  ExampleBuilder(const TaskOptions& task, const SourceText& source, bool is_label_optional = false)
      : source_(source),
        has_text_b_(!task.text_b.empty()),
        columns_{.text_a = task.text_a,
                 .text_b = task.text_b,
                 .label = task.label,
                 .quoting = task.quoting,
                 .has_header = task.has_header,
                 .is_label_optional = is_label_optional} {
    for (const LabelOptions& label : task.labels) {
      const auto index = static_cast<int>(labels_.size());
      if (!labels_.emplace(label.name, index).second) {
        throw SettingError("task.labels", "label \"" + printable(label.name) + "\" is there twice");
      }
      label_names_.push_back(label.name);
    }
    if (labels_.empty())
      throw SettingError("task.labels", "expected at least one label, found none");
    if (columns_.text_a == columns_.label || columns_.text_a == columns_.text_b ||
        columns_.text_b == columns_.label) {
      throw SettingError(
          "task.columns",
          "expected different columns for the texts and the label, found " +
              quoted_list(std::vector{columns_.text_a, columns_.text_b, columns_.label}));
    }
  }

  [[nodiscard]] const ColumnNames& columns() const { return columns_; }

  [[nodiscard]] Example build(SourceRow&& row) const {
    check_text(row, row.text_a, columns_.text_a);
    if (has_text_b_) check_text(row, row.text_b, columns_.text_b);
    const auto label = labels_.find(row.label);
    const bool is_without = columns_.is_label_optional && row.label.empty();
    if (label == labels_.end() && !is_without) {
      fail_row(source_, {.row = row.row, .line = row.line},
               "label \"" + printable(row.label) + "\" has no answer words" +
                   suggestion(row.label, label_names_) + "; the task's labels are " +
                   quoted_list(label_names_));
    }
    return {.text_a = std::move(row.text_a),
            .text_b = std::move(row.text_b),
            .label = is_without ? -1 : label->second,
            .row = row.row};
  }

 private:
  void check_text(const SourceRow& row, std::string_view text, const std::string& column) const {
    const RowPlace place{.row = row.row, .line = row.line};
    if (text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos) {
      fail_row(source_, place, "expected text in \"" + printable(column) + "\", found none");
    }
    if (text.find('\0') != std::string_view::npos) {
      fail_row(source_, place, "found a NUL character in \"" + printable(column) + "\"");
    }
  }

  const SourceText& source_;
  bool has_text_b_;
  ColumnNames columns_;
  std::map<std::string, int, std::less<>> labels_;
  std::vector<std::string> label_names_;
};

// What people overlook in their files: a label without rows, one that has nearly all of them, and
// texts that stand there with two labels.
void note_labels(Dataset& dataset, const TaskOptions& task) {
  std::vector<std::int64_t> counts(task.labels.size(), 0);
  std::map<std::pair<std::string_view, std::string_view>, int> label_of;
  std::set<std::pair<std::string_view, std::string_view>> contradicted;
  for (const Example& example : dataset.examples) {
    ++counts[static_cast<std::size_t>(example.label)];
    const auto [known, is_new] = label_of.emplace(content_of(example), example.label);
    if (!is_new && known->second != example.label) contradicted.insert(known->first);
  }
  const std::string file = dataset.path.filename().string();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0)
      dataset.notes.push_back(file + " has no row of label \"" + printable(task.labels[i].name) +
                              "\"");
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  const auto num_rows = static_cast<std::int64_t>(dataset.examples.size());
  constexpr std::int64_t kFewRows = 50;
  if (num_rows >= kFewRows && 10 * *most >= 9 * num_rows) {
    dataset.notes.push_back(
        file + ": " + std::to_string(*most) + " of " + plural(num_rows, "row") + " have label \"" +
        printable(task.labels[static_cast<std::size_t>(most - counts.begin())].name) +
        "\"; accuracy says little here, macro_f1 or matthews say more");
  }
  if (!contradicted.empty()) {
    const auto count = static_cast<std::int64_t>(contradicted.size());
    dataset.notes.push_back(file + ": " + plural(count, "text") +
                            (count == 1 ? " stands" : " stand") +
                            " there with different labels, such as \"" +
                            printable(contradicted.begin()->first, 40) + "\"");
  }
}

}  // namespace

Dataset read_dataset(const std::filesystem::path& path, const TaskOptions& task) {
  const RowReader read_rows = reader_for(path.string(), path.extension().string());
  const std::string contents = contents_of(path, task);
  const SourceText source = source_text(path.string(), contents);
  const ExampleBuilder builder(task, source);
  Dataset dataset{
      .path = path, .sha256 = sha256_hex(contents), .examples = {}, .quoting = {}, .notes = {}};
  ReadingNote note = read_rows(source, builder.columns(), [&](SourceRow&& row) {
    dataset.examples.push_back(builder.build(std::move(row)));
  });
  dataset.quoting = std::move(note.quoting);
  if (!note.note.empty()) dataset.notes.push_back(std::move(note.note));
  if (dataset.examples.empty()) {
    throw DataError(source.file, 0, "expected at least one row, found none");
  }
  note_labels(dataset, task);
  return dataset;
}

void read_input_rows(const InputText& input, const TaskOptions& task,
                     const std::function<void(Example&&)>& sink) {
  const RowReader read_rows = reader_for(input.name, input.ending);
  const SourceText source = source_text(input.name, input.contents);
  const ExampleBuilder builder(task, source, true);
  (void)read_rows(source, builder.columns(),
                  [&](SourceRow&& row) { sink(builder.build(std::move(row))); });
}

}  // namespace bbprompt
