#include "task/jsonl_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

// One line of the file as an object whose keys are asked for.
class JsonRow {
 public:
  JsonRow(const SourceText& source, const RowPlace& place, std::string_view line)
      : source_(source), place_(place) {
    try {
      object_ = parse_json(line);
    } catch (const Error& error) {
      fail_row(source, place, std::string(error.what()) + "; expected one JSON object per line");
    }
    if (!object_.is_object()) {
      fail_row(source, place, "expected one JSON object per line, found " + json_kind(object_));
    }
  }

  [[nodiscard]] std::string text(const std::string& name) {
    nlohmann::json& value = at(name);
    if (!value.is_string()) fail_kind(name, "a string", value);
    return std::move(value.get_ref<std::string&>());
  }

  [[nodiscard]] bool has(const std::string& name) const {
    const auto found = object_.find(name);
    return found != object_.end() && !found->is_null();
  }

  [[nodiscard]] std::string label(const std::string& name) {
    nlohmann::json& value = at(name);
    if (value.is_number_integer() || value.is_boolean()) return value.dump();
    if (!value.is_string()) fail_kind(name, "a string, an integer or a boolean", value);
    return std::move(value.get_ref<std::string&>());
  }

 private:
  nlohmann::json& at(const std::string& name) {
    if (const auto found = object_.find(name); found != object_.end()) return *found;
    std::vector<std::string> keys;
    for (const auto& item : object_.items()) keys.push_back(item.key());
    fail_row(source_, place_,
             "expected a key \"" + printable(name) + "\"" + suggestion(name, keys) + ", found " +
                 (keys.empty() ? "none" : quoted_list(keys)));
  }

  [[noreturn]] void fail_kind(const std::string& name, const std::string& expected,
                              const nlohmann::json& value) {
    fail_row(source_, place_,
             "\"" + printable(name) + "\": expected " + expected + ", found " + json_kind(value));
  }

  const SourceText& source_;
  RowPlace place_;
  nlohmann::json object_;
};

}  // namespace

ReadingNote read_jsonl_rows(const SourceText& source, const ColumnNames& names,
                            const RowSink& sink) {
  const std::string_view text = source.text.substr(0, length_without_blank_end(source.text));
  RowPlace place;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    place = {.row = place.row + 1, .line = place.line + 1};
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    check_row_bytes(source, place, line);
    JsonRow row(source, place, line);
    SourceRow found{.row = place.row,
                    .line = place.line,
                    .text_a = row.text(names.text_a),
                    .text_b = {},
                    .label = {}};
    if (!names.text_b.empty()) found.text_b = row.text(names.text_b);
    if (!names.is_label_optional || row.has(names.label)) found.label = row.label(names.label);
    sink(std::move(found));
  }
  return {};
}

}  // namespace bbprompt
