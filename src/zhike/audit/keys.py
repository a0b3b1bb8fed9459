"""The key that signs tree heads: Ed25519, made from a secret of the instance's home."""

from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

SECRET = "audit"  # noqa: S105


def signing_key() -> Ed25519PrivateKey:
    secret = settings.HOME.secret(SECRET)
    return Ed25519PrivateKey.from_private_bytes(sha256(f"zhike audit key 1\n{secret}".encode()).digest())


def public_key() -> str:
    """Hexadecimal; to be kept where the database's owner cannot reach."""
    return signing_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def is_signed(statement: str, *, signature: bytes, key: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
