"""The archive: a line in the clear, then a tar through zstd and age.

    {"zhike_backup": 1, "instance": …, "made_at": …, "version": …, "identity": …}
    about.json              what it is, for deciding whether to go on
    schema/before.sql       tables and functions
    tables/<n>/<m>          rows of the n-th table as COPY writes them, in parts
    schema/after.sql        indexes, constraints, triggers, policies
    files/…                 the folder of files; audit-heads.jsonl beside it
    manifest.json           counts and checksums of all of it

`tail -n +2 FILE | age -d -i KEY | zstd -d | tar t` lists one without us.
"""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from zhike.backup.locks import Fitted, Key
from zhike.backup.problems import Damaged, Refused
from zhike.backup.sealed import BLOCK, opening, sealing

FORMAT = 1
ABOUT, MANIFEST, HEADS = "about.json", "manifest.json", "audit-heads.jsonl"
BEFORE, AFTER = "schema/before.sql", "schema/after.sql"
TABLE_PART = re.compile(r"tables/(\d{1,6})/\d{6,9}")
FILES = "files/"
PART = 4 * BLOCK
LONGEST_LINE = 1 << 16
LONGEST_TEXT = 256 << 20


@dataclass(frozen=True, kw_only=True)
class Header:
    """The line in the clear. It says nothing about the contents, and what it says is repeated inside."""

    instance: str
    made_at: str
    version: str
    identity: str = ""
    zhike_backup: int = FORMAT

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode("ascii") + b"\n"

    def digest(self) -> str:
        """Repeated inside, where it cannot be changed."""
        return hashlib.sha256(self.line()).hexdigest()


def read_header(file: BinaryIO) -> Header:
    """
    :raises Damaged: it is no backup
    :raises Refused: a later version of the program made it
    """
    line = file.readline(LONGEST_LINE)
    try:
        said = json.loads(line)
        number = int(said["zhike_backup"])
        if number > FORMAT:
            raise newer(f"format {number}")
        return Header(**{name: said[name] for name in ("instance", "made_at", "version", "identity")})
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("不是知客的备份文件 / this is no backup of Zhike") from error


def newer(what: str) -> Refused:
    return Refused(
        zh=f"这份备份来自更新版本的知客（{what}），请先升级程序。没有写入任何内容。",
        en=f"A later version of Zhike made this backup ({what}); bring the program up to date first. "
        "Nothing was written.",
    )


class Writer:
    """Puts members into the archive, and counts what goes in."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.bytes = 0

    def text(self, name: str, value: str) -> None:
        self._add(name, value.encode())

    def json(self, name: str, value: Any) -> None:
        self.text(name, json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def part(self, table: int, number: int, block: bytes) -> None:
        self._add(f"tables/{table}/{number:06}", block)

    def file(self, name: str, path: Path) -> tuple[int, str]:
        """Add a file as long as it is now; its size and checksum."""
        with path.open("rb") as source:
            size = path.stat().st_size
            info = tarfile.TarInfo(name)
            info.size = size
            reader = _Hashing(source)
            self._tar.addfile(info, reader)
            self.bytes += size
            return size, reader.digest.hexdigest()

    def _add(self, name: str, value: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(value)
        self._tar.addfile(info, io.BytesIO(value))
        self.bytes += len(value)


class _Hashing(io.RawIOBase):
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


@contextmanager
def writing(target: BinaryIO, header: Header, fitted: Fitted) -> Iterator[Writer]:
    """An archive that is being written to the file; whole only if the block ends without an error.

    :raises OSError: the file could not be written
    """
    target.write(header.line())
    with sealing(target, fitted.recipients) as stream:
        # GNU's format: sizes without a limit, and names of any length.
        tar = tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT)  # noqa: SIM115
        yield Writer(tar)
        tar.close()


@dataclass(frozen=True, kw_only=True)
class Member:
    """One part as it comes by: `stream` has to be read before the next is asked for."""

    name: str
    size: int
    stream: IO[bytes]

    def all(self) -> bytes:
        if self.size > LONGEST_TEXT:
            raise Damaged(f"{self.name}: {self.size} bytes")
        return self.stream.read()


def members(path: Path, key: Key | Fitted) -> Iterator[Member]:
    """Every member in order. Nothing of it may be trusted before the last has come without an error.

    :raises WrongKey: the key does not fit
    :raises Damaged: cut off or changed, or a member that no backup of ours holds
    """
    with path.open("rb") as file:
        header = read_header(file)
        identities = (key.own,) if isinstance(key, Fitted) else key.identities(header.identity)
        with opening(file, identities) as stream, tarfile.open(fileobj=stream, mode="r|", bufsize=BLOCK) as tar:
            for info in tar:
                check_name(info)
                content = tar.extractfile(info)
                if content is None:
                    raise Damaged(f"member {info.name!r}")
                yield Member(name=info.name, size=info.size, stream=content)


def check_name(info: tarfile.TarInfo) -> None:
    """Refuse whatever we would not have written: links, devices, ways out of the folder.

    :raises Damaged: it is such a one
    """
    name = info.name
    known = name in (ABOUT, MANIFEST, HEADS, BEFORE, AFTER) or TABLE_PART.fullmatch(name)
    if not info.isreg() or not (known or is_safe_file(name)):
        raise Damaged(f"备份里不该有 / this does not belong into a backup: {name!r}")


def is_safe_file(name: str) -> bool:
    """Whether it names a file below the folder of files."""
    parts = name.removeprefix(FILES).split("/")
    forbidden = {"", ".", ".."}
    return (
        name.startswith(FILES)
        and not forbidden.intersection(parts)
        and not any(character in name for character in "\\\0:")
        and all(part.isprintable() for part in parts)
    )
