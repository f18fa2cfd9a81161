# Settings of Open MPI for several ranks on one machine; source it before mpirun. On a cluster, where each rank has
# a core of its own, only the first one matters.
# shellcheck shell=bash
# An idle rank gives its core to a busy one: without it, more ranks than cores run many times slower.
export OMPI_MCA_mpi_yield_when_idle=1
# More ranks than cores is fine: the master sleeps while it waits.
export OMPI_MCA_rmaps_base_oversubscribe=1
# Two mpirun on one machine would otherwise both bind their first rank to core 0.
export OMPI_MCA_hwloc_base_binding_policy=none
# Containers often forbid the system call of this shortcut; it does not matter for small messages.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
# One thread a rank: the ranks are the parallelism.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
# mpirun refuses to run as root, the usual user in containers, unless told twice.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
