#!/bin/bash
# efficiency.sh WAITING_RUN_BENCH [WORKERS...]: how much of the ideal throughput a run reaches, with 1, 4, 16 and 64
# workers unless told otherwise, for evaluations of 50 ms and of 5 ms. From the top folder:
#   cmake --preset release && cmake --build --preset release --target waiting_run_bench
#   bash tests/bench/efficiency.sh build/release/tests/bench/waiting_run_bench
# 12 trials of population 20 (waiting_run.yaml), each evaluation sleeping its mean +/- 50 % (uniform, by the work item
# alone). Everything else is real: MPI, scheduler, optimizers, a checkpoint a generation, results. Figures:
#   wall       from the first work item sent to the last answer received
#   ideal      the sum of all times asked of the workers, divided by their number: no worker idle for a moment, the
#              beginning and the tail (each trial's last selection and test, one after the other) included
#   of-ideal   ideal / wall; "slept" instead with the times that the sleeps really took on this machine
#   simulated  the same plan in virtual time, as `bbprompt plan` does it; its of-ideal is what the order of the work
#              allows without any overhead
# Ends with 1 where 64 workers at 50 ms reach less than 97 %, or measured and simulated differ by over 10 %.
# SECONDS_EACH (20) is about what each measurement takes.
set -euo pipefail
bench=$1
shift
[ "$#" -gt 0 ] || set -- 1 4 16 64
here=$(cd "$(dirname "$0")" && pwd)
seconds_each=${SECONDS_EACH:-20}

# shellcheck source=jobs/mpi_environment.sh
. "$here/../../jobs/mpi_environment.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
for milliseconds in 50 5; do
  echo "evaluations of $milliseconds ms"
  for workers in "$@"; do
    # Generations that fill the time: 12 trials x 20 candidates each.
    generations=$(awk "BEGIN { g = int($seconds_each * $workers / (240 * $milliseconds / 1000)); print g < 2 ? 2 : g }")
    "${MPIRUN:-mpirun}" -n $((workers + 1)) "$bench" "$here/waiting_run.yaml" "$scratch/run" \
      "$(awk "BEGIN { print $milliseconds / 1000 }")" "budget.evaluations=$((20 * generations))" |
      tee "$scratch/figures"
    rm -rf "$scratch/run"
    if [ "$milliseconds" -eq 50 ]; then
      awk -v workers="$workers" '
        /of-ideal/ { for (i = 1; i < NF; ++i) if ($i == "of-ideal" && !seen) { share = $(i + 1); seen = 1 } }
        /measured\/simulated/ { ratio = $NF }
        END {
          if (workers == 64 && share < 97) { print "  FAILED: " share " % is under 97 %"; exit 1 }
          if (ratio < 0.9 || ratio > 1.1) { print "  FAILED: the simulation is off by over 10 %"; exit 1 }
        }' "$scratch/figures" || failed=1
    fi
  done
done
exit "$failed"
