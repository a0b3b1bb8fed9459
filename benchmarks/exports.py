"""What exports of a million customers take: time, and memory of the process that writes them.

ZHIKE_BENCH_CUSTOMERS makes it smaller for a try.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from harness import Instance, describe_machine, emit, instance

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
MOST_MB = 500
ZHIKE = Path(sys.executable).with_name("zhike")
# Bare rows, with a phone each; what an import makes besides does not leave in an export.
FILL = f"""
    INSERT INTO customers_customer (kind, name, name_normal, name_pinyin, channel, relationship, country, province,
        city, note, custom, created_at, updated_at, version)
    SELECT 'person', '顾客' || n, '顾客' || n, 'gu ke ' || n, 'shop', '', '中国', '浙江省', '杭州市', '', '{{}}',
        now(), now(), 1
    FROM generate_series(1, {CUSTOMERS}) AS n;
    INSERT INTO customers_identifier (customer_id, kind, system, value, value_normal, strength, source, is_primary,
        created_at, version)
    SELECT id, 'phone', '', (13000000000 + id)::text, (13000000000 + id)::text, 2, '', true, now(), 1
    FROM customers_customer;
    ANALYZE customers_customer; ANALYZE customers_identifier;
"""  # noqa: S608


def measure(made: Instance, form: str, *options: str) -> None:
    """Emit export_FORM_s and export_FORM_mb: from the start of the command to its end, and the most that it held."""
    command = [ZHIKE, "export", "customers", "--format", form, *options, "--reason", "benchmark", "--json"]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=made.environment, stdout=subprocess.PIPE, text=True)
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        seen = psutil.Process(process.pid)
        while not done.wait(0.2):
            try:
                peak = max(peak, seen.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    output = process.communicate(timeout=3600)[0]
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"zhike export ended with {process.returncode}")
    told = json.loads(output)
    name = "_".join((form, *(option.strip("-").replace("-", "_") for option in options)))
    emit(f"export_{name}_s", seconds, "s", rows=told["rows"], bytes=told["bytes"], cpu=round(_cpu(), 1))
    emit(f"export_{name}_mb", peak, "MB RSS", target=f"<= {MOST_MB}")
    if peak > MOST_MB:
        sys.exit(f"{form} held {peak:.0f} MB")


def _cpu() -> float:
    """Processor time of all processes that this one has waited for."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    describe_machine()
    with instance() as made:
        made.zhike("migrate")
        made.zhike("sql", "-q", "-c", FILL)
        measure(made, "csv")
        measure(made, "parquet")
        measure(made, "parquet", "--all-fields")


if __name__ == "__main__":
    main()
