"""How the analytics library holds out against its peers: `make bench-science`.

Each method is a module of the list, a process of its own, so that none has the memory of another or stops it by
failing; it prints its figures, and exits with 1 where one is missed. Names after the command run those alone:
`python benchmarks/science.py lifetimes`. ZHIKE_TRIAL_DATA names the folder with published data; figures that need
it are left out without.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from harness import describe_machine, emit

METHODS = (
    "lifetimes",
    "summary",
    "coverage",
    "experiments",
    "uplift",
    "winback",
    "propensity",
    "baskets",
    "recommending",
    "segments",
    "contribution",
    "forecasting",
)
MINUTES = 30


def main(asked: list[str]) -> int:
    describe_machine()
    began, failed = time.perf_counter(), []
    # Small matrices in many threads take five times the processor time.
    environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ}
    for method in asked or METHODS:
        script = Path(__file__).with_name(f"science_{method}.py")
        if subprocess.run([sys.executable, script], env=environment, check=False).returncode:
            failed.append(method)
    emit("bench_science_min", (time.perf_counter() - began) / 60, "min", target=f"<= {MINUTES}", failed=failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
