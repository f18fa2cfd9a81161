#include "run/event_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/regular_file.hpp"

namespace bbprompt {
namespace {

// ISO 8601, UTC, with milliseconds.
std::string time_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const std::time_t seconds = milliseconds / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  (void)std::snprintf(text.data() + length, text.size() - length, ".%03dZ",
                      static_cast<int>(milliseconds % 1000));
  return text.data();
}

// Whether the file's last line has its end: a killed process may have left half of one.
bool ends_with_line(const std::filesystem::path& file) {
  std::FILE* in = std::fopen(file.c_str(), "rb");
  if (in == nullptr) return true;
  const bool is_empty = std::fseek(in, -1, SEEK_END) != 0;
  const bool is_whole = is_empty || std::fgetc(in) == '\n';
  (void)std::fclose(in);
  return is_whole;
}

}  // namespace

EventLog::EventLog(const std::filesystem::path& file) : file_(file) {
  try {
    descriptor_ = open_own_file(file, O_WRONLY | O_CREAT | O_APPEND);
  } catch (const StoreError& error) {
    logger()->warn("{}; the run goes on without it", error.what());
    return;
  }
  if (!ends_with_line(file)) put("\n");
}

EventLog::~EventLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void EventLog::write(std::string_view event, const nlohmann::ordered_json& fields) {
  if (descriptor_ < 0) return;
  nlohmann::ordered_json line = {{"time", time_now()}, {"event", event}};
  line.update(fields);
  put(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
}

// A single write: lines of one file are never mixed up, and a reader sees whole ones.
void EventLog::put(std::string_view text) {
  if (::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  logger()->warn("{}: cannot write: {}; the run goes on without it", file_.string(),
                 std::strerror(errno));
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace bbprompt
