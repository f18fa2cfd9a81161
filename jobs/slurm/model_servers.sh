# Model servers inside a Slurm job: functions for sweep.sh, which does all that follows when it is given --servers FILE.
# FILE is your copy of servers.example; its first line sources this file, and it may replace what is set here.
# shellcheck shell=bash

# For each server two words: where clients reach it.
server_hosts=()
server_ports=()
# Each server is a job step of its own; these are the processes of srun that hold them.
server_steps=()

SERVERS_PER_NODE=1
# Servers listen on this port and the following ones. Jobs that share a node take others.
SERVER_PORT=$((20000 + SLURM_JOB_ID * 8 % 20000))
SERVER_PATH=/v1             # behind host and port, in model.url
SERVER_HEALTH=/health       # answers with status 200 when the model is loaded
SERVER_READY_SECONDS=1800   # large models load for minutes
SERVER_SRUN=()              # further options of srun for a server, such as --cpus-per-task=8 --gpus=1

# The name under which other nodes reach a node.
server_host() { echo "$1"; }

# Starts the servers of this job; their output goes to FOLDER/server-NODE-INDEX.log. Arguments: FILE FOLDER.
start_servers() {
  local node k port
  # Clients must show it: others can reach the ports too.
  if [ -z "${BBPROMPT_SERVE_KEY:-}" ]; then
    BBPROMPT_SERVE_KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  fi
  export BBPROMPT_SERVE_KEY
  mkdir -p "$2"
  for node in $(scontrol show hostnames "$SLURM_JOB_NODELIST"); do
    for ((k = 0; k < SERVERS_PER_NODE; ++k)); do
      port=$((SERVER_PORT + ${#server_ports[@]}))
      # shellcheck disable=SC2016  # the step's own shell takes its arguments
      srun --overlap --mpi=none --nodes=1 --ntasks=1 --nodelist="$node" --cpu-bind=none --open-mode=append \
        --output="$2/server-$node-$k.log" "${SERVER_SRUN[@]}" \
        bash -c 'source "$1"; run_server "$2" "$3"' run_server "$1" "$port" "$k" &
      server_steps+=($!)
      server_hosts+=("$(server_host "$node")")
      server_ports+=("$port")
    done
  done
}

# Whether a server answers that it is healthy. Arguments: HOST PORT.
is_server_healthy() (
  exec 9<>"/dev/tcp/$1/$2" || exit 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$SERVER_HEALTH" "$1" >&9
  IFS= read -r -t 5 line <&9
  [[ $line == HTTP/1.?" "200* ]]
) 2>/dev/null

# Waits until all servers are healthy. Fails, with a line that says why, when one has ended, when the time is over, and
# when the command in the arguments succeeds (somebody asked to stop).
wait_for_servers() {
  local i begun=$SECONDS
  for i in "${!server_steps[@]}"; do
    until is_server_healthy "${server_hosts[$i]}" "${server_ports[$i]}"; do
      if "$@"; then return 1; fi
      if ! kill -0 "${server_steps[$i]}" 2>/dev/null; then
        echo "the model server of ${server_hosts[$i]}, port ${server_ports[$i]}, ended before it was ready: see its log" >&2
        return 1
      fi
      if [ $((SECONDS - begun)) -ge "$SERVER_READY_SECONDS" ]; then
        echo "the model server of ${server_hosts[$i]}, port ${server_ports[$i]}, was not healthy within" \
          "$SERVER_READY_SECONDS s (SERVER_READY_SECONDS)" >&2
        return 1
      fi
      sleep 1
    done
  done
}

# The value of model.url.
server_urls() {
  local i urls=
  for i in "${!server_steps[@]}"; do
    urls+="${urls:+,}\"http://${server_hosts[$i]}:${server_ports[$i]}$SERVER_PATH\""
  done
  echo "[$urls]"
}

# Servers end with the job in any case; this lets them answer what is under way and write their last lines.
stop_servers() {
  local step
  for step in "${server_steps[@]}"; do kill -TERM "$step" 2>/dev/null || true; done
  for step in "${server_steps[@]}"; do wait "$step" 2>/dev/null || true; done
}
