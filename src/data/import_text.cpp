#include "data/import_text.hpp"

#include <algorithm>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

std::string from_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

}  // namespace

void fail_line(const ImportText& source, std::int64_t line, const std::string& message) {
  throw DataError(source.file, 0, "line " + std::to_string(line) + ": " + message);
}

std::int64_t line_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  return 1 + std::count(before.begin(), before.end(), '\n');
}

ImportText load_import_text(const std::filesystem::path& path, Encoding8Bit fallback) {
  ImportText source{.file = path.string(), .text = {}};
  try {
    source.text = read_file(path);
  } catch (const StoreError& error) {
    throw DataError(source.file, 0, std::string(error.what()).substr(error.file().size() + 2));
  }
  if (source.text.starts_with("\xff\xfe") || source.text.starts_with("\xfe\xff")) {
    throw DataError(source.file, 0, "expected UTF-8, found UTF-16; convert the file to UTF-8");
  }
  if (source.text.starts_with("\xef\xbb\xbf")) source.text.erase(0, 3);
  if (is_blank(source.text)) throw DataError(source.file, 0, "the file is empty");
  if (const auto offset = source.text.find('\0'); offset != std::string::npos) {
    fail_line(source, line_at(source.text, offset), "expected text, found a NUL byte");
  }
  if (const auto offset = find_invalid_utf8(source.text)) {
    if (fallback == Encoding8Bit::kRefuse) {
      fail_line(source, line_at(source.text, *offset),
                "expected UTF-8, found an invalid byte; convert the file to UTF-8");
    }
    source.text = from_latin1(source.text);
  }
  return source;
}

std::size_t first_filled_line(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\v\f");
  if (first == std::string_view::npos) return text.size();
  const std::size_t before = text.substr(0, first).rfind('\n');
  return before == std::string_view::npos ? 0 : before + 1;
}

std::string_view first_line(const ImportText& source) {
  std::string_view line;
  (void)LineCursor(source.text).next(line);
  return line;
}

void fail_first_line(const ImportText& source, const std::string& message) {
  fail_line(source, line_at(source.text, first_filled_line(source.text)), message);
}

LineCursor::LineCursor(std::string_view text) : rest_(text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n\v\f");
  const std::size_t end = last == std::string_view::npos ? last : text.find('\n', last);
  if (end != std::string_view::npos) rest_ = text.substr(0, end + 1);
  const std::size_t begin = first_filled_line(rest_);
  number_ = line_at(rest_, begin) - 1;
  rest_.remove_prefix(begin);
}

bool LineCursor::next(std::string_view& line) {
  if (rest_.empty()) return false;
  const std::size_t end = rest_.find('\n');
  is_cut_ = end == std::string_view::npos;
  line = rest_.substr(0, end);
  rest_ = is_cut_ ? std::string_view{} : rest_.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++number_;
  return true;
}

std::vector<std::string_view> split_fields(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0;;) {
    const std::size_t end = line.find(separator, begin);
    fields.push_back(line.substr(begin, end - begin));
    if (end == std::string_view::npos) return fields;
    begin = end + 1;
  }
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "\"" : ", \"") + printable(name) + "\"";
  }
  return list;
}

}  // namespace bbprompt
