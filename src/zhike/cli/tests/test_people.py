"""`zhike createuser` and `reset-factor`: exit codes and what it prints, for people and for programs."""

import json
import os
import subprocess

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import override_settings

from zhike.accounts.models import User
from zhike.cli.tests.commands import run_zhike


def zhike(*arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    # The child is a Zhike like any other; where the test's database is, it reads from DATABASE_URL.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return run_zhike(*arguments, environment=environment, typed=typed)


@override_settings(PASSWORD_HASHERS=["zhike.accounts.hashers.Argon2Hasher"])
@pytest.mark.django_db(transaction=True)
def test_somebody_is_created_once_and_the_password_is_shown_once() -> None:
    made = zhike("createuser", "Ada", "--name", "艾达", "--team", "总部/华东", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    user = User.objects.get(username="Ada")
    assert (user.name, str(user.team), user.check_password(told["password"])) == ("艾达", "华东", True)

    again = zhike("createuser", "ada", "--json")
    assert (again.returncode, list(json.loads(again.stdout))) == (3, ["error"])
    weak = zhike("createuser", "Bob", "--password-stdin", typed="short\n")
    assert weak.returncode == 3
    piped = zhike("createuser", "Bob", "--password-stdin", "--role", "representative", typed="a long enough one\n")
    assert piped.returncode == 0
    assert "a long enough one" not in piped.stdout
    assert set(User.objects.values_list("username", flat=True)) == {"Ada", "Bob"}
    assert list(User.objects.order_by("username").values_list("must_change_password", flat=True)) == [True, False]


@override_settings(PASSWORD_HASHERS=["zhike.accounts.hashers.Argon2Hasher"])
@pytest.mark.django_db(transaction=True)
def test_a_last_administrator_without_a_phone_gets_back_in() -> None:
    assert zhike("createuser", "Ada", "--json").returncode == 0
    ada = User.objects.get()
    TOTP.activate(ada, generate_totp_secret())
    assert zhike("reset-factor", "nobody", "--json").returncode == 3
    assert Authenticator.objects.filter(user=ada).exists()
    assert json.loads(zhike("reset-factor", "ada", "--json").stdout) == {"id": ada.pk, "username": "Ada"}
    assert not Authenticator.objects.filter(user=ada).exists()
