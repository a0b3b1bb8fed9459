"""What it takes to erase a person from a company of a million customers and ten million order lines.

Everything comes from imports, so the person stands in records, search pieces, history, undo data, an imported file and
the warehouse. Figures: until the records are gone; until everything was searched, for one and for several in one go;
and until the files of the database are rid of it, with the longest time for which a table was locked.
ZHIKE_BENCH_CUSTOMERS and ZHIKE_BENCH_LINES make it smaller for a try; ZHIKE_BENCH_HOME names a filled
instance to go on with.
"""

import os
import time
from pathlib import Path

import import_rows
from harness import Instance, describe_machine, emit, instance

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
LINES = int(os.environ.get("ZHIKE_BENCH_LINES", 10_000_000))
SEVERAL = 20


def fill(made: Instance) -> None:
    made.zhike("migrate")
    file = made.home.parent / "file.csv"
    import_rows.write_customers(file, count=CUSTOMERS)
    made.reply("import", file, "--kind", "customers", "--source", "bench", "--yes")
    import_rows.write_lines(file, prefix="A", count=LINES, customers=CUSTOMERS)
    made.reply("import", file, "--kind", "orders", "--source", "bench", "--yes", timeout=3600)
    file.unlink()
    made.reply("audit", "seal", timeout=1200)
    made.reply("refresh", timeout=1200)


def measure(made: Instance) -> None:
    more = {"customers": CUSTOMERS, "lines": LINES}
    told = made.reply("erasures", "erase", str(CUSTOMERS // 2 + 1), "--yes", timeout=3600)
    assert told["state"] == "done", told
    emit("erase_records_seconds", told["seconds"]["records"], "s", **more)
    emit("erase_sweep_seconds", told["seconds"]["sweep"], "s", **more)
    several = [str(CUSTOMERS // 3 + number) for number in range(SEVERAL)]
    told = made.reply("erasures", "erase", *several, "--yes", timeout=3600)
    assert all(one["state"] == "done" for one in told["erasures"]), told
    emit("erase_several_records_seconds", told["seconds"]["records"] / SEVERAL, "s each", persons=SEVERAL, **more)
    emit("erase_several_sweep_seconds", told["seconds"]["sweep"], "s", persons=SEVERAL, **more)
    began = time.perf_counter()
    told = made.reply("erasures", "scrub", "--night", timeout=3600)
    emit("scrub_seconds", time.perf_counter() - began, "s", tables=told["tables"], **more)
    emit("scrub_locked_seconds", told["longest"][1], "s", table=told["longest"][0], **more)


def main() -> None:
    describe_machine()
    if filled := os.environ.get("ZHIKE_BENCH_HOME"):
        measure(Instance(Path(filled)))
        return
    with instance() as made:
        fill(made)
        measure(made)


if __name__ == "__main__":
    main()
