"""What a request to the API costs: processor time of application and database together, and how long it takes.

    .venv/bin/python benchmarks/api.py [--customers 1000000] [--requests 400]

The customers are made in SQL, which is no figure of its own; everything measured goes over HTTP with a key.
"""

import argparse
import http.client
import itertools
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psutil

from harness import (
    ROOT,
    Instance,
    Served,
    cpu_seconds,
    describe_machine,
    emit,
    instance,
    percentile,
    processes_of,
    wait_until_quiet,
)

REQUESTS = 400
STRETCHES = 5
CREATE_TARGET, LIST_TARGET = "<= 8", "<= 12"
CUSTOMERS = """
INSERT INTO customers_customer (kind, name, name_normal, name_pinyin, channel, relationship, country, province, city,
    note, created_at, updated_at, version)
SELECT 'person', name, name, 'wang ' || g, '', '', '中国', '上海', (ARRAY['上海','北京','杭州','成都'])[1 + g % 4], '',
    now() - g * interval '1 minute', now(), 1
FROM (SELECT g, chr((19968 + g * 7919 % 5000)::int) || chr((19968 + g * 104729 % 5000)::int) AS name
    FROM generate_series(1::bigint, {count}) g) made;
INSERT INTO customers_identifier (customer_id, kind, system, value, value_normal, strength, source, is_primary,
    created_at, version)
SELECT id, held.kind, CASE held.kind WHEN 'external' THEN 'erp' ELSE '' END, number, number, strength, 'seed', true,
    now(), 1
FROM customers_customer, LATERAL (VALUES
    ('phone', '+86138' || lpad(id::text, 8, '0'), 2), ('external', 'c' || id, 3)) held (kind, number, strength);
INSERT INTO customers_customersearch (customer_id, text, grams)
SELECT id, name_normal || E'\\n138' || lpad(id::text, 8, '0') || E'\\nc' || id,
    ARRAY[substr(name_normal, 1, 1), substr(name_normal, 2, 1), name_normal]
    || ARRAY(SELECT substr('138' || lpad(id::text, 8, '0'), k, 3) FROM generate_series(1, 9) k)
FROM customers_customer;
INSERT INTO customers_customerfacts (customer_id, run_id, as_of, grade, stage, relationship, r, f, m, order_count,
    amount)
SELECT id, 1, current_date, 'normal', 'mature', 'repeat', 3, 3, 3, 5, id % 1000 FROM customers_customer;
"""
KEY = """
from datetime import datetime, UTC
from zhike.accounts import services
from zhike.accounts.models import User
from zhike.core.actor import SYSTEM
user = User.objects.get(username="bench")
print(services.create_token(actor=SYSTEM, user=user, name="bench", at=datetime.now(UTC))[1])
"""


@dataclass
class Program:
    """A client with a key and one kept-alive connection."""

    address: str
    key: str

    def __post_init__(self) -> None:
        place = urlsplit(self.address)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self._connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status < 300, f"{method} {path} answered {response.status}: {content[:300]!r}"
        return json.loads(content)


def make_key(made: Instance) -> str:
    """A key of a new administrator."""
    made.zhike("createuser", "bench")
    setup = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'zhike.config.settings'; django.setup()\n"
    python = ROOT / ".venv" / "bin" / "python"
    done = subprocess.run([python, "-c", setup + KEY], env=made.environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def cost(processes: list[psutil.Process], action: Callable[[], object], *, times: int) -> tuple[float, list[float]]:
    """Processor milliseconds of these processes for one action, and how many milliseconds each took.

    The median of some stretches: what the worker begins by the clock beside one of them is not the action's.
    """
    for _ in range(times // 10 + 1):
        action()
    spent, took = [], []
    for _ in range(STRETCHES):
        before = cpu_seconds(processes)
        for _ in range(times // STRETCHES):
            began = time.perf_counter()
            action()
            took.append((time.perf_counter() - began) * 1000)
        spent.append((cpu_seconds(processes) - before) / (times // STRETCHES) * 1000)
    return statistics.median(spent), took


def measure(made: Instance, *, requests: int = REQUESTS) -> None:
    """Emit api_list_cpu_ms, api_create_cpu_ms and how long they and others take. Expects customers in the instance."""
    key = make_key(made)
    # Otherwise the server tidies up after the load while we measure, and its work is taken for that of the requests.
    made.zhike("sql", "-q", "-c", "VACUUM (ANALYZE)")
    with made.served() as served:
        _measure(made, served, key, requests)


def _measure(made: Instance, served: Served, key: str, requests: int) -> None:
    program = Program(served.address, key)
    numbers = itertools.count(int(time.time()) % 10**6 * 1000)

    def create() -> None:
        number = next(numbers)
        identifiers = [
            {"kind": "phone", "value": f"139{number % 10**8:08d}"},
            {"kind": "email", "value": f"someone{number}@example.com"},
            {"kind": "external", "system": "shop", "value": f"S{number}"},
        ]
        program.send("POST", "/customers", {"name": "欧阳晓雯", "city": "上海", "identifiers": identifiers})

    newest = program.send("GET", "/customers?limit=1")["items"][0]["id"]
    actions: list[tuple[str, Callable[[], object], str]] = [
        ("api_list", lambda: program.send("GET", "/customers?limit=50"), LIST_TARGET),
        ("api_create", create, CREATE_TARGET),
        ("api_search", lambda: program.send("GET", "/customers?limit=50&q=1380012"), ""),
        ("api_filter", lambda: program.send("GET", "/customers?limit=50&f=city:is:%E6%9D%AD%E5%B7%9E"), ""),
        ("api_get", lambda: program.send("GET", f"/customers/{newest}"), ""),
        ("api_me", lambda: program.send("GET", "/me"), ""),
    ]
    for name, action, target in actions:
        wait_until_quiet(made, served)  # the worker looks for doubles by the clock, which takes half a minute
        processor, took = cost(processes_of(made, served.pid), action, times=requests)
        emit(f"{name}_cpu_ms", processor, "CPU ms/request", target=target)
        emit(f"{name}_p95_ms", percentile(took, 0.95), "ms", p50=round(statistics.median(took), 1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    wanted = parser.parse_args()
    describe_machine()
    with instance() as alone:
        alone.zhike("migrate")
        alone.zhike("sql", "-q", "-c", CUSTOMERS.format(count=wanted.customers))
        measure(alone, requests=wanted.requests)


if __name__ == "__main__":
    main()
