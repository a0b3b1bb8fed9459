"""Passwords that stand in a list which the administrator brings."""

import hashlib
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import override_settings

from zhike.accounts.breaches import stands_in

STRONG = "vier Worte ohne jeden Sinn"


def digest(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def written(path: Path, passwords: list[str], *, end: str = "\r\n") -> Path:
    lines = sorted(f"{digest(password)}:{len(password) * 37}" for password in passwords)
    path.write_bytes(end.join([*lines, ""]).encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 500])
def test_every_line_is_found_and_no_other(tmp_path: Path, count: int, end: str) -> None:
    passwords = [f"leaked{number}" for number in range(count)]
    path = written(tmp_path / "list", passwords, end=end)
    assert all(stands_in(path, digest(password)) for password in passwords)
    assert not any(stands_in(path, digest(f"other{number}")) for number in range(200))
    assert not any(stands_in(path, digit * 40) for digit in "0F")


def test_a_strong_password_that_has_leaked_is_refused(tmp_path: Path) -> None:
    validate_password(STRONG)
    path = written(tmp_path / "list", [STRONG, "something else"])
    with override_settings(BREACHED_PASSWORDS=str(path)):
        with pytest.raises(ValidationError, match=r"泄露|leaked"):
            validate_password(STRONG)
        validate_password(STRONG + " doch")


def test_a_list_that_is_not_there_shuts(tmp_path: Path) -> None:
    with override_settings(BREACHED_PASSWORDS=str(tmp_path / "none")), pytest.raises(ValidationError):
        validate_password(STRONG)
