#include "bbprompt/comm/launch.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

struct Case {
  std::string name;
  std::map<std::string, std::string> variables;
  int num_processes;
  bool has_process_manager;
};

Launch launch_of(const Case& given) {
  return detect_launch([&](const char* name) -> const char* {
    const auto found = given.variables.find(name);
    return found == given.variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Launch, IsReadFromTheVariablesOfEachLauncher) {
  const std::vector<Case> cases = {
      {"started alone", {}, 1, false},
      {"mpirun -n 4", {{"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "2"}}, 4, true},
      {"mpirun -n 1", {{"OMPI_COMM_WORLD_SIZE", "1"}, {"PMIX_RANK", "0"}}, 1, true},
      {"mpiexec of MPICH", {{"PMI_RANK", "0"}, {"PMI_SIZE", "3"}}, 3, true},
      {"srun --mpi=pmix", {{"PMIX_RANK", "1"}, {"SLURM_STEP_NUM_TASKS", "4"}}, 4, true},
      {"srun without a plug-in",
       {{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}, {"SLURM_STEP_NUM_TASKS", "4"}},
       4,
       false},
      {"srun -n 1 --pty", {{"PMIX_RANK", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}, 1, true},
      {"a batch script", {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "6"}}, 1, false},
      {"mpirun whose daemons srun started",
       {{"OMPI_COMM_WORLD_SIZE", "6"}, {"SLURM_STEP_NUM_TASKS", "1"}},
       6,
       true},
      {"a process manager that gives no size", {{"PMIX_RANK", "0"}}, 0, true},
      {"a size that is no number", {{"OMPI_COMM_WORLD_SIZE", "4x"}}, 0, true},
      {"a size of zero", {{"PMI_SIZE", "0"}}, 0, true},
  };
  for (const Case& given : cases) {
    const Launch launch = launch_of(given);
    EXPECT_EQ(launch.num_processes, given.num_processes) << given.name;
    EXPECT_EQ(launch.has_process_manager, given.has_process_manager) << given.name;
  }
}

TEST(Launch, ThisProcessIsStartedAlone) { EXPECT_FALSE(is_started_by_mpi_launcher()); }

TEST(Launch, SeveralProcessesThatMpiCannotConnectAreRefused) {
  struct Checked {
    Launch launch;
    int world_size;
    bool is_refused;
  };
  const std::vector<Checked> cases = {
      {{.num_processes = 1, .has_process_manager = false}, 0, false},
      {{.num_processes = 1, .has_process_manager = true}, 1, false},
      {{.num_processes = 0, .has_process_manager = true}, 1, false},
      {{.num_processes = 4, .has_process_manager = true}, 0, false},
      {{.num_processes = 4, .has_process_manager = true}, 4, false},
      {{.num_processes = 4, .has_process_manager = true}, 1, true},
      {{.num_processes = 4, .has_process_manager = false}, 0, true},
      {{.num_processes = 4, .has_process_manager = false}, 1, true},
      {{.num_processes = 4, .has_process_manager = false}, 4, false},
  };
  for (const Checked& given : cases) {
    if (given.is_refused) {
      EXPECT_THROW(check_launch(given.launch, given.world_size), CommError);
    } else {
      EXPECT_NO_THROW(check_launch(given.launch, given.world_size));
    }
  }
}

TEST(Launch, TheRefusalSaysHowToStartInstead) {
  try {
    check_launch({.num_processes = 4, .has_process_manager = false}, 0);
    FAIL();
  } catch (const CommError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("4 processes"), std::string::npos) << message;
    EXPECT_NE(message.find("srun --mpi=pmix"), std::string::npos) << message;
    EXPECT_NE(message.find("mpirun"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace bbprompt
