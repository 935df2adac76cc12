"""python run_ray.py SWEEP RESULTS WORKERS: a sweep on the Ray cluster of RAY_ADDRESS, or on this
machine. A worker that dies is started again and goes on where it was."""

import os
import subprocess
import sys

import ray

sweep, results, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
kafsim = os.environ.get("KAFSIM", "kafsim")


@ray.remote(max_retries=3, retry_exceptions=True)
def work(number):
    shard = f"{number}/{workers}"
    command = [kafsim, "sweep", "run", sweep, "--out", results, "--shard", shard]
    subprocess.run([*command, "--threads", "1", "--resume", "--quiet"], check=True)


ray.init()
ray.get([work.remote(number) for number in range(1, workers + 1)])
sys.exit(subprocess.run([kafsim, "sweep", "merge", sweep, "--out", results]).returncode)
