#include "bbprompt/run/farewell.hpp"

#include "bbprompt/comm/mpi_environment.hpp"
#include "bbprompt/run/master_run.hpp"

namespace bbprompt {
namespace {

// Shorter than the second that mpirun grants between SIGTERM and SIGKILL.
constexpr double kFarewellSeconds = 0.7;

}  // namespace

int say_farewell(Channel& channel, int code) {
  if (MasterRun::stop_workers(channel, kFarewellSeconds)) return code;
  // A launcher takes a process that ends with 0 before MPI_Finalize for a failure.
  if (code == 0) MpiEnvironment::abort(code);
  MpiEnvironment::leave_without_finalize(code);
}

}  // namespace bbprompt
