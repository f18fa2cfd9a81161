#!/bin/bash
# many_trials.sh BBPROMPT WAITING_RUN_BENCH: what a sweep of 2,000 small trials costs beside its evaluations. From the top
# folder:
#   cmake --preset release && cmake --build --preset release --target bbprompt waiting_run_bench
#   bash tests/bench/many_trials.sh build/release/bin/bbprompt build/release/tests/bench/waiting_run_bench
# Prints the time of `bbprompt plan`; memory of the master and files in the folder while the run goes on (4 workers that
# wait 1 ms an evaluation), with a stop after 1,900 trials; the time to go on (until the first work item leaves, the whole
# program's start included); and the time of `bbprompt report` on the running and the finished folder.
set -euo pipefail
bbprompt=$1
bench=$2
here=$(cd "$(dirname "$0")" && pwd)

# shellcheck source=jobs/mpi_environment.sh
. "$here/../../jobs/mpi_environment.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
run() { "${MPIRUN:-mpirun}" -n 5 "$bench" "$here/many_trials.yaml" "$scratch/run" 0.001 --memory "$@"; }
files() { echo "  $(find "$scratch/run" -type f | wc -l) files in the folder"; }
TIMEFORMAT='  %R s'

echo "plan"
time "$bbprompt" plan "$here/many_trials.yaml" | tail -n 3
echo "plan with times for 10,000 ranks"
time "$bbprompt" plan "$here/many_trials.yaml" --seconds-per-query 0.01 --ranks 10000 | tail -n 4
echo "run to 1,900 trials"
time run --stop-after 1900
files
echo "report of the running folder"
time "$bbprompt" report "$scratch/run" | tail -n 1
echo "go on"
time run
files
echo "start again when all is done"
time run
echo "report of the finished folder"
time "$bbprompt" report "$scratch/run" | tail -n 1
