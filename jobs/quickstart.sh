#!/usr/bin/env bash
# From a fresh clone to learned prompts: installs what is missing, builds, and runs the main job of
# configs/quickstart/quickstart.yaml on 3 ranks (one master, two workers).
# Usage: jobs/quickstart.sh [OUTPUT_FOLDER [OPTION of "bbprompt run" ...]]     (default: out/quickstart)
# Settings from the environment:
#   RANKS      number of ranks (3)
#   BUILD_DIR  where to build (build/release)
#   BBPROMPT   path of a built bbprompt; then nothing is installed or built
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/out/quickstart}

if [ -z "${BBPROMPT:-}" ]; then
  build=${BUILD_DIR:-$root/build/release}
  BBPROMPT=$build/bin/bbprompt
  "$root/jobs/install_dependencies.sh"
  generator=()
  if command -v ninja >/dev/null 2>&1 && [ ! -e "$build/CMakeCache.txt" ]; then generator=(-G Ninja); fi
  cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DBBPROMPT_BUILD_TESTS=OFF >/dev/null
  cmake --build "$build" --parallel --target bbprompt
fi

# shellcheck source=jobs/mpi_environment.sh
source "$root/jobs/mpi_environment.sh"
mpirun -n "${RANKS:-3}" "$BBPROMPT" run "$root/configs/quickstart/quickstart.yaml" --out "$out" "${@:2}"
"$BBPROMPT" report "$out"
