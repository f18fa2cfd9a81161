#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bbprompt {

// A file to import, as UTF-8 without byte order mark.
struct ImportText {
  std::string file;  // for messages
  std::string text;
};

enum class Encoding8Bit { kRefuse, kLatin1 };

// Reads a file. Text that is no UTF-8 is read as ISO 8859-1, or refused. Throws DataError.
[[nodiscard]] ImportText load_import_text(const std::filesystem::path& path, Encoding8Bit fallback);

// Throws DataError, the message led by the line.
[[noreturn]] void fail_line(const ImportText& source, std::int64_t line,
                            const std::string& message);

// Line of an offset, from 1.
[[nodiscard]] std::int64_t line_at(std::string_view text, std::size_t offset);

// Offset of the first line that is not blank; the size of a text that has none.
[[nodiscard]] std::size_t first_filled_line(std::string_view text);

// The first line that is not blank, and an error in it.
[[nodiscard]] std::string_view first_line(const ImportText& source);
[[noreturn]] void fail_first_line(const ImportText& source, const std::string& message);

// Lines of a text one after the other, without their ends (LF or CRLF). Blank lines at both ends of
// the text are left out, but those before the first line count in its number.
class LineCursor {
 public:
  explicit LineCursor(std::string_view text);

  // Replaces `line` and returns true, or returns false at the end.
  [[nodiscard]] bool next(std::string_view& line);

  [[nodiscard]] std::int64_t number() const { return number_; }  // of the line read last, from 1
  [[nodiscard]] bool is_cut() const { return is_cut_; }          // it had no line end
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::int64_t number_ = 0;
  bool is_cut_ = false;
};

[[nodiscard]] std::vector<std::string_view> split_fields(std::string_view line, char separator);

[[nodiscard]] bool is_blank(std::string_view text);

// `"a", "b"` for a message.
[[nodiscard]] std::string listed(const std::vector<std::string>& names);

}  // namespace bbprompt
