"""Every static check of the house, two at a time; prints the output of those that fail."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TEMPLATES = sorted(str(path) for path in ROOT.glob("src/zhike/*/templates/**/*.html"))

# Checked without a database.
ENVIRONMENT = {
    **os.environ,
    "DJANGO_SETTINGS_MODULE": "zhike.config.test_settings",
    "PATH": os.pathsep.join([str(BIN), str(ROOT / ".tools" / "bin"), os.environ["PATH"]]),
}

# The slowest first, so that the others run beside it; the second leaves byte code to the tests.
CHECKS = {
    "types": ["mypy"],
    "tests can be loaded": ["pytest", "--collect-only", "-qq"],
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "layers": ["lint-imports"],
    "front end": ["npm", "--prefix", "frontend", "run", "check"],
    "translations": ["python", "scripts/messages.py", "check"],
    "templates": ["djade", "--check", "--target-version", "6.1", *TEMPLATES],
    # As it runs behind HTTPS.
    "settings": ["env", "ZHIKE_HTTPS=1", "django-admin", "check", "--deploy", "--fail-level", "WARNING"],
    "migrations": ["django-admin", "makemigrations", "--check", "--dry-run"],
}


def run(name: str) -> bool:
    """Run one check and say how it went; its output only if it failed."""
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603
        CHECKS[name], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    passed = done.returncode == 0
    line = f"{'ok  ' if passed else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)\n"
    sys.stdout.write(line if passed else f"{line}{done.stdout}{done.stderr}\n")
    sys.stdout.flush()
    return passed


if __name__ == "__main__":
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(run, CHECKS))
    sys.exit(0 if all(results) else 1)
