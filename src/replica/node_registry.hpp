#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bbprompt {

// One process that has a shared memory open.
struct NodeUser {
  int pid = 0;
  int descriptor = 0;
  bool operator==(const NodeUser&) const = default;
};

// The locked file that lists who shares a memory. Lives as short as possible: others wait.
class NodeRegistry {
 public:
  // Makes the file where it is missing and locks it. Throws StoreError when it cannot, or when
  // another process holds the lock for `patience_seconds`.
  NodeRegistry(std::filesystem::path file, double patience_seconds);
  ~NodeRegistry();
  NodeRegistry(const NodeRegistry&) = delete;
  NodeRegistry& operator=(const NodeRegistry&) = delete;

  // Lines that are not two numbers are skipped: a process killed while it wrote leaves such.
  [[nodiscard]] std::vector<NodeUser> users() const;
  // Replaces the list; an empty one removes the file.
  void store(const std::vector<NodeUser>& users) const;

 private:
  [[nodiscard]] bool try_lock();

  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace bbprompt
