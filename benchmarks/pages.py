"""Pages at a million customers: list, filter, search, customer; eight readers, paused and in a closed loop.

Expects an instance with customers and scores. Readers of every kind read for a while with an exponential pause of one
second on average; then again without any pause, with the processor time of server and database per request.
"""

import random
import re
import secrets
from collections.abc import Callable
from urllib.parse import quote

from harness import Instance, Served, cpu_seconds, describe_machine, emit, instance, processes_of, wait_until_quiet
from visitors import Visitor, read_pages

READERS = 8
PAUSED_SECONDS = 20.0
CLOSED_SECONDS = 8.0
SORTS = ("", "?sort=-amount", "?sort=-last_order", "?sort=name")
TARGET_MS = "<= 60"

type Path = Callable[[random.Random], str]


def measure(made: Instance) -> None:
    """Emit list_p95_ms, filter_p95_ms, search_p95_ms, customer_page_p95_ms, each with its closed loop."""
    password = secrets.token_urlsafe(16)
    made.zhike("createuser", "reader", "--role", "administrator", "--password-stdin", typed=password)
    terms = _terms(made)
    cities, ids = _column(made, "city"), _column(made, "id")
    # Otherwise the server tidies up after the load while we measure.
    made.zhike("sql", "-c", "VACUUM (ANALYZE)")
    with made.served() as served:
        wait_until_quiet(made, served)
        visitors = [Visitor(served.address, "reader", password) for _ in range(READERS)]
        filters = [_filter_url(visitors[0], city) for city in sorted(set(cities))[:20]]
        pages: dict[str, Path] = {
            "list": lambda dice: f"/customers/{dice.choice(SORTS)}",
            "filter": lambda dice: dice.choice(filters),
            "search": lambda dice: f"/customers/?q={quote(dice.choice(terms))}",
            "customer_page": lambda dice: f"/customers/{dice.choice(ids)}/",
        }
        for name, path_of in pages.items():
            _measure_page(made, served, visitors, name, path_of)
        measure_first_load(served, visitors[0])


def _measure_page(made: Instance, served: Served, visitors: list[Visitor], name: str, path_of: Path) -> None:
    read_pages(visitors, path_of, seconds=2, pause=0, seed=9)
    paused = read_pages(visitors, path_of, seconds=PAUSED_SECONDS, pause=1)
    emit(f"{name}_p95_ms", paused.p95, "ms", target=TARGET_MS, p50=round(paused.p50, 1), requests=paused.count)
    processes = processes_of(made, served.pid)
    before = cpu_seconds(processes)
    closed = read_pages(visitors, path_of, seconds=CLOSED_SECONDS, pause=0)
    spent = cpu_seconds(processes) - before
    emit(f"{name}_closed_p95_ms", closed.p95, "ms", p50=round(closed.p50, 1), per_second=round(closed.rate, 1))
    emit(f"{name}_cpu_ms", 1000 * spent / closed.count, "CPU ms/request")


def _terms(made: Instance) -> list[str]:
    """Two Chinese characters, pinyin initials, readings and phone fragments that occur."""
    names = _column(made, "name")
    phones = made.zhike(
        "sql", "-c", "COPY (SELECT value FROM customers_identifier WHERE kind = 'phone' LIMIT 2000) TO STDOUT"
    ).split()
    found = [name[-2:] for name in names[:200]] + [phone[-4:] for phone in phones[::40]]
    readings = [reading.replace(" ", "") for reading in _column(made, "name_pinyin")[:100]]
    return [term for term in found + readings if term and "%" not in term]


def _column(made: Instance, column: str) -> list[str]:
    query = f"COPY (SELECT {column} FROM customers_customer WHERE id % 499 = 0 ORDER BY id LIMIT 2000) TO STDOUT"  # noqa: S608
    return [line for line in made.zhike("sql", "-c", query).splitlines() if line]


def _filter_url(visitor: Visitor, city: str) -> str:
    """As the filter form would make it."""
    return "/customers/?f=" + quote(f"city:is:{city}")


def measure_first_load(served: Served, visitor: Visitor) -> None:
    """Emit page_kb: the list page with all it loads, as sent to a browser that accepts Brotli."""
    page = visitor.get("/customers/")
    total = visitor.size_of("/customers/")
    for path in set(re.findall(rb'(?:href|src)="(/static/[^"#]+)', page)):
        total += visitor.size_of(path.decode())
    emit("page_kb", total / 1000, "KB compressed", target="<= 500", address=served.address)


if __name__ == "__main__":
    describe_machine()
    with instance() as alone:
        alone.zhike("demo", "--no-serve", "--customers", "20000", "--orders", "100000")
        measure(alone)
