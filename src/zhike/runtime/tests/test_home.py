"""The home folder: where it is, what it keeps secret."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zhike.runtime.home import Home, source_checkout

PRINT_SECRET = "import sys; from zhike.runtime.home import Home; print(Home.current().secret(sys.argv[1]))"


def test_home_is_the_folder_that_the_environment_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZHIKE_HOME", str(tmp_path / "here"))
    assert Home.current().path == tmp_path / "here"


def test_home_of_a_source_checkout_is_its_var_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIKE_HOME")
    checkout = source_checkout()
    assert checkout is not None
    assert Home.current().path == checkout / "var"


def test_a_secret_stays_the_same_and_is_for_its_owner_only(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home")
    first = home.secret("django")
    assert len(first) >= 50
    assert home.secret("django") == first
    assert home.secret("other") != first
    assert stat.S_IMODE((home.secrets_dir / "django").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.secrets_dir.stat().st_mode) == 0o700
    assert sorted(path.name for path in home.secrets_dir.iterdir()) == ["django", "other"]


def test_processes_that_ask_at_once_get_one_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PRINT_SECRET, "raced"]
    environment = {**os.environ, "ZHIKE_HOME": str(tmp_path / "home")}
    racers = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({racer.communicate()[0] for racer in racers}) == 1


def test_new_folders_can_be_passed_whatever_the_umask_and_old_ones_keep_their_modes(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o700)
    before = os.umask(0o077)
    try:
        Home(path=old / "new" / "home").create()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (old, *old.rglob("*"))}
    assert modes["old"] == modes["files"] == modes["warehouse"] == 0o700
    assert modes["new"] == modes["home"] == modes["logs"] == 0o711
