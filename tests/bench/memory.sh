#!/bin/sh
# memory.sh BBPROMPT [OPTIONS]: memory of 1 and 8 ranks on one node with a model of 500 MB (250 MB in half
# precision; written at random to TMPDIR), as the sum of their proportional set sizes, and that of rank 0, which loads
# no weights while there are workers. Linux. From the top folder:
#   cmake --preset release && cmake --build --preset release --target bbprompt
#   sh tests/bench/memory.sh build/release/bin/bbprompt --limit 1.4 --master-limit 200
# `--help` shows the options.
set -eu
here=$(dirname "$0")
# shellcheck source=jobs/mpi_environment.sh
. "$here/../../jobs/mpi_environment.sh"
exec python3 "$here/memory.py" "$@"
