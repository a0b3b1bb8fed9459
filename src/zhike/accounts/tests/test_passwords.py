"""What passes as a password, and what people are told about one that does not."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import override_settings
from django.utils import translation

from zhike.accounts.hashers import Argon2Hasher
from zhike.accounts.models import User

HASHERS = ["zhike.accounts.hashers.Argon2Hasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
ZHANG_WEI = User(username="zhangwei", name="张伟", email="wei.zhang@example.cn")


@pytest.mark.parametrize(
    "password",
    [
        "password123!",  # leaked, with what everybody adds
        "1qaz2wsx3edc",  # a walk over the keyboard
        "woaini1314520",  # "I love you, all my life", the most Chinese of passwords
        "woaini5201314",
        "Zhangwei1988",  # the person's own name in pinyin, with a year
        "weizhang19880808",
        "zhikezhike2026",
        "aaaaaaaaaaaa",
        "我爱你我爱你我爱你我爱你",
        "qwertyuiopasdf",
    ],
)
def test_what_a_clever_guesser_tries_first_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, ZHANG_WEI)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "yb8DR0hVkQxS0NrB",
        "床前看月光的那只猫不睡觉",
        "mao bu chi yu le",
        "a" * 3 + "Xk9mQ2vLp7",
    ],
)
def test_what_is_hard_to_guess_passes_whatever_it_is_made_of(password: str) -> None:
    validate_password(password, ZHANG_WEI)


def test_long_passwords_are_taken_whole_and_looked_at_quickly() -> None:
    validate_password("correct horse battery " * 9, ZHANG_WEI)


def test_the_refusal_says_in_chinese_why_and_what_is_better() -> None:
    with translation.override("zh-hans"), pytest.raises(ValidationError) as refused:
        validate_password("qwertyuiop1", ZHANG_WEI)
    said = "".join(refused.value.messages)
    assert "四个" in said
    assert "password" not in said.lower()


@override_settings(PASSWORD_HASHERS=HASHERS)
def test_passwords_are_kept_by_argon2_and_older_ones_renewed_when_next_used() -> None:
    assert make_password("x").startswith("argon2$argon2id$")
    assert Argon2Hasher().params().memory_cost == 65_536
    kept = PBKDF2PasswordHasher().encode("x", "salt-of-old-times", iterations=1)
    renewed: list[str] = []
    assert check_password("x", kept, setter=lambda raw: renewed.append(make_password(raw)))
    assert renewed[0].startswith("argon2$")
    assert not check_password("y", renewed[0])
