#!/bin/bash
# The report of runs that went before, as a dependent job:
#   sbatch --dependency=afterok:JOB --kill-on-invalid-dep=yes --export=ALL,PROFILE=my.profile jobs/slurm/report.sh out/my/part-*
# The arguments are those of "bbprompt report".
#SBATCH --job-name=bbprompt-report
#SBATCH --ntasks=1 --time=00:10:00
set -euo pipefail
# shellcheck source=jobs/slurm/profile.example
source "${PROFILE:?set PROFILE to your copy of jobs/slurm/profile.example}"
"$BBPROMPT" report "$@"
