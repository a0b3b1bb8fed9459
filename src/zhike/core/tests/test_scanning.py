"""Files go through the virus scanner where there is one, and nowhere where it does not answer."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from zhike.core import scanning
from zhike.core.scanning import FileInfected, ScannerUnavailable, check_file
from zhike.core.tests.scanner import EICAR, Scanner, scanner_beside


@pytest.fixture
def scanner() -> Iterator[Scanner]:
    with scanner_beside() as scanner, override_settings(CLAMD=scanner.place):
        yield scanner


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes("姓名\n张三\n".encode() * 30_000)
    return path


def test_a_clean_file_is_sent_whole_and_taken(scanner: Scanner, file: Path) -> None:
    check_file(file, name="people.csv")
    scanning.ping()
    assert scanner.scanned == [file.stat().st_size]


def test_what_the_scanner_finds_is_refused_by_name(scanner: Scanner, file: Path) -> None:
    with file.open("ab") as tail:
        tail.write(EICAR)
    with pytest.raises(FileInfected, match=r"people\.csv.*EICAR"):
        check_file(file, name="people.csv")


@pytest.mark.parametrize("mood", ["drips", "leaves"])
def test_a_scanner_that_does_not_say_so_makes_no_file_clean(
    scanner: Scanner, file: Path, mood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner.mood = mood
    monkeypatch.setattr(scanning, "MOST_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(ScannerUnavailable):
        check_file(file, name="people.csv")
    assert time.monotonic() - began < 3


def test_a_file_that_is_larger_than_is_scanned_is_not_taken(scanner: Scanner, file: Path) -> None:
    scanner.most = 1000
    with pytest.raises(ScannerUnavailable):
        check_file(file, name="people.csv")


@pytest.mark.parametrize("place", ["127.0.0.1:9", "unix:/nowhere/clamd.ctl"])
def test_where_nobody_answers_nothing_is_taken(file: Path, place: str) -> None:
    with override_settings(CLAMD=place):
        with pytest.raises(ScannerUnavailable):
            check_file(file, name="people.csv")
        with pytest.raises(OSError, match=r"refused|No such"):
            scanning.ping()


def test_without_a_scanner_nothing_is_asked(file: Path) -> None:
    with override_settings(CLAMD=""):
        check_file(file, name="people.csv")
