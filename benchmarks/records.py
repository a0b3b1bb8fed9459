"""How the records hold out at a million customers: `make bench-records`.

Each figure is a function of the list at the end, so that others can be added. ZHIKE_BENCH_CUSTOMERS makes it smaller
for a try; ZHIKE_TRIAL_DATA names the folder with Febrl's files, without which that figure is left out.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

import doubles
import records_lists
import records_search
from harness import Instance, describe_machine, emit, instance
from zhike.demo.doubles import ENTITY, make_doubles

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
REFUSED = 3  # exit code of an import of which some rows were
MERGES = Path(__file__).with_name("merges.py")
ZHIKE = Path(sys.executable).with_name("zhike")


def import_customers(made: Instance) -> None:
    """The demo company's customers, some of them twice; who is who is not in the file."""
    file = made.home.parent / "customers.csv"
    make_doubles(CUSTOMERS).drop(ENTITY, "负责人").write_csv(file)
    # Second cards with the credit code of the first are refused, as they should be.
    command = [ZHIKE, "import", file, "--kind", "customers", "--source", "bench", "--yes"]
    done = subprocess.run(command, env=made.environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, REFUSED):
        sys.exit(f"zhike import ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    file.unlink()
    made.zhike("sql", "-q", "-c", "ANALYZE customers_customer; ANALYZE customers_identifier")


def add_orders(made: Instance) -> None:
    """Three to a customer, of lognormal amounts, a hundred of them with the point slipped by three places."""
    made.zhike(
        "sql", "-q", "-c",
        "INSERT INTO commerce_order (customer_id, source, key, number, kind, placed_at, currency, total_amount,"
        " line_count, channel, store, created_at, version)"
        " SELECT c.id, 'bench', c.id || '-' || n, c.id || '-' || n, 'sale', now() - random() * interval '700 days',"
        " 'CNY', round(exp(5 + 0.8 * sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()))::numeric, 2)"
        "   * CASE WHEN n = 1 AND c.id % 10000 = 0 THEN 1000 ELSE 1 END, 1, 'web', '', now(), 1"
        " FROM customers_customer AS c, generate_series(1, 3) AS n; ANALYZE commerce_order",
    )  # fmt: skip


def watched(made: Instance, *command: str) -> tuple[dict[str, Any], float, float]:
    """What `zhike … --json` told, from its start to its end in seconds, and what it held at most in megabytes."""
    began = time.perf_counter()
    process = subprocess.Popen([ZHIKE, *command, "--json"], env=made.environment, stdout=subprocess.PIPE, text=True)
    peak = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        seen = psutil.Process(process.pid)
        while not done.wait(0.2):
            try:
                held = sum(one.memory_full_info().pss for one in (seen, *seen.children(recursive=True)))
            except psutil.NoSuchProcess:
                return
            peak = max(peak, held / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output = process.communicate(timeout=1200)[0]
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"zhike {' '.join(command)} ended with {process.returncode}")
    return json.loads(output), seconds, peak


def measure_scan(made: Instance) -> None:
    """Emit dedupe_1m_s and dedupe_1m_mb: from the start of the command to its end, and what it and DuckDB held."""
    told, seconds, peak = watched(made, "duplicates", "scan")
    emit("dedupe_1m_s", seconds, "s", target="<= 180", customers=told["customers"], pairs=told["pairs"])
    emit("dedupe_1m_mb", peak, "MB PSS", target="<= 6000", thresholds=told["thresholds"])


def measure_check(made: Instance) -> None:
    """Emit quality_1m_s and quality_1m_mb: a check of everything by all rules, figures and findings written."""
    told, seconds, peak = watched(made, "quality", "run")
    emit("quality_1m_s", seconds, "s", target="<= 60", **told)
    emit("quality_1m_mb", peak, "MB PSS")


def measure_merges(made: Instance) -> None:
    """Emit merge_1000_s."""
    environment = {**made.environment, "DJANGO_SETTINGS_MODULE": "zhike.config.settings"}
    done = subprocess.run([sys.executable, MERGES], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"merges.py ended with {done.returncode}:\n{done.stderr}")
    told = json.loads(done.stdout)
    emit("merge_1000_s", told["seconds"], "s", target="<= 10", **told)


def measure_quality() -> None:
    """Emit febrl4_f1 and zh_f1."""
    folder = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "febrl"
    if folder.is_dir():
        emit("febrl4_f1", doubles.febrl4_f1(folder), "", target=">= 0.993", without="soc_sec_id")
    emit("zh_f1", doubles.zh_f1(), "", target=">= 0.95", rows=doubles.CHINESE)


def main() -> None:
    describe_machine()
    measure_quality()
    with instance() as made:
        made.zhike("migrate")
        import_customers(made)
        measure_scan(made)
        measure_merges(made)
        add_orders(made)
        measure_check(made)
        records_lists.plant(made)
        records_search.ask(made)
        records_lists.ask(made)


if __name__ == "__main__":
    main()
