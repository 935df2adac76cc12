#!/bin/bash
#SBATCH --job-name=kafsim-sweep
#SBATCH --requeue
# sbatch --array=0-7 slurm.sh SWEEP RESULTS: one worker per task; which one, Slurm tells.
set -euo pipefail
exec "${KAFSIM:-kafsim}" sweep run "$1" --out "$2" --shard auto --resume --quiet
