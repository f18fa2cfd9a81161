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
  bool is_written = false;  // the checkpoint is on disk; the one before it was damaged
  bool is_disk_full = false;
};

// Writes checkpoints from a thread of its own: putting one safely on disk takes tens of
// milliseconds on a busy file system, during which a master could hand out hundreds of work items.
// Where several checkpoints of one trial wait, only the latest is written. For one calling thread.
class CheckpointWriter {
 public:
  struct Limits {
    std::size_t waiting_bytes = std::size_t{1} << 28U;  // with more, write() waits for the disk
  };
  CheckpointWriter();
  explicit CheckpointWriter(const Limits& limits);
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;
  // Writes the checkpoints that wait.
  ~CheckpointWriter();

  // Does what write_checkpoint() does, a moment later. Throws StoreError at once for a checkpoint
  // that could not be read again. Where the disk fails, take_problems() reports it and both old
  // checkpoints stay as they were. take_written() returns `ticket` when this checkpoint, or a later
  // one of its trial, is safely on disk.
  void write(const std::filesystem::path& path, const Checkpoint& checkpoint,
             std::uint64_t ticket = 0);

  // Tickets of what reached the disk since the last call. Those of a removed checkpoint never come.
  [[nodiscard]] std::vector<std::uint64_t> take_written();

  // Does what remove_checkpoint() does; a checkpoint that waits is dropped.
  void remove(const std::filesystem::path& path);

  // Returns when every checkpoint that was given is on disk or has failed.
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
