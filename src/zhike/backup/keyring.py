"""The secrets of the home folder. A backup holds only what tells them apart; they are saved to a file of their own."""

import hashlib
import io
import json
import os
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from zhike.backup.archive import Header, read_header
from zhike.backup.locks import Key, Lock
from zhike.backup.problems import Damaged, Refused
from zhike.backup.sealed import opening, sealing
from zhike.runtime.home import Home
from zhike.runtime.postgres_roles import APP, OWNER, SUPERUSER

# Each instance makes its own of these.
OWN = frozenset({APP, OWNER, SUPERUSER, "instance"})
KIND = "keys"
# Of several keys in its file, a line each, the first is in use; the others open what was wrapped before.
LAYERED = "fields"


def _secrets(home: Home) -> dict[str, Path]:
    if not home.secrets_dir.is_dir():
        return {}
    found = (path for path in sorted(home.secrets_dir.iterdir()) if path.is_file() and not path.name.startswith("."))
    return {path.name: path for path in found if path.name not in OWN and not path.name.startswith("demo")}


def fingerprints(home: Home) -> dict[str, str]:
    """Name → enough to recognise the secret; it has 288 random bits, so that says nothing about it."""
    return {name: _marks(name, path.read_text(encoding="ascii"))[0] for name, path in _secrets(home).items()}


def _marks(name: str, text: str) -> list[str]:
    """What a backup may call this secret: the whole of it, or the keys of which one was in use."""
    lines = text.split()
    if name == LAYERED and lines:
        return [fingerprint(line.encode()) for line in lines]
    # Keys put above the present one leave those that were there, in their order.
    return [
        fingerprint(text.encode()),
        *(fingerprint("\n".join(lines[place:]).encode()) for place in range(len(lines))),
    ]


def fingerprint(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()[:16]


def save_keys(*, home: Home, file: Path, lock: Lock) -> list[str]:
    """Write the secrets to a file that only the lock's key opens; their names.

    :raises Refused: the file is there already
    """
    found = _secrets(home)
    fitted = lock.fitted()
    header = Header(
        instance=KIND, made_at=datetime.now(UTC).isoformat(), version=version("zhike"), identity=fitted.sealed_identity
    )
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(zh=f"{file} 已存在。", en=f"{file} is there already.") from None
    text = json.dumps({name: path.read_text(encoding="ascii") for name, path in found.items()})
    with open(handle, "wb") as target:
        target.write(header.line())
        with sealing(target, fitted.recipients) as stream:
            stream.write(text.encode())
    return list(found)


def read_keys(*, file: Path, key: Key) -> dict[str, str]:
    """Name → secret.

    :raises Damaged: it is no such file, or was changed
    :raises WrongKey: the key does not fit
    """
    with file.open("rb") as source:
        header = read_header(source)
        if header.instance != KIND:
            raise Damaged(f"{file.name} 不是密钥文件 / holds no keys")
        whole = io.BytesIO()
        with opening(source, key.identities(header.identity)) as stream:
            whole.write(stream.read())
    found = json.loads(whole.getvalue())
    if any("/" in name or name.startswith(".") or name in OWN for name in found):
        raise Damaged(file.name)
    return {str(name): str(value) for name, value in found.items()}


def install_keys(home: Home, keys: dict[str, str], *, aside: str) -> None:
    """Put the secrets in place; others of the same names stay beside them.

    Master keys of fields that are here and not among them are kept below them: other backups may need those.
    """
    home.create()
    for name, given in keys.items():
        path = home.secrets_dir / name
        value = given
        if name == LAYERED and path.exists():
            value = "\n".join(dict.fromkeys([*given.split(), *path.read_text(encoding="ascii").split()]))
        if path.exists() and path.read_text(encoding="ascii") == value:
            continue
        if path.exists():
            path.rename(path.with_name(f".{name}.before-{aside}"))
        draft = home.secrets_dir / f".{name}.new"
        draft.touch(mode=0o600)
        draft.write_text(value, encoding="ascii")
        draft.replace(path)


def put_keys_back(home: Home, *, aside: str) -> None:
    """Undo `install_keys`."""
    ending = f".before-{aside}"
    for old in home.secrets_dir.glob(f".*{ending}"):
        old.replace(old.with_name(old.name.removeprefix(".").removesuffix(ending)))


def missing(home: Home, wanted: dict[str, str], keys: dict[str, str]) -> list[str]:
    """Names of the secrets that the backup was made with and that neither the home nor `keys` has."""
    here = {name: path.read_text(encoding="ascii") for name, path in _secrets(home).items()}
    return [
        name
        for name, mark in wanted.items()
        if not any(name in held and mark in _marks(name, held[name]) for held in (here, keys))
    ]
