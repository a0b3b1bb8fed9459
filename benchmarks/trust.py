"""What trust costs: the history's capture, seal and check. `make bench-trust`.

Each figure is a function of the list at the end, so that others can be added; data is made first, in two instances with
and without capture. ZHIKE_BENCH_CUSTOMERS makes it smaller for a try.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import import_rows
import policy
from harness import Instance, describe_machine, emit, instance

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
LINES = CUSTOMERS
SINGLE_ENTRIES = 300_000
EDITS = Path(__file__).with_name("edits.py")
PYTHON = Path(sys.executable)


def switch_capture(made: Instance, *, is_on: bool) -> None:
    """Only the owner of the tables can, and `zhike audit verify` would say so."""
    verb = "ENABLE" if is_on else "DISABLE"
    each = "SELECT tgrelid::regclass AS made_on, tgname FROM pg_trigger WHERE starts_with(tgname, 'audit_')"
    change = f"EXECUTE format('ALTER TABLE %s {verb} TRIGGER %I', one.made_on, one.tgname);"
    made.zhike("sql", "-q", "-c", f"DO $$ DECLARE one record; BEGIN FOR one IN {each} LOOP {change} END LOOP; END $$")


def import_customers(made: Instance) -> float:
    file = made.home.parent / "customers.csv"
    import_rows.write_customers(file, count=CUSTOMERS)
    return _import(made, file, "customers", CUSTOMERS)


def import_lines(made: Instance) -> float:
    file = made.home.parent / "lines.csv"
    import_rows.write_lines(file, prefix="A", count=LINES, customers=CUSTOMERS)
    return _import(made, file, "orders", LINES)


def _import(made: Instance, file: Path, kind: str, rows: int) -> float:
    began = time.perf_counter()
    told = made.reply("import", file, "--kind", kind, "--source", "bench", "--yes")
    seconds = time.perf_counter() - began
    assert told["new"] == rows, told
    file.unlink()
    return seconds


def measure_imports(made: Instance, plain: Instance) -> None:
    """audit_import_ratio, the import speeds with capture, and the backlog that such an import leaves the sealer."""
    plain.zhike("migrate")
    switch_capture(plain, is_on=False)
    without = import_customers(plain), import_lines(plain)
    captured = import_customers(made)
    emit("audit_import_ratio", captured / without[0], "x", target="<= 1.5", seconds=[captured, without[0]])
    emit("import_customers_per_s", CUSTOMERS / captured, "rows/s", target=">= 12000", capture=True)
    sealed = made.reply("audit", "seal")
    emit("audit_backlog", sealed["seconds"], "s", target="<= 60", entries=sealed["entries"], texts=sealed["texts"])
    captured = import_lines(made)
    emit("audit_import_lines_ratio", captured / without[1], "x", target="<= 1.5", seconds=[captured, without[1]])
    emit("import_order_lines_per_s", LINES / captured, "rows/s", target=">= 40000", capture=True)
    made.zhike("audit", "seal")
    report = made.reply("audit", "verify")
    assert report["sound"], report
    emit("audit_verify_texts_per_s", report["texts"] / report["seconds"], "texts/s", entries=report["entries"])


def measure_edits(made: Instance) -> None:
    """audit_edit_ratio: the same edits of a customer with and without capture, in turns; medians of API requests."""
    done = subprocess.run(
        [PYTHON, EDITS],
        env={**made.environment, "DJANGO_SETTINGS_MODULE": "zhike.config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    for way, name in (("request", "audit_edit_ratio"), ("service", "audit_edit_service_ratio")):
        took = told[f"{way}_ms"]
        target = "<= 1.1" if way == "request" else ""
        emit(name, took["on"] / took["off"], "x", target=target, milliseconds=took)


def measure_seal(made: Instance) -> None:
    """seal_per_s and verify_per_s, over entries about one row each."""
    text = '{"before": {"city": "上海"}, "after": {"city": "杭州"}}'
    write = f"audit_write('update', 'x', 'customers_customer', ARRAY[n], NULL, NULL, ARRAY['{text}'])"
    query = f"SELECT count({write}) FROM generate_series(1::bigint, {SINGLE_ENTRIES}) AS n"  # noqa: S608
    made.zhike("sql", "-q", "-c", query)
    sealed = made.reply("audit", "seal")
    emit("seal_per_s", sealed["entries"] / sealed["seconds"], "entries/s", target=">= 20000", entries=sealed["entries"])
    report = made.reply("audit", "verify")
    assert report["sound"], report
    speed = report["entries"] / report["seconds"]
    emit("verify_per_s", speed, "entries/s", target=">= 100000", entries=report["entries"])


def main() -> None:
    describe_machine()
    with instance() as alone:
        alone.zhike("migrate")
        measure_seal(alone)
    with instance() as made, instance() as plain:
        made.zhike("migrate")
        measure_imports(made, plain)
        measure_edits(made)
        # In the one without capture: what the policy costs is reading alone.
        policy.measure(plain, customers=CUSTOMERS)


if __name__ == "__main__":
    main()
