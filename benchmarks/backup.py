"""What a backup and a restore take, at a million customers with their history: one JSON object a line.

The customers are imported, so each has identifiers, search grams and a place in the history. Sizes are those of rows
as COPY writes them and of the files, before compression. ZHIKE_BENCH_CUSTOMERS makes it smaller for a try.
"""

import os
import time
from pathlib import Path

import import_rows
from harness import Instance, describe_machine, emit, instance

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
MEGABYTE = 1e6


def fill(made: Instance) -> None:
    made.zhike("migrate")
    file = made.home.parent / "customers.csv"
    import_rows.write_customers(file, count=CUSTOMERS)
    told = made.reply("import", file, "--kind", "customers", "--source", "bench", "--yes")
    assert told["new"] == CUSTOMERS, told
    file.unlink()
    made.reply("audit", "seal", timeout=600)


def measure(made: Instance, again: Instance) -> None:
    folder = made.home.parent / "backups"
    folder.mkdir()
    identity, keys = folder / "identity", folder / "keys"
    recipient = made.reply("backup", "--new-key", identity)["recipient"]
    made.zhike("backup", "--save-keys", keys, "--recipient", recipient)
    told = made.reply("backup", "--to", folder, "--recipient", recipient)
    size = told["bytes"] / MEGABYTE
    more = {"customers": CUSTOMERS, "rows": told["rows"], "megabytes": round(size)}
    emit("backup_seconds", told["seconds"], "s", **more)
    emit("backup_mb_per_s", size / told["seconds"], "MB/s", **more)
    emit("backup_proof_seconds", told["verify_seconds"], "s", **more)
    emit("backup_file_megabytes", told["size"] / MEGABYTE, "MB", **more)
    began = time.perf_counter()
    back = again.reply("restore", Path(told["file"]), "--identity", identity, "--keys", keys)
    emit("restore_seconds", time.perf_counter() - began, "s", checks_included=True, **more)
    emit("restore_load_seconds", back["load_seconds"], "s", **more)
    emit("restore_mb_per_s", size / back["load_seconds"], "MB/s", **more)
    assert back["rows"] == told["rows"]
    assert again.reply("stats") == made.reply("stats")


def main() -> None:
    describe_machine()
    with instance() as made, instance() as again:
        fill(made)
        measure(made, again)


if __name__ == "__main__":
    main()
