#!/bin/bash
# parallel.sh SWEEP RESULTS WORKERS: workers on this machine, or on others with GNU parallel's
# --sshlogin in PARALLEL. One that fails is tried again, and goes on where it was.
set -euo pipefail
sweep=$1 results=$2 workers=$3
seq "$workers" | parallel -N0 --retries 3 --halt soon,fail=1 --joblog "$results.joblog" \
  "${KAFSIM:-kafsim}" sweep run "$sweep" --out "$results" \
  --shard auto --shards "$workers" --threads 1 --resume --quiet
exec "${KAFSIM:-kafsim}" sweep merge "$sweep" --out "$results"
