#!/bin/bash
# A run of bbprompt as a Slurm job: on one node or several, as an array over parts of the sweep, requeued until it is done.
#   sbatch --account=A --nodes=2 --ntasks=65 --time=4:00:00 --export=ALL,PROFILE=my.profile jobs/slurm/sweep.sh my.yaml --out out/my
#   sbatch --array=1-4 --ntasks=17 --export=ALL,PROFILE=my.profile jobs/slurm/sweep.sh my.yaml --out out/my
# The arguments are those of "bbprompt run"; --out must be among them. An array runs part I of N in FOLDER/part-I-of-N;
# "bbprompt report FOLDER/part-*" puts the parts together. Rank 0 is the master and needs no core: ntasks = cores + 1.
# Settings from the environment:
#   PROFILE       modules, binary, launcher (profile.example)
#   MAX_REQUEUES  how often the job may start again when its time was too short (20)
#SBATCH --job-name=bbprompt
# A warning to this script two minutes before the end (Slurm may be a minute early), to stop with checkpoints.
#SBATCH --signal=B:USR1@120
# After a node failure, a preemption or this script's own request the job goes on where it was.
#SBATCH --requeue
# The second start must not cut off the log of the first.
#SBATCH --open-mode=append
set -euo pipefail

# shellcheck source=jobs/slurm/profile.example
source "${PROFILE:?set PROFILE to your copy of jobs/slurm/profile.example}"
max_requeues=${MAX_REQUEUES:-20}
restarts=${SLURM_RESTART_COUNT:-0}

# The output folder, and for an array the part of this task.
arguments=("$@")
out=
for ((i = 0; i < ${#arguments[@]}; ++i)); do
  if [ "${arguments[i]}" = --out ]; then
    if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
      part=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))
      arguments[i + 1]+="/part-$part-of-$SLURM_ARRAY_TASK_COUNT"
      arguments+=(--shard "$part/$SLURM_ARRAY_TASK_COUNT")
    fi
    out=${arguments[i + 1]}
  fi
done
[ -n "$out" ] || { echo "sweep.sh: expected --out FOLDER among the arguments" >&2; exit 2; }

# bash runs a trap only between commands, so the launcher runs in the background and wait is what it interrupts.
# SIGUSR1 to mpirun reaches every rank; SIGTERM would make mpirun kill them within seconds.
launcher=
pass_on() { [ -z "$launcher" ] || kill -USR1 "$launcher" 2>/dev/null || true; }
trap pass_on USR1 TERM

"${LAUNCHER[@]}" "$BBPROMPT" run "${arguments[@]}" --progress plain &
launcher=$!
while true; do
  code=0
  wait "$launcher" || code=$?
  kill -0 "$launcher" 2>/dev/null || break  # over; else a signal ended the wait
done

# An exit code of 0 alone proves nothing: mpirun returns it too when a node took its ranks away. The results file is
# written last, as a whole.
if [ "$code" -eq 0 ] && [ ! -e "$out/results.h5" ]; then
  echo "sweep.sh: the launcher ended with 0, but $out/results.h5 is not there" >&2
  code=1
fi
# 3: stopped with checkpoints. Only then start again, and not for ever. A launcher may give its own code for that.
if [ "$code" -eq 3 ]; then
  if [ "$restarts" -ge "$max_requeues" ]; then
    echo "sweep.sh: stopped with checkpoints after $restarts requeues, which is the limit; sbatch it again to go on" >&2
    exit 3
  fi
  echo "sweep.sh: stopped with checkpoints; requeue $((restarts + 1)) of at most $max_requeues" >&2
  scontrol requeue "$SLURM_JOB_ID"
  sleep 60  # the requeue ends this shell
fi
exit "$code"
