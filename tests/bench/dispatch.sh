#!/bin/sh
# dispatch.sh DISPATCH_BENCH [RANKS...]: cost of handing out work items, at 2 and 8 ranks unless told
# otherwise. From the top folder:
#   cmake --preset release && cmake --build --preset release --target dispatch_bench
#   sh tests/bench/dispatch.sh build/release/tests/bench/dispatch_bench
set -eu
bench=$1
shift
[ "$#" -gt 0 ] || set -- 2 8

# shellcheck source=jobs/mpi_environment.sh
. "$(dirname "$0")/../../jobs/mpi_environment.sh"

for ranks in "$@"; do
  "${MPIRUN:-mpirun}" -n "$ranks" "$bench"
done
