"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 64 MiB, two passes and one lane: about 0.1 s, and no more memory than a small server has."""

    memory_cost = 65_536
    time_cost = 2
    parallelism = 1
