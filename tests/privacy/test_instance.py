"""A whole instance, as an operator has it: one person erased, then every file of its home searched byte by byte."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg import connect
from tests.privacy.conftest import HEADER, MAIL, NAME, PHONE, rows, write

from zhike.cli.tests.commands import run_zhike
from zhike.runtime import postgres
from zhike.runtime.home import Home

ORDERS = ["订单号", "下单时间", "客户编号", "手机", "商品名称", "数量", "单价"]
TOLD = [text.encode() for text in (NAME, PHONE, MAIL)]


def zhike(home: Home, *arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "DJANGO_"))}
    done = run_zhike(*arguments, "--json", environment={**kept, "ZHIKE_HOME": str(home.path)})
    assert done.returncode in codes, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def files_with(home: Home) -> Iterator[str]:
    """Files in which the person stands, those of PostgreSQL among them."""
    for path in sorted(home.path.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if any(told in content for told in TOLD):
                yield str(path.relative_to(home.path))


def rows_with(url: str) -> Iterator[str]:
    with connect(url) as database:
        for schema, table in database.execute(
            "SELECT relnamespace::regnamespace::text, relname FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace::regnamespace::text <> 'information_schema'"
        ).fetchall():
            for (text,) in database.execute(f'SELECT t::text FROM "{schema}"."{table}" AS t'):  # noqa: S608
                if any(told.decode() in text or told.hex() in text for told in TOLD):
                    yield f"{schema}.{table}"


def test_no_file_of_the_instance_holds_the_erased_person(migrated_home: Home, tmp_path: Path) -> None:
    members = [
        rows(number, f"客户{number}号", f"1380000{number:04}", f"c{number}@example.com") for number in range(2, 400)
    ]
    people = write(tmp_path / "members.csv", [HEADER, rows(1, NAME, PHONE, MAIL), *members])
    sales = [["A1", "2026-11-01", "M0000001", PHONE, "红茶", "2", "30"]]
    sales += [[f"B{number}", "2026-11-02", f"M{number:07}", "", "红茶", "1", "30"] for number in range(2, 50)]
    orders = write(tmp_path / "orders.csv", [ORDERS, *sales])
    postgres.ensure_running(migrated_home)
    zhike(migrated_home, "import", str(people), "--source", "shop")
    zhike(migrated_home, "import", str(orders), "--source", "shop")
    zhike(migrated_home, "refresh")
    cluster = postgres.recorded(migrated_home)
    assert cluster is not None
    superuser = cluster.superuser_url.rpartition("/")[0] + "/" + cluster.owner_url.rpartition("/")[2]
    with connect(superuser) as database:
        database.execute("ANALYZE")
        database.execute("CHECKPOINT")
        [(customer,)] = database.execute("SELECT id FROM customers_customer WHERE name = %s", [NAME]).fetchall()
    assert len(set(rows_with(superuser))) > 5
    assert len(list(files_with(migrated_home))) > 3

    word = tmp_path / "passphrase"
    word.write_text("a long and secret passphrase", encoding="utf-8")
    made = zhike(migrated_home, "backup", "--to", str(tmp_path / "backups"), "--passphrase-file", str(word))

    erased = zhike(migrated_home, "erasures", "erase", str(customer), "--yes")
    assert (erased["state"], erased["found"]) == ("done", {})
    assert set(rows_with(superuser)) == set()
    assert [path for path in files_with(migrated_home) if not path.startswith("postgres/")] == []
    assert zhike(migrated_home, "erasures", "status")["waiting"] == 1
    scrubbed = zhike(migrated_home, "erasures", "scrub", "--night")
    assert scrubbed["left"] == {}
    assert list(files_with(migrated_home)) == []
    assert zhike(migrated_home, "erasures", "status")["waiting"] == 0
    assert zhike(migrated_home, "erasures", "scrub", "--night")["tables"] < scrubbed["tables"] / 2
    with connect(superuser) as database:
        assert database.execute("SELECT count(*) FROM customers_customer").fetchone() == (398,)
        assert database.execute("SELECT count(*) FROM commerce_order WHERE customer_id IS NULL").fetchone() == (1,)
    assert zhike(migrated_home, "audit", "verify")["sound"] is True
    assert warehouse_rows(migrated_home, customer) == 0

    # The backup is older than the erasure, and cannot be edited: the restored instance forgets before it opens.
    restored = zhike(migrated_home, "restore", str(made["file"]), "--replace", "--passphrase-file", str(word))
    steps = {step["command"]: step for step in restored["steps"]}
    assert steps["erasures replay"]["said"]["erased"] == 1
    assert set(rows_with(superuser)) == set()
    zhike(migrated_home, "erasures", "scrub")
    assert list(files_with(migrated_home)) == []
    with connect(superuser) as database:
        assert database.execute("SELECT count(*) FROM customers_customer").fetchone() == (398,)


def warehouse_rows(home: Home, customer: int) -> int:
    """Rows under the customer's id in whatever file of the warehouse."""
    from pyarrow import parquet

    tables = home.warehouse_dir / "tables"
    kept = [(tables / "customers", "id"), (tables / "orders", "customer_id")]
    return sum(
        parquet.read_table(path).column(column).to_pylist().count(customer)
        for folder, column in kept
        for path in folder.glob("*.parquet")
    )
