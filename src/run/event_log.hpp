#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace bbprompt {

// events.jsonl of a run (results/README.md): one JSON object per line, whole at once, for programs
// that follow a run. Opened again it is appended to. A run goes on without it when it cannot be
// written; that is logged once.
class EventLog {
 public:
  explicit EventLog(const std::filesystem::path& file);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();

  // {"time": ..., "event": NAME, ...fields}
  void write(std::string_view event, const nlohmann::ordered_json& fields);

 private:
  void put(std::string_view text);

  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace bbprompt
