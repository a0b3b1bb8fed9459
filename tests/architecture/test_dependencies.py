"""The locks: in step with what is asked for, hashed, and usable with any package index."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"(?P<name>[\w.-]+)(?:\[[^\]]*\])?==(?P<version>\S+)")
# Addresses, and paths of the machine that made the lock.
PLACES = re.compile(
    r"https?:|file:|--(?:extra-)?index-url|--find-links|(?<![\w.])/(?:home|root|opt|usr|tmp|work|Users)/"
)


def pin_lines(lock: str) -> list[str]:
    """One line for each pinned package, its hashes on it."""
    return (ROOT / "requirements" / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def pins(lock: str) -> dict[str, str]:
    found = [PIN.match(line) for line in pin_lines(lock)]
    return {canonicalize_name(pin["name"]): pin["version"] for pin in found if pin}


def asked_for(group: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = project["project"]["dependencies"] if group == "run" else project["dependency-groups"][group]
    return [Requirement(name) for name in names]


@pytest.mark.parametrize(("group", "lock"), [("run", "run.txt"), ("run", "dev.txt"), ("dev", "dev.txt")])
def test_everything_asked_for_is_locked_at_a_version_that_fits(group: str, lock: str) -> None:
    locked = pins(lock)
    for requirement in asked_for(group):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}: run make lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked at {version}"


@pytest.mark.parametrize("other", ["dev.txt", "build.txt"])
def test_what_several_locks_name_has_one_version(other: str) -> None:
    locked = pins("dev.txt")
    assert {name: version for name, version in pins(other).items() if locked.get(name, version) != version} == {}
    assert {name: version for name, version in pins("run.txt").items() if locked.get(name) != version} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_hashes(lock: str) -> None:
    lines = pin_lines(lock)
    assert lines
    assert [line for line in lines if not PIN.match(line) or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_place(lock: str) -> None:
    assert not PLACES.search((ROOT / "requirements" / lock).read_text(encoding="utf-8"))


def test_the_front_ends_lock_names_no_place_and_has_hashes() -> None:
    packages = json.loads((ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name for name, package in packages.items() if "resolved" in package} == set()
    assert {name for name, package in packages.items() if name and "integrity" not in package} == set()
