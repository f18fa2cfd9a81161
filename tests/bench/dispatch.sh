#!/bin/sh
# dispatch.sh DISPATCH_BENCH [RANKS...]: cost of handing out work items, at 2 and 8 ranks unless told
# otherwise. From the top folder:
#   cmake --preset release && cmake --build --preset release --target dispatch_bench
#   sh tests/bench/dispatch.sh build/release/tests/bench/dispatch_bench
set -eu
bench=$1
shift
[ "$#" -gt 0 ] || set -- 2 8

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none

for ranks in "$@"; do
  "${MPIRUN:-mpirun}" -n "$ranks" "$bench"
done
