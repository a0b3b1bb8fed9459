"""Settings of the test run: the product's own, in a home that holds nothing but test data."""

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# Outside the checkout: when root runs the tests the server is another user, to whom a checkout may be closed.
os.environ["ZHIKE_HOME"] = os.environ.get("ZHIKE_TEST_HOME") or str(
    Path(tempfile.gettempdir()) / f"zhike-test-{os.getuid()}-{hashlib.sha256(bytes(ROOT)).hexdigest()[:8]}"
)
for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
    os.environ.pop(name, None)

from zhike.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# One process sends the requests of all tests; those of the limits set their own.
RATE_PER_USER = RATE_PER_KEY = RATE_PER_ADDRESS = 0.0

# Django's test client begins with new middleware each time, and would look up every file of the front end anew.
WHITENOISE_USE_FINDERS = False
