"""Small secrets that have to be read again, such as the key of an authenticator app: encrypted before they are stored.

The key lies in the home folder, not in the database, so that a copy of the database alone gives nothing away. A line
put above the present key in the file is used from then on, and what was encrypted before stays readable.
"""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

NAME = "second-factors"


def encrypt(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """
    :raises cryptography.fernet.InvalidToken: it was not encrypted here, or its key is gone
    """
    return _fernet().decrypt(token.encode("ascii")).decode()


@cache
def _fernet() -> MultiFernet:
    lines = settings.HOME.secret(NAME).split()
    keys = [base64.urlsafe_b64encode(hashlib.sha256(line.encode()).digest()) for line in lines]
    return MultiFernet([Fernet(key) for key in keys])
