#pragma once

#include <functional>

namespace bbprompt {

// How this process was started, as far as the variables of the launchers tell.
struct Launch {
  int num_processes = 1;  // started together; 0: several or one, the launcher does not say
  // The launcher offers MPI a way to find the other processes: mpirun, or srun with a PMI plug-in.
  bool has_process_manager = false;
};

// Value of an environment variable, or null.
using EnvironmentLookup = std::function<const char*(const char* name)>;

// Reads OMPI_COMM_WORLD_SIZE, PMI_SIZE, PMI_RANK, PMIX_RANK and SLURM_STEP_NUM_TASKS. A batch
// script is one process, whatever its SLURM_NTASKS: only srun sets the variable of the step.
[[nodiscard]] Launch detect_launch(const EnvironmentLookup& environment);

// Whether a launcher started this process as one of several. Otherwise a run needs no MPI and
// should not start it: MPI_Init alone takes 0.4 s and fails where mpirun would.
[[nodiscard]] bool is_started_by_mpi_launcher();

// Throws CommError, saying how to start instead, when MPI cannot see the processes started with
// this one and each would run the whole experiment alone. `world_size` 0: MPI is not started yet.
void check_launch(const Launch& launch, int world_size);

}  // namespace bbprompt
