#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// What went wrong with a checkpoint on its way to disk.
struct CheckpointProblem {
  std::string trial;  // id, by the file's name
  std::string reason;
  bool is_written = false;  // it is there all the same: the one before was damaged
};

// Writes checkpoints from a thread of its own: putting one safely on disk takes tens of
// milliseconds on a busy file system, during which a master could hand out hundreds of work items.
// Of several checkpoints of one trial that wait, the latest is written. Not for several callers.
class CheckpointWriter {
 public:
  struct Limits {
    std::size_t waiting_bytes = std::size_t{1} << 28U;  // with more, write() waits for the disk
  };
  CheckpointWriter();
  explicit CheckpointWriter(const Limits& limits);
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;
  // Writes what waits.
  ~CheckpointWriter();

  // Does what write_checkpoint() does, soon. Throws StoreError at once for a checkpoint that could
  // not be read again; what goes wrong on disk is told by take_problems(), and both old checkpoints
  // stay as they were then.
  // `ticket` comes out of take_written() when this checkpoint, or a later one of its trial, is
  // safely on disk.
  void write(const std::filesystem::path& path, const Checkpoint& checkpoint,
             std::uint64_t ticket = 0);

  // Tickets of what reached the disk since the last call. Those of a removed checkpoint never come.
  [[nodiscard]] std::vector<std::uint64_t> take_written();

  // Does what remove_checkpoint() does; one that waits is never written.
  void remove(const std::filesystem::path& path);

  // Waits until nothing waits.
  void flush();

  // Whether the last checkpoint given for `path` could not be written.
  [[nodiscard]] bool has_failed(const std::filesystem::path& path) const;

  // What went wrong since the last call, for the log.
  [[nodiscard]] std::vector<CheckpointProblem> take_problems();

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace bbprompt
