#include "task/source_row.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {

void fail_row(const SourceText& source, const RowPlace& place, const std::string& message) {
  throw DataError(source.file, place.row, "line " + std::to_string(place.line) + ": " + message);
}

void check_row_bytes(const SourceText& source, const RowPlace& place, std::string_view raw) {
  const auto file_offset = [&](std::size_t offset) {
    return std::to_string(source.num_skipped +
                          static_cast<std::size_t>(raw.data() - source.text.data()) + offset);
  };
  if (raw.size() > kMaxRowBytes) {
    fail_row(source, place,
             "expected a row of at most " + std::to_string(kMaxRowBytes >> 20) +
                 " MiB, found a longer one; is a quote left open, or the file not text?");
  }
  if (const auto offset = find_invalid_utf8(raw)) {
    const std::size_t shown = *offset - std::min<std::size_t>(*offset, 20);
    fail_row(source, place,
             "expected UTF-8, found an invalid byte at offset " + file_offset(*offset) +
                 " of the file, after \"" + printable(raw.substr(shown, *offset - shown)) +
                 "\"; convert the file to UTF-8");
  }
  if (const auto offset = raw.find('\0'); offset != std::string_view::npos) {
    fail_row(source, place,
             "expected text, found a NUL byte at offset " + file_offset(offset) + " of the file");
  }
}

std::size_t length_without_blank_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \r\n");
  if (last == std::string_view::npos) return 0;
  const std::size_t line_end = text.find('\n', last);
  return line_end == std::string_view::npos ? text.size() : line_end + 1;
}

}  // namespace bbprompt
