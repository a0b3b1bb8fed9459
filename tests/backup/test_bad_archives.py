"""What is no whole backup of ours, of this version, is refused before anything is written."""

import hashlib
import tarfile
from pathlib import Path
from typing import Any

import pytest
from pyrage import x25519

from zhike.backup.archive import (
    ABOUT,
    AFTER,
    BEFORE,
    MANIFEST,
    Header,
    Writer,
    check_name,
    is_safe_file,
    members,
    read_header,
    writing,
)
from zhike.backup.listening import silent
from zhike.backup.loading import examine
from zhike.backup.locks import Fitted, Key, Lock
from zhike.backup.problems import Damaged, Refused, WrongKey
from zhike.backup.restoring import check

HEADER = Header(instance="a", made_at="2026-11-22T04:00:00+00:00", version="0.1.0")
PASSPHRASE = "correct horse battery"


def write(path: Path, fitted: Fitted, *, header: Header = HEADER, extra: Any = None, **about: Any) -> Path:
    """A small archive; `extra` may put members of its own into it."""
    empty = hashlib.sha256(b"").hexdigest()
    with path.open("wb") as file, writing(file, header, fitted) as out:
        told = {"header": header.digest(), "migrations": [], "tables": [["public.a", ["id"]]], "version": "0.1.0"}
        out.json(ABOUT, told | about)
        out.text(BEFORE, "")
        out.part(0, 0, b"1\n" * 500_000)
        out.text(AFTER, "")
        if extra is not None:
            extra(out)
        rows = hashlib.sha256(b"1\n" * 500_000).hexdigest()
        manifest = {"tables": [[500_000, rows]], "files": {}, "schema": {BEFORE: empty, AFTER: empty}, "bytes": 9}
        out.json(MANIFEST, manifest)
    return path


@pytest.fixture
def fitted() -> Fitted:
    own = x25519.Identity.generate()
    return Fitted(recipients=(own.to_public(),), own=own, sealed_identity="")


@pytest.fixture
def archive(tmp_path: Path, fitted: Fitted) -> Path:
    return write(tmp_path / "good", fitted)


def test_a_whole_archive_is_read(archive: Path, fitted: Fitted) -> None:
    assert examine(members(archive, fitted), silent).row_count == 500_000


@pytest.mark.parametrize("lost", [1, 16, 1000])
def test_a_cut_tail_is_found(archive: Path, fitted: Fitted, lost: int) -> None:
    archive.write_bytes(archive.read_bytes()[:-lost])
    with pytest.raises(Damaged):
        examine(members(archive, fitted), silent)


@pytest.mark.parametrize("place", [0.3, 0.6, 0.99])
def test_a_flipped_bit_is_found(archive: Path, fitted: Fitted, place: float) -> None:
    content = bytearray(archive.read_bytes())
    first = content.index(b"\n") + 1
    content[first + int((len(content) - first) * place)] ^= 1
    archive.write_bytes(content)
    with pytest.raises((Damaged, WrongKey)):
        examine(members(archive, fitted), silent)


def test_what_follows_the_archive_is_found(archive: Path, fitted: Fitted) -> None:
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(Damaged):
        examine(members(archive, fitted), silent)


def test_a_changed_first_line_is_found(archive: Path, fitted: Fitted) -> None:
    archive.write_bytes(archive.read_bytes().replace(b'"2026-11-22', b'"2036-11-22', 1))
    key = Key(identity_text=str(fitted.own))
    with pytest.raises(Damaged):
        check(file=archive, key=key, known_migrations=set(), listener=silent)


def test_another_identity_does_not_open_it(archive: Path) -> None:
    with pytest.raises(WrongKey):
        examine(members(archive, Key(identity_text=str(x25519.Identity.generate()))), silent)


def test_only_its_passphrase_opens_it(tmp_path: Path) -> None:
    fitted = Lock(passphrase=PASSPHRASE).fitted()
    header = Header(**{**vars(HEADER), "identity": fitted.sealed_identity})
    archive = write(tmp_path / "by-passphrase", fitted, header=header)
    assert examine(members(archive, Key(passphrase=PASSPHRASE)), silent).row_count == 500_000
    for key in (Key(passphrase=PASSPHRASE + "x"), Key(), Key(identity_text="AGE-SECRET-KEY-1NONSENSE")):
        with pytest.raises(WrongKey):
            examine(members(archive, key), silent)
    assert PASSPHRASE.encode() not in archive.read_bytes()
    assert str(fitted.own).encode() not in archive.read_bytes()


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(Refused):
        Lock(passphrase="short").fitted()


@pytest.mark.parametrize("content", [b"", b"\n", b"PK\x03\x04 something else", b'{"zhike_backup": "x"}\n', b"[]\n"])
def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with path.open("rb") as file, pytest.raises(Damaged):
        read_header(file)


def test_a_later_format_is_refused(tmp_path: Path, fitted: Fitted) -> None:
    header = Header(**{**vars(HEADER), "zhike_backup": 2})
    archive = write(tmp_path / "later", fitted, header=header)
    with pytest.raises(Refused):
        examine(members(archive, fitted), silent)


def test_migrations_of_a_later_version_are_refused(tmp_path: Path, fitted: Fitted) -> None:
    archive = write(tmp_path / "later", fitted, migrations=["customers.0001_initial", "customers.9999_later"])
    key = Key(identity_text=str(fitted.own))
    with pytest.raises(Refused, match="9999_later"):
        check(file=archive, key=key, known_migrations={"customers.0001_initial"}, listener=silent)


@pytest.mark.parametrize(
    "name",
    [
        "files/../../evil",
        "files//evil",
        "/etc/passwd",
        "files/a/./b",
        "../x",
        "files/c:/x",
        "files/a\\..\\b",
        "else.txt",
    ],
)
def test_a_way_out_of_the_folder_is_refused(tmp_path: Path, fitted: Fitted, name: str) -> None:
    def put(out: Writer) -> None:
        out.text(name, "evil")

    archive = write(tmp_path / "slip", fitted, extra=put)
    with pytest.raises(Damaged):
        examine(members(archive, fitted), silent)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_only_plain_files_are_taken(kind: bytes) -> None:
    info = tarfile.TarInfo("files/a/b")
    info.type = kind
    with pytest.raises(Damaged):
        check_name(info)
    assert is_safe_file("files/imports/客户 名单（一）.csv")


def test_a_member_too_many_is_found(tmp_path: Path, fitted: Fitted) -> None:
    archive = write(tmp_path / "more", fitted, extra=lambda out: out.text("files/a/b", "slipped in"))
    with pytest.raises(Damaged):
        examine(members(archive, fitted), silent)
