#!/bin/sh
# mpi_exit_test.sh MPIRUN PROBE: however a rank ends, mpirun ends soon and says so in its exit code.
mpirun=$1
probe=$2
failures=0

# expect NAME CODE COMMAND...
expect() {
  name=$1
  expected=$2
  shift 2
  timeout -k 5 "$((300 * ${BBPROMPT_TEST_TIMEOUT_FACTOR:-1}))" "$@" >/dev/null 2>&1
  code=$?
  if [ "$code" -eq "$expected" ]; then
    echo "ok: $name ($code)"
  else
    echo "FAILED: $name: expected exit code $expected, found $code"
    failures=$((failures + 1))
  fi
}

expect "all ranks end" 0 "$mpirun" -n 3 "$probe" end
expect "a worker is killed" 137 "$mpirun" -n 3 "$probe" kill_worker
expect "the master is killed" 137 "$mpirun" -n 3 "$probe" kill_master
expect "a rank aborts all" 75 "$mpirun" -n 3 "$probe" abort
expect "the master leaves without MPI_Finalize" 3 "$mpirun" -n 3 "$probe" leave
expect "an exception leaves one rank" 4 "$mpirun" -n 3 "$probe" throw
expect "long messages are never received" 0 "$mpirun" -n 3 "$probe" unreceived
expect "srun starts several without PMI" 4 env SLURM_STEP_NUM_TASKS=4 "$probe" end
exit "$((failures > 0))"
