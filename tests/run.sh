#!/usr/bin/env bash
# Installs what the tests need, builds, and runs the tests; prints their times by label and in total.
# Usage: tests/run.sh [--all] [dev|release|asan] [options of ctest]
#   --all    also the tests labelled slow, and the end-to-end tests with the Release build instead of the developer's
#   dev, release, asan    the preset of CMakePresets.json to build and test (dev)
# A single test binary, its cases by name: build/dev/tests/run/run_test --gtest_filter='Deadline.*'
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
is_all=0
if [ "${1:-}" = --all ]; then is_all=1; shift; fi
preset=dev
case ${1:-} in
  dev | release | asan) preset=$1; shift ;;
esac

"$root/jobs/install_dependencies.sh" tests
cd "$root"
generator=()
command -v ninja >/dev/null 2>&1 || generator=(-G "Unix Makefiles")

# build PRESET OPTION...
build() {
  cmake --preset "$1" "${generator[@]}" >/dev/null
  cmake --build --preset "$1" --parallel "$(nproc)" "${@:2}"
}

build "$preset"
chosen=(-LE slow)
if [ "$is_all" -eq 1 ]; then
  chosen=()
  if [ "$preset" = dev ]; then
    build release --target bbprompt
    export BBPROMPT_E2E_BINARY=$root/build/release/bin/bbprompt
  fi
fi
build_seconds=$SECONDS
code=0
# One more than there are processors, since many tests wait for most of their time.
ctest --preset "$preset" --parallel "$(($(nproc) + 1))" "${chosen[@]}" "$@" || code=$?
echo "run.sh: built in $build_seconds s, tested in $((SECONDS - build_seconds)) s, $SECONDS s in all"
exit "$code"
