"""Which master keys are still needed, and by what."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.conf import settings

from zhike.accounts import field_keys
from zhike.accounts.models import FieldKey
from zhike.backup import ledger
from zhike.cli import instance
from zhike.cli.keys import keys
from zhike.cli.masters import check_masters, list_masters
from zhike.core import envelope
from zhike.runtime.database import DatabaseUrls
from zhike.runtime.home import Home

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(path=tmp_path)
    made.create()
    monkeypatch.setattr(settings, "HOME", made)
    monkeypatch.setenv("ZHIKE_HOME", str(tmp_path))
    monkeypatch.setattr(instance, "django_ready", lambda home: None)
    return made


def test_an_older_master_key_goes_only_when_nothing_known_needs_it(home: Home) -> None:
    assert list_masters(home) == []
    key = field_keys.make(FieldKey.Use.VALUES, at=NOON)
    [first] = envelope.list_masters()
    file = home.path / "backup.age"
    file.touch()
    ledger.note(home, ledger.Entry(file=file.name, folder=str(home.path), made_at=NOON.isoformat(), master=first))
    assert envelope.renew_master()
    run = CliRunner().invoke
    assert [one.is_needed for one in list_masters(home)] == [True, True]
    assert run(keys, ["retire", first]).exit_code != 0  # the database's own key is still wrapped by it
    assert field_keys.rewrap() == 1
    assert [(one.data_keys, one.backups) for one in list_masters(home)] == [(1, []), (0, [file.name])]
    assert run(keys, ["retire", first]).exit_code != 0  # and so is the backup's
    ledger.forget(home, [file.name])
    assert first in check_masters(home, DatabaseUrls(app="", owner="", embedded=True)).advice
    assert run(keys, ["retire", first]).exit_code == 0
    assert [one.id for one in list_masters(home)] == envelope.list_masters() != [first]
    (home.secrets_dir / envelope.SECRET).write_text("another instance's")
    assert check_masters(home, DatabaseUrls(app="", owner="", embedded=True)).state == "fail"
    assert FieldKey.objects.filter(pk=key.pk).exists()
