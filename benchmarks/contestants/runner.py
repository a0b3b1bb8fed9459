"""One contestant at work: `python runner.py NAME INPUT OUTPUT`, with the Python of whoever is measured.

NAME is a module beside this one, with `load(input)` for what is not counted and `work(loaded, output)` for what is; the
latter returns what it found, as JSON has it. INPUT is a Parquet file. OUTPUT is a folder of the contestant's own, in
which `told.json` says how long it worked, what memory the whole process held at most, and what it found. Of Python's
own library alone, so that it runs anywhere.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

STATUS = Path("/proc/self/status")


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Since this program began; getrusage would count what the program held that started it."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    held = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(held.split()[1]) * 1024 / 1e6


def main(name: str, given: Path, output: Path) -> None:
    contestant = importlib.import_module(name)
    loaded = contestant.load(given)
    loaded_mb = peak_mb()
    cpu, wall = cpu_seconds(), time.perf_counter()
    found = contestant.work(loaded, output)
    told = {
        "cpu_seconds": cpu_seconds() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "loaded_mb": loaded_mb,
        "peak_mb": peak_mb(),
        "found": found,
    }
    (output / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
