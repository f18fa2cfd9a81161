#include "bbprompt/comm/launch.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// 0 where the variable is absent or not a positive number.
int count_from(const EnvironmentLookup& environment, const char* name) {
  const char* text = environment(name);
  if (text == nullptr) return 0;
  int count = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, count);
  return parsed.ec == std::errc() && parsed.ptr == end && count > 0 ? count : 0;
}

}  // namespace

Launch detect_launch(const EnvironmentLookup& environment) {
  // mpirun's own count comes first: inside a job its ranks also inherit the variables of srun,
  // which count the nodes' daemons.
  for (const char* size : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (environment(size) != nullptr) {
      return {.num_processes = count_from(environment, size), .has_process_manager = true};
    }
  }
  const bool has_process_manager =
      environment("PMIX_RANK") != nullptr || environment("PMI_RANK") != nullptr;
  const int num_tasks = count_from(environment, "SLURM_STEP_NUM_TASKS");
  if (num_tasks > 0 || has_process_manager) {
    return {.num_processes = num_tasks, .has_process_manager = has_process_manager};
  }
  return {};
}

bool is_started_by_mpi_launcher() {
  return detect_launch([](const char* name) { return std::getenv(name); }).num_processes != 1;
}

void check_launch(const Launch& launch, int world_size) {
  if (launch.num_processes <= 1 || world_size > 1) return;
  const std::string started = std::to_string(launch.num_processes) + " processes were started";
  if (!launch.has_process_manager) {
    throw CommError(started +
                    " by srun, but without a way for MPI to connect them: use srun --mpi=pmix, or "
                    "mpirun inside the job");
  }
  if (world_size == 1) {
    throw CommError(started +
                    ", but MPI sees a world of one: use the mpirun of the MPI library that this "
                    "program was built with, or srun --mpi=pmix");
  }
}

}  // namespace bbprompt
