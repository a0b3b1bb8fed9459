"""Encryption of single values: AES-256-GCM under a data key, which is itself wrapped by the master key.

The master key lies in the home folder, or comes from the environment, and never gets into the database or a backup
of it. Nothing here is made by ourselves but the order of calls into `cryptography`.
"""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from django.conf import settings

SECRET = "fields"  # noqa: S105
VARIABLE = "ZHIKE_FIELDS_KEY"
NONCE = 12


class SealBroken(ValueError):
    """The value was changed, moved to another place, or sealed under another key."""


class MasterKeyMissing(LookupError):
    """None of the master keys that are known opens this data key."""


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=256)


def seal(key: bytes, text: str, *, place: str) -> bytes:
    """place: table, column and row; the same value opens nowhere else."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), place.encode())


def unseal(key: bytes, sealed: bytes, *, place: str) -> str:
    """
    :raises SealBroken: it is not what was sealed here
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode()).decode()
    except InvalidTag as error:
        raise SealBroken(place) from error


def blind_index(key: bytes, text: str, *, field: str) -> str:
    """What an exact search looks for: who lacks the key cannot try values out."""
    return hmac.new(key, f"{field}\0{text}".encode(), sha256).hexdigest()


def wrap(key: bytes) -> bytes:
    """A data key as it is stored, under the present master key."""
    return aes_key_wrap(_masters()[0], key)


def unwrap(wrapped: bytes) -> bytes:
    """
    :raises MasterKeyMissing: no master key that is known opens it
    """
    for master in _masters():
        try:
            return aes_key_unwrap(master, wrapped)
        except InvalidUnwrap:
            continue
    raise MasterKeyMissing


def is_current(wrapped: bytes) -> bool:
    """Whether the present master key opens it, and not only an earlier one."""
    return opener_of(wrapped) == list_masters()[0]


def opener_of(wrapped: bytes) -> str:
    """The id of the master key that opens it; empty where none does."""
    for master_id, master in zip(list_masters(), _masters(), strict=True):
        try:
            aes_key_unwrap(master, wrapped)
        except InvalidUnwrap:
            continue
        return master_id
    return ""


def list_masters() -> list[str]:
    """The ids of the master keys, the present one first. Each has 288 random bits, of which its id tells nothing."""
    return [sha256(line.encode()).hexdigest()[:16] for line in _lines()]


def renew_master() -> bool:
    """Put a new master key before those that are there, which go on opening what they wrapped; False where the
    environment gives them.
    """
    if os.environ.get(VARIABLE):
        return False
    _write([secrets.token_urlsafe(48), *_lines()])
    return True


def retire_master(master_id: str) -> bool:
    """Forget an earlier master key for good; False where there is none of this id, or the environment gives them.

    Backups whose data keys are wrapped by it lose their encrypted values; the caller has seen to that.
    """
    lines, ids = _lines(), list_masters()
    if os.environ.get(VARIABLE) or master_id not in ids[1:]:
        return False
    _write([line for line, known in zip(lines, ids, strict=True) if known != master_id])
    return True


def is_from_environment() -> bool:
    return bool(os.environ.get(VARIABLE))


def _lines() -> list[str]:
    return (os.environ.get(VARIABLE) or settings.HOME.secret(SECRET)).split()


def _write(lines: list[str]) -> None:
    path: Path = settings.HOME.secrets_dir / SECRET
    draft = path.with_name(f".{SECRET}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_text("\n".join(lines), encoding="ascii")
    draft.replace(path)


def staging_keys() -> list[bytes]:
    """Keys for what lies encrypted for a while and is no record yet: one of each master key, the present one first."""
    return [_derived(line, b"zhike staging 1") for line in _lines()]


def _masters() -> list[bytes]:
    """The present one first."""
    return [_derived(line, b"zhike fields master 1") for line in _lines()]


def _derived(line: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(line.encode())
