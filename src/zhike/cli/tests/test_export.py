"""`zhike export`: what it writes, for whom, and how it ends where it cannot."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.conf import settings

from zhike.accounts.models import SavedView, User
from zhike.audit.models import Entry
from zhike.cli import instance
from zhike.cli.export import export
from zhike.core.actor import SYSTEM
from zhike.customers.services import people
from zhike.exports.models import Export
from zhike.runtime.home import Home

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Home(path=tmp_path)
    made.create()
    monkeypatch.setattr(settings, "HOME", made)
    monkeypatch.setenv("ZHIKE_HOME", str(tmp_path))
    monkeypatch.setattr(instance, "django_ready", lambda home: None)
    for name, city in (("阿达", "上海"), ("鲍勃", "北京")):
        people.create_customer(actor=SYSTEM, at=NOON, name=name, city=city)


def run(*arguments: str) -> tuple[Result, dict[str, Any]]:
    result = CliRunner().invoke(export, [*arguments, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result, json.loads(result.stdout)


def test_a_view_is_written_to_a_file_that_only_its_owner_reads_and_recorded(tmp_path: Path) -> None:
    for name in ("ada", "bob"):
        user = User.objects.create(username=name, name=name)
        query = "f=city:is:上海&cols=name" if name == "ada" else "cols=city"
        SavedView.objects.create(user=user, page="customers", name="要跟进", query=query)
    out = tmp_path / "out.csv"
    result, told = run("--view", "要跟进", "--of", "Ada", "--output", str(out), "--no-bom")
    assert result.exit_code == 0
    assert (told["rows"], told["columns"], told["file"]) == (1, ["name"], str(out))
    assert out.read_text().splitlines()[1] == f"阿达,{told['export']}"
    assert out.stat().st_mode & 0o777 == 0o600
    assert Export.objects.get().download_count == 1
    actions = ["customers.contained_in_export", "customers.export_customer", "exports.download"]
    assert list(Entry.objects.filter(action__in=actions).order_by("pk").values_list("action", flat=True)) == actions
    several, said = run("--view", "要跟进")
    assert (several.exit_code, "--of" in said["error"]) == (3, True)


def test_how_it_ends_says_why(tmp_path: Path) -> None:
    assert run("--kinds")[1] == {"kinds": {"customers": "客户"}, "formats": ["csv", "xlsx", "parquet", "vcf"]}
    nowhere = str(tmp_path / "no" / "x.csv")
    for code, arguments in (
        (0, ["--format", "vcf"]),
        (1, ["--output", nowhere]),
        (2, ["--list", "q=x", "--view", "y"]),
        (3, ["--view", "nothing"]),
        (3, ["--list", "f=shoe_size:is:44"]),
        (3, ["--all-fields"]),
        (3, ["shoes"]),
    ):
        result, told = run(*arguments)
        assert (result.exit_code, "error" in told) == (code, code > 0), arguments
    assert CliRunner().invoke(export, ["--format", "doc"]).exit_code == 2
