"""The library and its peers at the same work, each in a process of its own; peers in an environment of their own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import ROOT

PEERS = ROOT / ".tools" / "peers" / "bin" / "python"
RUNNER = Path(__file__).with_name("contestants") / "runner.py"
# More threads than cores only wait for one another.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Told:
    """What a contestant needed, and what it found. peak_mb: of its process, with everything it imports; loaded_mb: the
    same when the work began. output: the folder with what it wrote."""

    cpu_seconds: float
    wall_seconds: float
    loaded_mb: float
    peak_mb: float
    found: Any
    output: Path


def ours(name: str, given: Path, **environment: str) -> Told:
    """A module of contestants/, with this Python. given: a Parquet file."""
    return _run(Path(sys.executable), name, given, environment)


def peer(name: str, given: Path, **environment: str) -> Told:
    """A module of contestants/, with the Python that has the peers, which is made first."""
    done = subprocess.run([ROOT / "scripts" / "peers.sh"], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit("the environment of the peers could not be made")
    return _run(PEERS, name, given, environment)


def _run(python: Path, name: str, given: Path, environment: dict[str, str]) -> Told:
    output = given.parent / name
    output.mkdir(exist_ok=True)
    done = subprocess.run(
        [python, RUNNER, name, given, output],
        env={**os.environ, **ONE_THREAD, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return Told(**json.loads((output / "told.json").read_text()), output=output)
