#include "bbprompt/comm/mpi_environment.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

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

std::string mpi_library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) return "unknown";
  const std::string_view whole(text.data(), static_cast<std::size_t>(length));
  return std::string(whole.substr(0, whole.find_first_of(std::string_view("\n\0", 2))));
}

}  // namespace bbprompt
