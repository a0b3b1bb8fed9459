"""A backup holds everything, can be read by nobody else, and comes back as it was."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pyrage import x25519
from tests.backup.conftest import CUSTOMERS, PLAIN, ZHIKE, Backup, Instance

from zhike.audit import check_proof
from zhike.backup.archive import members
from zhike.backup.database import WITHOUT_ROWS
from zhike.backup.ledger import FILE, read
from zhike.backup.listening import silent
from zhike.backup.loading import examine
from zhike.backup.locks import Key
from zhike.backup.making import SCRATCH, SUFFIX
from zhike.cli.output import Exit
from zhike.runtime import postgres
from zhike.runtime.home import Home


@pytest.fixture
def key(kept: Backup) -> Key:
    return Key(identity_text=kept.identity.read_text())


def test_it_holds_every_row_of_every_table(full: Instance, kept: Backup, key: Key) -> None:
    contents = examine(members(kept.file, key), silent)
    both = contents.about["tables"], contents.manifest["tables"]
    told = {name: rows for (name, _columns), (rows, _) in zip(*both, strict=True)}
    cluster = postgres.ensure_running(full.home)
    # As the superuser, whom no policy narrows.
    with psycopg.connect(cluster.superuser_url.replace("/postgres", "/zhike")) as admin:
        tables = admin.execute(
            "SELECT 'public.' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
        counted = {}
        for (table,) in tables:
            if table.removeprefix("public.") not in WITHOUT_ROWS:
                counted[table] = admin.execute(
                    sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.split(".")))
                ).fetchone()[0]
    # Making the backup was itself noted, after it had been made.
    changing = [table for table in counted if table.startswith("public.audit_") or "procrastinate" in table]
    assert {table: rows for table, rows in told.items() if table not in changing} == {
        table: rows for table, rows in counted.items() if table not in changing
    }
    assert told["public.customers_customer"] == CUSTOMERS
    assert sum(told[table] for table in told if table.startswith("public.audit_entry")) > 0
    assert kept.told["is_verified"]
    assert kept.told["rows"] == sum(told.values())
    assert kept.told["files"] >= 2
    assert contents.about["head"]["size"] > 0


def test_nothing_in_it_can_be_read_without_the_key(full: Instance, kept: Backup, key: Key) -> None:
    content = kept.file.read_bytes()
    for plain in (PLAIN.encode(), "客户1".encode(), b"CREATE TABLE", b"customers_customer"):
        assert plain not in content
    secrets = [path.read_bytes() for path in full.home.secrets_dir.iterdir() if path.is_file()]
    assert len(secrets) >= 5
    inside = b"".join(member.stream.read() for member in members(kept.file, key))
    assert PLAIN.encode() in inside
    for secret in secrets:
        assert secret not in inside
        assert secret not in kept.keys.read_bytes()


def test_restored_elsewhere_it_is_the_same_and_the_history_verifies(
    full: Instance, kept: Backup, instance_home: Home
) -> None:
    there = Instance(instance_home)
    lacking = there.zhike("restore", kept.file, "--identity", kept.identity, "--json")
    assert lacking.returncode == Exit.REFUSED
    assert "audit" in json.loads(lacking.stdout)["error"]["en"]
    # Held by us from now on, or every command would start the server and stop it.
    postgres.ensure_running(instance_home, durable=False)
    told = there.reply("restore", kept.file, "--identity", kept.identity, "--keys", kept.keys)
    assert told["rows"] == kept.told["rows"]
    steps = {step["command"]: step for step in told["steps"]}
    assert steps["audit verify"]["said"]["sound"] is True
    assert steps["doctor"]["said"]["healthy"] is True
    assert there.reply("stats") == full.reply("stats")
    rows = "SELECT md5(string_agg(c::text, ' ' ORDER BY id)) FROM (SELECT id, name, city FROM customers_customer) AS c"
    assert there.ask(rows) == full.ask(rows)
    policies = "SELECT count(*) FROM pg_policies"
    assert there.ask(policies) == full.ask(policies) != "0"
    assert there.ask("SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, 'zhike_before_')") == "0"
    files = [path.relative_to(full.home.files_dir) for path in full.home.files_dir.rglob("*") if path.is_file()]
    assert files
    for file in files:
        assert (instance_home.files_dir / file).read_bytes() == (full.home.files_dir / file).read_bytes()
    # And it goes on: a change is captured, sealed on top of the old tree, and a backup of it can be made.
    there.ask("UPDATE customers_customer SET city = '苏州' WHERE id = (SELECT min(id) FROM customers_customer)")
    assert there.reply("audit", "seal")["entries"] > 0
    assert there.reply("audit", "verify")["sound"] is True
    kept_heads = full.home.path / "audit-heads.jsonl"
    grown = there.zhike("audit", "prove", "--consistency", kept_heads)
    assert check_proof.check(json.loads(grown.stdout), kept=check_proof.kept_in(str(kept_heads)))["older number"] == 1
    held = there.zhike("restore", kept.file, "--identity", kept.identity, "--json")
    assert held.returncode == Exit.REFUSED
    assert "--replace" in held.stderr
    assert there.ask("SELECT count(*) FROM customers_customer WHERE city = '苏州'") == "1"
    there.reply("restore", kept.file, "--identity", kept.identity, "--replace")
    assert there.ask("SELECT count(*) FROM customers_customer WHERE city = '苏州'") == "0"


def test_who_was_erased_since_the_backup_is_erased_again_before_the_instance_opens(
    twin: Instance, kept: Backup
) -> None:
    number, name = twin.ask("SELECT id, name FROM customers_customer ORDER BY id DESC LIMIT 1").split("|")
    assert twin.zhike("erasures", "erase", number, "--yes").returncode == Exit.FAILED
    answer = twin.zhike("restore", kept.file, "--identity", kept.identity, "--replace", "--json")
    told = json.loads(answer.stdout)
    steps = {step["command"]: step for step in told["steps"]}
    # Something is left, so it stays closed until that is gone.
    assert (answer.returncode, told["is_open"]) == (Exit.REFUSED, False)
    assert twin.zhike("up", "--port", "8765").returncode == Exit.ENVIRONMENT
    state = twin.reply("erasures", "status")
    assert state["closed"] is True
    assert [list(found) for found in state["open"].values()] == [["exchange.files"]]
    (twin.home.files_dir / "odd" / "book.xlsx").unlink()
    twin.reply("erasures", "sweep")
    assert twin.reply("erasures", "status") == {"closed": False, "open": {}, "waiting": 1, "held": {}}
    assert steps["erasures replay"]["said"]["erased"] == 1
    assert twin.ask(f"SELECT count(*) FROM customers_customer WHERE name = '{name}'") == "0"  # noqa: S608
    assert twin.ask("SELECT count(*) FROM customers_customer") == str(CUSTOMERS - 1)


def test_a_restore_that_does_not_verify_puts_back_what_was_there(twin: Instance, kept: Backup, tmp_path: Path) -> None:
    twin.ask("UPDATE audit_payload SET texts = ARRAY['{}'] WHERE entry_id = (SELECT min(entry_id) FROM audit_payload)")
    bad = twin.reply("backup", "--to", tmp_path, "--recipient", kept.recipient, "--no-verify")["file"]
    twin.ask("DELETE FROM audit_payload; UPDATE customers_customer SET city = '宁波'")
    note = twin.home.files_dir / "notes" / "here"
    note.parent.mkdir()
    note.write_text("before")
    answer = twin.zhike("restore", bad, "--identity", kept.identity, "--replace", "--json")
    assert answer.returncode == Exit.REFUSED, answer.stdout
    assert "audit verify" in answer.stderr
    assert twin.ask("SELECT count(*) FROM customers_customer WHERE city = '宁波'") == str(CUSTOMERS)
    assert note.read_text() == "before"
    leftovers = [path.name for path in twin.home.path.iterdir() if "restoring" in path.name or "before" in path.name]
    assert leftovers == []


def test_a_cut_file_changes_nothing(full: Instance, kept: Backup, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(kept.file.read_bytes()[:-5000])
    answer = full.zhike("restore", cut, "--identity", kept.identity, "--replace", "--json")
    assert answer.returncode == Exit.FAILED
    stranger = tmp_path / "stranger"
    stranger.write_text(str(x25519.Identity.generate()))
    assert full.zhike("restore", kept.file, "--identity", stranger, "--replace").returncode == Exit.REFUSED
    assert full.ask("SELECT count(*) FROM customers_customer") == str(CUSTOMERS)
    assert full.reply("restore", kept.file, "--identity", kept.identity, "--check")["sound"] is True


def test_a_full_disk_leaves_nothing_and_the_next_run_works(full: Instance, kept: Backup, tmp_path: Path) -> None:
    done = subprocess.run(
        [ZHIKE, "backup", "--to", tmp_path, "--recipient", kept.recipient, "--json"],
        env=full.environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert done.returncode == Exit.FAILED, done.stderr
    assert list(tmp_path.iterdir()) == []
    told = full.reply("backup", "--to", tmp_path, "--recipient", kept.recipient, "--no-verify")
    assert [path.name for path in tmp_path.iterdir()] == [Path(told["file"]).name]
    findings = {item["check"]: item for item in full.reply("doctor")["checks"]}
    assert findings["backup"]["state"] == "warn"
    assert "恢复校验" in findings["backup"]["advice"]


@pytest.mark.fault
@pytest.mark.parametrize("sign", ["*.partial", SCRATCH])
def test_killed_in_the_middle_it_leaves_no_half_archive(
    full: Instance, kept: Backup, tmp_path: Path, sign: str
) -> None:
    def has_begun() -> bool:
        home = full.home.path
        return any(tmp_path.glob(sign)) if sign.startswith("*") else any(home.glob(f"{sign}-*/run/postgres.json"))

    process = subprocess.Popen(
        [ZHIKE, "backup", "--to", tmp_path, "--recipient", kept.recipient],
        env=full.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not has_begun():
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob(f"*{SUFFIX}")) == []
    told = full.reply("backup", "--to", tmp_path, "--recipient", kept.recipient)
    assert [path.name for path in tmp_path.iterdir()] == [Path(told["file"]).name]
    assert list(full.home.path.glob(f"{SCRATCH}-*")) == []


@pytest.mark.fault
def test_a_killed_restore_keeps_the_instance_shut_until_the_next_one_has_put_things_right(
    twin: Instance, kept: Backup
) -> None:
    twin.ask("UPDATE customers_customer SET city = '苏州'")
    command = [ZHIKE, "restore", str(kept.file), "--identity", str(kept.identity), "--replace"]
    process = subprocess.Popen(
        command, env=twin.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    # Past its commit, when the files are exchanged as well and the steps begin.
    while not any(twin.home.path.glob("files.before-*")):
        assert process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    shut = twin.zhike("up", "--port", "8999")
    assert shut.returncode == Exit.ENVIRONMENT
    assert "zhike restore" in shut.stderr
    held = twin.zhike("restore", kept.file, "--identity", kept.identity)
    assert held.returncode == Exit.REFUSED
    assert twin.ask("SELECT count(*) FROM customers_customer WHERE city = '苏州'") == str(CUSTOMERS)
    assert not any(twin.home.path.glob("*.before-*"))
    twin.reply("restore", kept.file, "--identity", kept.identity, "--replace")
    assert twin.ask("SELECT count(*) FROM customers_customer WHERE city = '苏州'") == "0"


def test_old_ones_of_ours_are_removed_and_nothing_else(full: Instance, kept: Backup, tmp_path: Path) -> None:
    first = kept.file.open("rb").readline()
    rest = kept.file.read_bytes()[len(first) :]
    old = {**json.loads(first), "made_at": "2020-01-01T00:00:00+00:00"}
    foreign = {**old, "instance": "0123456789abcdef"}
    for name, line in (("old", old), ("foreign", foreign)):
        (tmp_path / f"{name}{SUFFIX}").write_bytes(json.dumps(line).encode() + b"\n" + rest)
    (tmp_path / f"notes{SUFFIX}").write_text("no backup at all")
    told = full.reply("backup", "--to", tmp_path, "--recipient", kept.recipient, "--no-verify", "--keep-days", 7)
    assert told["expired"] == [f"old{SUFFIX}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [f"foreign{SUFFIX}", f"notes{SUFFIX}", Path(told["file"]).name]
    )


NIGHT = """
import os, django
django.setup()
from zhike.backup.tasks import make_nightly
make_nightly(timestamp=0)
make_nightly(timestamp=0)
del os.environ["ZHIKE_BACKUP_TO"]
make_nightly(timestamp=0)
"""


def test_the_backup_of_the_night_is_made_once(full: Instance, kept: Backup, tmp_path: Path) -> None:
    known = full.home.path / FILE
    before = known.read_bytes()
    known.unlink()  # there was none tonight
    told = {"ZHIKE_BACKUP_TO": str(tmp_path), "ZHIKE_BACKUP_RECIPIENTS": kept.recipient, "ZHIKE_BACKUP_HOUR": "0"}
    environment = {**full.environment, **told, "DJANGO_SETTINGS_MODULE": "zhike.config.settings"}
    try:
        subprocess.run([sys.executable, "-c", NIGHT], env=environment, check=True)
        [made] = read(full.home)
        assert (made.is_good, made.is_verified) == (True, True)
        assert [path.name for path in tmp_path.iterdir()] == [made.file]
    finally:
        known.write_bytes(before)


def test_without_a_key_nothing_is_written(full: Instance, tmp_path: Path) -> None:
    assert full.zhike("backup", "--to", tmp_path / "to").returncode == Exit.USAGE
    assert full.zhike("backup", "--to", tmp_path / "to", "--recipient", "age1nonsense").returncode == Exit.REFUSED
    assert not list(tmp_path.rglob(f"*{SUFFIX}*"))
