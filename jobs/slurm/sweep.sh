#!/bin/bash
# A run of bbprompt as a Slurm job: on one node or several, or as an array over parts of the sweep; it requeues itself until done.
# "bbprompt submit" checks the sweep and submits this script; by hand:
#   sbatch --nodes=2 --ntasks-per-node=32 --time=4:00:00 jobs/slurm/sweep.sh --profile my.profile my.yaml --out out/my
#   sbatch --array=1-4 --nodes=1 --ntasks-per-node=32 jobs/slurm/sweep.sh --profile my.profile my.yaml --out out/my
# Arguments:
#   --profile FILE      modules, binary, launcher (profile.example); or the variable PROFILE
#   --max-requeues N    how often the job may start again because its time was too short (20); or MAX_REQUEUES
#   --servers FILE      model servers that the job starts, waits for and stops (servers.example)
#   --parts N           task I of an array is part I of N (default: the array's tasks are the parts), so that one part
#                       can be submitted again: sbatch --array=3 ... --parts 4
# The others are those of "bbprompt run"; --out must be among them. An array runs part I of N in FOLDER/part-I-of-N;
# "bbprompt report FOLDER/part-*" puts the parts together. What is done may be submitted again: it ends at once. Account, partition and the like are given to sbatch.
#SBATCH --job-name=bbprompt
# A warning to this script two minutes before the end (Slurm may be a minute early), to stop with checkpoints.
#SBATCH --signal=B:USR1@120
# After a node failure, a preemption or this script's own request the job goes on where it was.
#SBATCH --requeue
# The second start must not cut off the log of the first.
#SBATCH --open-mode=append
# shellcheck disable=SC2153  # names in capitals come from Slurm and the profile
set -euo pipefail

say() { echo "sweep.sh: $*" >&2; }

# The profile and the limit of requeues; then the arguments of bbprompt, the output folder among them.
profile=${PROFILE:-}
max_requeues=${MAX_REQUEUES:-20}
num_parts=
servers=
arguments=()
out=
while [ $# -gt 0 ]; do
  case $1 in
    --profile | --max-requeues | --parts | --servers | --out)
      [ $# -ge 2 ] || { say "expected a value after $1"; exit 2; } ;;&
    --profile) profile=$2; shift 2 ;;
    --max-requeues) max_requeues=$2; shift 2 ;;
    --parts) num_parts=$2; shift 2 ;;
    --servers) servers=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --out=*) out=${1#--out=}; shift ;;
    *) arguments+=("$1"); shift ;;
  esac
done
[ -n "$out" ] || { say "expected --out FOLDER among the arguments"; exit 2; }
[ -n "$profile" ] || { say "set PROFILE to your copy of jobs/slurm/profile.example, or give --profile FILE"; exit 2; }
[ -r "$profile" ] || { say "cannot read the profile $profile on this node"; exit 2; }
# shellcheck source=jobs/slurm/profile.example
source "$profile"
if [ -n "$servers" ]; then
  # shellcheck source=jobs/slurm/servers.example
  source "$servers"
fi

restarts=${SLURM_RESTART_COUNT:-0}
if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
  part=$SLURM_ARRAY_TASK_ID
  if [ -z "$num_parts" ]; then
    part=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))
    num_parts=$SLURM_ARRAY_TASK_COUNT
  fi
  out+="/part-$part-of-$num_parts"
  arguments+=(--shard "$part/$num_parts")
fi
say "job ${SLURM_JOB_ID:-none}, start $((restarts + 1)), on ${SLURM_JOB_NODELIST:-this machine}, into $out"

# What status.json calls this start; an earlier one, or another run of the folder, has another name.
start=${SLURM_JOB_ID:-$HOSTNAME-$$}.$restarts

# bash runs a trap only between commands, so the launcher runs in the background and wait is what it interrupts.
# SIGUSR1 to mpirun or srun reaches every rank; SIGTERM would make mpirun kill them within seconds.
launcher=
is_asked_to_stop=0
is_ended_by_slurm=0
# shellcheck disable=SC2317  # called by the traps
pass_on() {
  is_asked_to_stop=1
  [ -z "$launcher" ] || kill -USR1 "$launcher" 2>/dev/null || true
}
trap pass_on USR1
# SIGTERM: cancelled, preempted, or the time is over. What comes next is then for Slurm to decide.
trap 'is_ended_by_slurm=1; pass_on' TERM

# Runs the sweep once more; the launcher's code comes out in $code.
launch() {
  "${LAUNCHER[@]}" "$BBPROMPT" run "${arguments[@]}" --out "$out" --progress plain --started-by "$start" &
  launcher=$!
  [ "$is_asked_to_stop" -eq 0 ] || pass_on
  while true; do
    code=0
    wait "$launcher" || code=$?
    kill -0 "$launcher" 2>/dev/null || break  # over; else a signal ended the wait
  done
}

# shellcheck disable=SC2317  # called while servers are waited for
was_asked_to_stop() { [ "$is_asked_to_stop" -eq 1 ]; }
# The addresses change with the job; results do not know them.
begin_servers() {
  start_servers "$servers" "$out"
  trap stop_servers EXIT
  say "waiting for $(server_urls)"
  wait_for_servers was_asked_to_stop || return 1
  arguments+=(--set "model.url=$(server_urls)" --set model.key_variable=BBPROMPT_SERVE_KEY)
}
if [ -z "$servers" ] || begin_servers; then
  launch
  state=$("$BBPROMPT" status "$out" --state --started-by "$start") || state=none
else
  code=1
  state="no servers"
fi
# How this start ended is in $state, which the run wrote down; exit codes lie. mpirun ends with 0 when a node took its ranks
# away, srun with the code of a worker that it had to kill, and Hydra forgets code 3 after a signal.
# Where nodes are handed on within a second, srun may find the last job's step in the way, start nothing and end with 0.
for pause in 5 20 60; do
  if [ "$state" != none ] || [ "$code" -ne 0 ] || [ "$is_asked_to_stop" -ne 0 ]; then break; fi
  say "the launcher ended with 0 and bbprompt never began; another try in $pause s"
  sleep "$pause"
  launch
  state=$("$BBPROMPT" status "$out" --state --started-by "$start") || state=none
done

stop_reason="stopped with checkpoints"
case $state in
  done) code=0 ;;
  stopped) code=3 ;;
  failed) code=1 ;;
  "stopped: "*)
    say "$state"
    stop_reason="the run stopped"
    # Servers of this job start anew with it. Other trouble would come again.
    if [ -n "$servers" ]; then code=3; elif [ "$code" -eq 0 ] || [ "$code" -eq 3 ]; then code=1; fi ;;
  "no servers")
    if was_asked_to_stop; then
      code=3
      stop_reason="asked to stop before it had begun"
    fi ;;
  running)
    # Killed on its way, with what its checkpoints hold.
    if [ "$code" -eq 137 ]; then
      say "a rank was killed, most often because its node had no memory left: bbprompt plan says what a rank needs"
    fi
    if [ "$code" -eq 0 ]; then
      say "the launcher ended with 0, but the run in $out had not come to its end"
      code=1
    fi ;;
  *)
    # A start that was asked to stop before it could catch the signal died of it, and had nothing to save.
    if [ "$is_asked_to_stop" -eq 1 ] && [ "$code" -eq $((128 + $(kill -l USR1))) ]; then
      code=3
      stop_reason="asked to stop before it had begun"
    elif [ "$code" -eq 0 ]; then
      say "the launcher ended with 0, but bbprompt never began"
      code=1
    elif [ "$code" -ne 2 ] && [ "$code" -ne 3 ]; then
      say "bbprompt never began (code $code): look at LAUNCHER and BBPROMPT in $profile"
    fi ;;
esac
# A node that fails takes the launcher along at once, but Slurm takes minutes to notice; till then the job would end as
# failed. (When the first node fails, this script is gone too, and Slurm starts the job again when it notices.)
has_lost_node() {
  [ "${SLURM_JOB_NUM_NODES:-1}" -gt 1 ] || return 1
  ! timeout 60 srun --overlap --mpi=none --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 true
}
reason=
case $code in
  0 | 2) ;;
  3) reason=$stop_reason ;;
  *) if [ "$is_ended_by_slurm" -eq 0 ] && has_lost_node; then reason="a node does not answer"; fi ;;
esac
# Start again only after code 3 and after a lost node, and not for ever.
if [ -n "$reason" ] && [ "$is_ended_by_slurm" -eq 0 ]; then
  if [ "$restarts" -ge "$max_requeues" ]; then
    say "$reason after $restarts requeues, which is the limit; submit it again to go on"
    exit "$code"
  fi
  say "$reason; requeue $((restarts + 1)) of at most $max_requeues"
  # The task of an array alone, not all of it.
  scontrol requeue "${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_}${SLURM_ARRAY_TASK_ID:-$SLURM_JOB_ID}"
  sleep 60  # the requeue ends this shell
fi
exit "$code"
