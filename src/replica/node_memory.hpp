#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace bbprompt {

// What a shared memory holds: `write` fills exactly `size` bytes, the same for every process that
// gives the same `key`.
struct NodeMemoryContents {
  std::string key;
  std::size_t size = 0;
  std::function<void(std::span<std::byte>)> write;
};

// Memory that the processes of one user on one node share, read-only. The first one writes it, the
// others wait and map it; it is gone with the last one, however that ends.
//
// It is an anonymous file of the kernel (memfd), sealed when it is written: nobody can change or
// shorten it afterwards, and no part-written one can be found. A small registry in `folder`, named
// by the key, lists who has it open, one "PID DESCRIPTOR" a line, under flock; the others open
// /proc/PID/fd/DESCRIPTOR, and take what is sealed, of the right size, and has the key in its first
// page. Lines of dead processes are dropped by whoever comes next.
class NodeMemory {
 public:
  // Throws StoreError saying why nothing can be shared; what `write` throws goes on.
  NodeMemory(const std::filesystem::path& folder, const NodeMemoryContents& contents);
  ~NodeMemory();
  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

  // Maps the contents over the pages at `address`, read-only.
  void map_at(void* address) const;

  // Whether another process (or another object of this one) had written it.
  [[nodiscard]] bool was_found() const { return was_found_; }

 private:
  void leave() const;

  std::filesystem::path registry_;
  std::string key_;
  std::size_t size_;
  int descriptor_ = -1;
  int owner_;  // a child process by fork() must not sign off for its parent
  bool was_found_ = false;
};

// The folder of registries, made where it is missing: "bbprompt-UID" in $BBPROMPT_SCRATCH, else
// $SLURM_TMPDIR, else $TMPDIR, else /tmp. Throws StoreError unless it is a folder of this user that
// no one else may enter.
[[nodiscard]] std::filesystem::path node_folder();

}  // namespace bbprompt
