#!/usr/bin/env bash
# Installs what the tests need, builds, and runs the fast tests, or with --all every test.
# Usage: tests/run.sh [--all] [dev|release|asan]     (a preset of CMakePresets.json; default: dev)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
selection=(--label-exclude slow)
if [ "${1:-}" = --all ]; then
  selection=()
  shift
fi
preset=${1:-dev}
"$root/jobs/install_dependencies.sh" tests

cd "$root"
if command -v ninja >/dev/null 2>&1; then
  cmake --preset "$preset" >/dev/null
else
  cmake --preset "$preset" -G "Unix Makefiles" >/dev/null
fi
cmake --build --preset "$preset" --parallel
ctest --preset "$preset" --parallel "$(nproc)" "${selection[@]}" "${@:2}"
