#pragma once

#include <string>

namespace bbprompt {

// What the MPI library says of itself, in one line: "Open MPI v4.1.4, package: ...". MPI need not
// be started.
[[nodiscard]] std::string mpi_library();

// MPI from start to end; one object per process, made first and destroyed last. Only the thread
// that made it may use this module (MPI_THREAD_FUNNELED).
class MpiEnvironment {
 public:
  // Collective. Throws CommError where check_launch() does. MPI itself ends the process when it
  // cannot start.
  MpiEnvironment();
  MpiEnvironment(const MpiEnvironment&) = delete;
  MpiEnvironment& operator=(const MpiEnvironment&) = delete;

  // Ends MPI, which waits for all ranks. Not while an exception passes through: the other ranks
  // would be waited for in vain, whereas a process that ends without MPI_Finalize makes mpirun end
  // the others and return non-zero.
  ~MpiEnvironment();

  // Ends all ranks at once; mpirun returns `code`.
  [[noreturn]] static void abort(int code);

  // Ends this process only, without MPI_Finalize, which may wait for ever once a rank has died:
  // the way out after a checkpoint in an emergency. No destructors run; standard streams are
  // flushed. mpirun then ends the other ranks and returns `code` (Open MPI: 1 for a `code` of 0).
  [[noreturn]] static void leave_without_finalize(int code);

 private:
  int num_exceptions_;  // passing through when this object was made
};

}  // namespace bbprompt
