#!/bin/bash
# stop_test.sh MPIRUN PROBE: with every worker in an evaluation that does not end, a stop signal to the launcher or to the
# master, and the end of the run's time, end the run all the same, with checkpoints and exit code 3.
mpirun=$1
probe=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

fail() { echo "FAILED: $name: $1"; failures=$((failures + 1)); }

# expect NAME SECONDS COMMAND...: COMMAND is run when both workers are in their evaluation without end.
expect() {
  name=$1
  out=$folder/$name
  mkdir "$out"
  "$mpirun" -n 3 "$probe" "$out" "$2" >"$out/log" 2>&1 &
  launcher=$!
  shift 2
  while ! [ -e "$out/asleep.1" ] || ! [ -e "$out/asleep.2" ]; do
    kill -0 "$launcher" 2>/dev/null || break
    sleep 0.05
  done
  [ -e "$out/asleep.1" ] && [ -e "$out/asleep.2" ] || fail "the workers did not get to sleep"
  began=$SECONDS
  "$@"
  wait "$launcher"
  code=$?
  [ "$code" -eq 3 ] || fail "expected exit code 3, found $code"
  ls "$out"/run/trials/*.checkpoint.h5 >/dev/null 2>&1 || fail "no checkpoint"
  grep -q '"state": "stopped"' "$out/run/status.json" || fail "status.json does not say stopped"
  grep -q '"event":"run_stopped"' "$out/run/events.jsonl" || fail "events.jsonl does not say run_stopped"
  [ "$failures" -eq 0 ] && echo "ok: $name ($code after $((SECONDS - began)) s)" || cat "$out/log"
}

signal_launcher() { kill "-$1" "$launcher"; }
signal_master() { kill "-$1" "$(cat "$out/pid.0")"; }

expect usr1_to_the_launcher 0 signal_launcher USR1
expect term_to_the_master 0 signal_master TERM
expect end_of_time 2 true
exit "$((failures > 0))"
