#!/bin/bash
# The report of runs that are done, as a dependent job:
#   sbatch --dependency=afterok:JOB --kill-on-invalid-dep=yes jobs/slurm/report.sh --profile my.profile out/my/part-*
# The arguments after --profile FILE (or the variable PROFILE) are those of "bbprompt report".
#SBATCH --job-name=bbprompt-report
# One process that reads files; ten minutes are plenty for thousands of trials.
#SBATCH --ntasks=1 --time=00:10:00
set -euo pipefail
if [ "${1:-}" = --profile ]; then
  PROFILE=${2:?expected a file after --profile}
  shift 2
fi
# shellcheck source=jobs/slurm/profile.example
source "${PROFILE:?set PROFILE to your copy of jobs/slurm/profile.example}"
"$BBPROMPT" report "$@"
