"""python run_dask.py SWEEP RESULTS WORKERS [SCHEDULER]: a sweep on a Dask cluster, or on this
machine. A worker that dies is started again and goes on where it was."""

import os
import subprocess
import sys

from dask.distributed import Client


def work(kafsim, sweep, results, shard):
    command = [kafsim, "sweep", "run", sweep, "--out", results, "--shard", shard]
    subprocess.run([*command, "--threads", "1", "--resume", "--quiet"], check=True)


def main():
    sweep, results, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    kafsim = os.environ.get("KAFSIM", "kafsim")
    client = Client(sys.argv[4]) if len(sys.argv) > 4 else Client(dashboard_address=None)
    shards = [f"{number}/{workers}" for number in range(1, workers + 1)]
    client.gather([client.submit(work, kafsim, sweep, results, s, retries=3) for s in shards])
    client.close()
    return subprocess.run([kafsim, "sweep", "merge", sweep, "--out", results]).returncode


if __name__ == "__main__":
    sys.exit(main())
