#pragma once

#include <memory>
#include <string>

#include "bbprompt/comm/mpi_environment.hpp"

namespace bbprompt {

// A group of ranks with message traffic of its own, on which errors are returned (and thrown as
// CommError). The environment must outlive it.
class Communicator {
 public:
  struct Handle;  // the MPI communicator; known to this module's sources only

  // A duplicate of the world. Collective.
  explicit Communicator(const MpiEnvironment& environment);
  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&& other) = delete;
  ~Communicator();

  // The same ranks, separate traffic. Collective.
  [[nodiscard]] Communicator duplicate() const;

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;

  // Returns the text that `root` passed, on every rank; what others pass is ignored. Collective:
  // a root that cannot go on must abort, or the others wait.
  [[nodiscard]] std::string broadcast(std::string text, int root) const;

  [[nodiscard]] const Handle& handle() const { return *handle_; }

 private:
  explicit Communicator(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace bbprompt
