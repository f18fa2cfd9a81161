#include "app/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace bbprompt {
namespace {

constexpr std::size_t kFewest = 50;
constexpr std::size_t kMost = 1000;
constexpr std::size_t kWidestText = 110;  // longer lines are hard to read

// 0: not set, or no number.
std::size_t columns_variable() {
  const char* variable = std::getenv("COLUMNS");
  if (variable == nullptr) return 0;
  const std::string_view text(variable);
  std::size_t columns = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), columns);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? columns : 0;
}

}  // namespace

std::size_t terminal_columns(int descriptor, std::size_t otherwise) {
  std::size_t columns = columns_variable();
  winsize size{};
  if (columns == 0 && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
  if (columns == 0) return otherwise;
  return std::clamp(columns, kFewest, kMost);
}

std::size_t text_columns() { return std::min(terminal_columns(STDOUT_FILENO), kWidestText); }

}  // namespace bbprompt
