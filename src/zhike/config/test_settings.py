"""Settings of the test run: the product's own, in a home that holds nothing but test data."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import psutil

from zhike.runtime.postgres_settings import SHARED_MEMORY as MEMORY

ROOT = Path(__file__).resolve().parents[3]
NEEDED = 8 << 30  # bytes; a run of all tests takes a third of it


def _home() -> Path:
    """In memory where there is plenty of it: databases are copied, filled and emptied all the time, and the many small
    files of each cost a disk ten times as much processor time. Never in the checkout: when root runs the tests, the
    server is another user, to whom that may be closed.
    """
    name = f"zhike-test-{os.getuid()}-{hashlib.sha256(bytes(ROOT)).hexdigest()[:8]}"
    # Programs are run from there as well, which containers often forbid.
    if os.access(MEMORY, os.W_OK) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        free = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available)
        if (MEMORY / name).exists() or free > NEEDED:
            return MEMORY / name
    return Path(tempfile.gettempdir()) / name


# For the processes of a parallel run too, whatever is free by then.
os.environ["ZHIKE_TEST_HOME"] = os.environ["ZHIKE_HOME"] = os.environ.get("ZHIKE_TEST_HOME") or str(_home())
for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
    os.environ.pop(name, None)

# As many processes run as there are cores: threads that spin for want of one take half of what the analytics cost.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

from zhike.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# One process sends the requests of all tests; those of the limits set their own.
RATE_PER_USER = RATE_PER_KEY = RATE_PER_ADDRESS = 0.0

# Django's test client begins with new middleware each time, and would look up every file of the front end anew.
WHITENOISE_USE_FINDERS = False
