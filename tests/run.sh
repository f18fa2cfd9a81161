#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test.
# Usage: tests/run.sh [dev|release|asan]     (a preset of CMakePresets.json; default: dev)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=${1:-dev}
"$root/jobs/install_dependencies.sh" tests

cd "$root"
if command -v ninja >/dev/null 2>&1; then
  cmake --preset "$preset" >/dev/null
else
  cmake --preset "$preset" -G "Unix Makefiles" >/dev/null
fi
cmake --build --preset "$preset" --parallel
ctest --preset "$preset" --parallel "$(nproc)" "${@:2}"
