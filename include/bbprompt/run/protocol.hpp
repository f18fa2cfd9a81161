#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "bbprompt/base/bytes.hpp"
#include "bbprompt/sched/work_item.hpp"

namespace bbprompt {

// Master to worker: settings of a trial, before its first work item there and when they change.
struct TrialMessage {
  std::int32_t trial = 0;
  std::string id;  // of the trial
  std::string resolved_yaml;
  std::string folder;                  // paths in it are relative to this
  std::string data_folder;             // and paths written "data:..." to this
  std::vector<double> layer_scales{};  // of a deep prompt, once they are measured; else empty
  std::string findings{};              // of the probe of a server (ModelOptions::findings)
  std::string journal{};               // folder of a server's answers (ModelOptions::journal)
};
// The trial is over; its parts may be thrown away.
struct ForgetMessage {
  std::int32_t trial = 0;
};
struct ItemMessage {
  WorkItem item;
};
struct StopMessage {};
// The run is about to stop: items that came before this and wait are not to be begun.
struct DropMessage {};

// Worker to master.
struct ResultMessage {
  WorkResult result;
};
// Why the master shall stop the run: a signal asked this worker alone to stop, or its model is
// lost.
struct StopAskedMessage {
  std::string why;          // for people
  bool is_trouble = false;  // something is wrong that another start would meet again
};
// Answer to StopMessage; the last one of a worker.
struct ByeMessage {};

using RunMessage = std::variant<TrialMessage, ForgetMessage, ItemMessage, StopMessage,
                                ResultMessage, StopAskedMessage, ByeMessage, DropMessage>;

[[nodiscard]] Bytes encode(const RunMessage& message);

// Throws CommError for anything encode() does not write.
[[nodiscard]] RunMessage decode(const Bytes& bytes);

}  // namespace bbprompt
