#pragma once

#include "bbprompt/comm/mpi_environment.hpp"

namespace bbprompt::testing {

// MPI as started by the main function of mpi_main.cpp.
const MpiEnvironment& mpi_environment();

}  // namespace bbprompt::testing
