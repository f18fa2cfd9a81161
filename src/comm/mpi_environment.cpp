#include "bbprompt/comm/mpi_environment.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "bbprompt/base/error.hpp"
#include "bbprompt/comm/launch.hpp"
#include "comm/mpi_calls.hpp"

namespace bbprompt {

MpiEnvironment::MpiEnvironment() : num_exceptions_(std::uncaught_exceptions()) {
  const Launch launch = detect_launch([](const char* name) { return std::getenv(name); });
  check_launch(launch, 0);
  mpi_init_funneled();
  try {
    check_launch(launch, mpi_world_size());
  } catch (const CommError&) {
    mpi_finalize();
    throw;
  }
}

MpiEnvironment::~MpiEnvironment() {
  if (std::uncaught_exceptions() > num_exceptions_) return;
  try {
    mpi_finalize();
  } catch (const CommError&) {  // nothing left to do: the process is about to end
    return;
  }
}

void MpiEnvironment::abort(int code) {
  std::fflush(nullptr);
  mpi_abort(code);
}

void MpiEnvironment::leave_without_finalize(int code) {
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace bbprompt
