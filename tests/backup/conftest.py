"""An instance with people, customers, files and history, and a key to back it up with."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from zhike.cli.tests.commands import run_zhike
from zhike.runtime import postgres
from zhike.runtime.home import Home

ZHIKE = str(Path(sys.executable).with_name("zhike"))
CUSTOMERS = 60
PLAIN = "13800138000"


@dataclass(frozen=True)
class Instance:
    """An instance of its own, talked to by its command."""

    home: Home

    @property
    def environment(self) -> dict[str, str]:
        foreign = ("DATABASE_", "DJANGO_", "ZHIKE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, "ZHIKE_HOME": str(self.home.path)}

    def zhike(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run_zhike(*arguments, environment=self.environment)

    def reply(self, *arguments: str | Path) -> Any:
        done = self.zhike(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def ask(self, query: str) -> str:
        return self.zhike("sql", "-At", "-c", query).stdout.strip()


@dataclass(frozen=True)
class Backup:
    """A backup of the instance, and what opens it."""

    file: Path
    identity: Path
    recipient: str
    keys: Path
    told: dict[str, Any]


@pytest.fixture(scope="module")
def full(migrated_module_home: Home, copy_home: Callable[[Home, Home], None]) -> Instance:
    """With an import, so that there are files and bulk entries, and a user."""
    made = Instance(migrated_module_home)
    # Held by us, or every command would start the server and stop it.
    postgres.ensure_running(migrated_module_home, durable=False)
    file = migrated_module_home.path / "people.csv"
    lines = [f"客户{number},{int(PLAIN) + number},杭州" for number in range(CUSTOMERS)]
    file.write_text("\n".join(["姓名,手机,城市", *lines]), encoding="utf-8")
    made.reply("import", file, "--kind", "customers", "--source", "shop", "--yes")
    # A sheet whose bytes hold the last one's number behind its end: found, and not to be taken out.
    odd = migrated_module_home.files_dir / "odd" / "book.xlsx"
    odd.parent.mkdir()
    with xlsxwriter.Workbook(str(odd)) as book:
        book.add_worksheet().write_row(0, 0, ["姓名"])
    with odd.open("ab") as tail:
        tail.write(str(int(PLAIN) + CUSTOMERS - 1).encode())
    made.reply("createuser", "boss")
    made.reply("audit", "seal")
    postgres.stop(migrated_module_home)
    copy_home(migrated_module_home, _aside(migrated_module_home))
    postgres.ensure_running(migrated_module_home, durable=False)
    return made


def _aside(home: Home) -> Home:
    return Home(path=home.path.with_name("aside"))


@pytest.fixture
def twin(full: Instance, instance_home: Home, copy_home: Callable[[Home, Home], None]) -> Instance:
    """The same instance once more, keys included, as it was before anything was backed up; its server is held too."""
    copy_home(_aside(full.home), instance_home)
    postgres.ensure_running(instance_home, durable=False)
    return Instance(instance_home)


@pytest.fixture(scope="module")
def kept(full: Instance, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """One backup that all tests of the file read."""
    folder = tmp_path_factory.mktemp("backups")
    identity, keys = folder / "identity", folder / "keys"
    recipient = full.reply("backup", "--new-key", identity)["recipient"]
    full.reply("backup", "--save-keys", keys, "--recipient", recipient)
    told = full.reply("backup", "--to", folder / "to", "--recipient", recipient)
    return Backup(file=Path(told["file"]), identity=identity, recipient=recipient, keys=keys, told=told)
