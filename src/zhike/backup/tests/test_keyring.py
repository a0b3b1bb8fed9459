"""A backup finds the keys it was made with among those that came since."""

from pathlib import Path

import pytest

from zhike.backup.keyring import LAYERED, fingerprints, install_keys, missing
from zhike.core import envelope
from zhike.runtime.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(path=tmp_path)
    made.create()
    return made


def put(home: Home, name: str, *lines: str) -> None:
    path = home.secrets_dir / name
    path.write_text("\n".join(lines), encoding="ascii")
    path.chmod(0o600)


def test_a_backup_of_before_a_rotation_finds_its_master_key(home: Home) -> None:
    put(home, LAYERED, "first")
    put(home, "second-factors", "one")
    wanted = fingerprints(home)
    put(home, LAYERED, "third", "second", "first")
    put(home, "second-factors", "two", "one")
    assert missing(home, wanted, {}) == []
    put(home, LAYERED, "third", "second")
    put(home, "second-factors", "two")
    assert missing(home, wanted, {}) == [LAYERED, "second-factors"]
    assert missing(home, wanted, {LAYERED: "second\nfirst", "second-factors": "one"}) == []


def test_installing_older_master_keys_keeps_the_newer_ones(home: Home) -> None:
    put(home, LAYERED, "third", "first")
    install_keys(home, {LAYERED: "second\nfirst"}, aside="now")
    assert (home.secrets_dir / LAYERED).read_text() == "second\nfirst\nthird"


def test_a_backup_and_an_envelope_call_a_master_key_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home, LAYERED, "second", "first")
    monkeypatch.setenv(envelope.VARIABLE, "second first")
    assert fingerprints(home)[LAYERED] == envelope.list_masters()[0]
