#!/usr/bin/env bash
# From a fresh clone to learned prompts: installs what is missing, builds, and runs the main job of
# configs/quickstart/quickstart.yaml on 3 ranks (one master, two workers).
# Usage: jobs/quickstart.sh [OUTPUT_FOLDER]     (default: out/quickstart)
# Settings: BUILD_DIR (build/release), RANKS (3)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD_DIR:-$root/build/release}
out=${1:-$root/out/quickstart}

"$root/jobs/install_dependencies.sh"

generator=()
if command -v ninja >/dev/null 2>&1 && [ ! -e "$build/CMakeCache.txt" ]; then generator=(-G Ninja); fi
cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DBBPROMPT_BUILD_TESTS=OFF >/dev/null
cmake --build "$build" --parallel --target bbprompt

# shellcheck source=jobs/mpi_environment.sh
source "$root/jobs/mpi_environment.sh"
mpirun -n "${RANKS:-3}" "$build/bin/bbprompt" run "$root/configs/quickstart/quickstart.yaml" --out "$out"
"$build/bin/bbprompt" report "$out"
