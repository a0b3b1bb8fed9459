"""What the policy costs: the customer list of every kind of role against the same list of one who sees everything.

A million customers, 2,000 users, a tree of 500 teams. The list is asked for in two ways: as a page, through everything
between the request and the answer but the network, and through its selector alone, cells included. Roles take turns, so
that whatever else the machine does meets them all; figures are medians.

Beside those who see everything stands a second peer: somebody who sees everything and filters by owner or team so that
the same rows come. A table of a million rows that is read from end to end, in a plan or by PostgreSQL's own count, ends
the benchmark.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import import_rows
from harness import ROOT, Instance, describe_machine, emit, instance

CUSTOMERS = 1_000_000
ROUNDS = 15
LARGE_ENOUGH = 100_000  # customers; of fewer, reading all of them may well be the best plan
ORDERS = ("newest", "amount", "last order", "name")
PYTHON = ROOT / ".venv" / "bin" / "python"

# Five levels: 1, 4, 20, 95 and 380 teams; four users in each; the first of a team leads the others.
PLANT = """
ALTER TABLE customers_customer DISABLE TRIGGER USER;
INSERT INTO accounts_team (id, name, parent_id, path)
SELECT n, 'Bench ' || n, NULL, '' FROM generate_series(1000001, 1000500) AS n;
UPDATE accounts_team SET parent_id = 1000000 + CASE
    WHEN id = 1000001 THEN NULL WHEN id <= 1000005 THEN 1 WHEN id <= 1000025 THEN 2 + (id - 1000006) % 4
    WHEN id <= 1000120 THEN 6 + (id - 1000026) % 20 ELSE 26 + (id - 1000121) % 95 END WHERE id > 1000000;
WITH RECURSIVE tree AS (
    SELECT id, '/' || id || '/' AS path FROM accounts_team WHERE id = 1000001
    UNION ALL SELECT t.id, tree.path || t.id || '/' FROM accounts_team t JOIN tree ON t.parent_id = tree.id
) UPDATE accounts_team SET path = tree.path FROM tree WHERE tree.id = accounts_team.id;
INSERT INTO accounts_user (id, password, username, name, email, team_id, manager_id, locale, zone, theme, is_active,
    created_at, kind, must_change_password, session_epoch)
SELECT 1000000 + n, '!', 'bench' || n, 'Bench ' || n, '', 1000000 + (n - 1) / 4 + 1, NULL, 'zh-hans', 'Asia/Shanghai',
    'auto', true, now(), 'person', false, 0 FROM generate_series(1, 2000) AS n;
UPDATE accounts_user SET manager_id = 1000000 + ((id - 1000001) / 4) * 4 + 1
WHERE id > 1000000 AND (id - 1000001) % 4 <> 0;
INSERT INTO customers_customer (id, kind, name, name_normal, name_pinyin, channel, relationship, country, province,
    city, note, created_at, updated_at, version)
SELECT nextval('customers_customer_id_seq'), 'person', 'Guest ' || n, 'guest ' || n,
    chr((97 + n % 26)::int) || chr((97 + n / 26 % 26)::int) || n, 'web', '', '', '', 'City ' || n % 300, '',
    now() - n * interval '1 second', now(), 1
FROM generate_series(1, greatest(0, {customers} - (SELECT count(*) FROM customers_customer))) AS n;
UPDATE customers_customer SET owner_id = u.id, team_id = u.team_id FROM accounts_user AS u
WHERE u.id = 1000001 + (hashint8(customers_customer.id) & 65535) % 2000;
INSERT INTO customers_customerfacts (customer_id, run_id, as_of, grade, stage, relationship, order_count, amount,
    last_order_on)
SELECT id, 1, current_date, 'normal', 'new', 'first_time', (hashint8(id + 1) & 65535) % 40,
    (hashint8(id + 2) & 16777215) / 7.0, current_date - (hashint8(id + 3) & 65535) % 900
FROM customers_customer ON CONFLICT DO NOTHING;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE customers_customer ENABLE TRIGGER USER;
INSERT INTO customers_collaborator (customer_id, user_id, may_edit, created_at)
SELECT id, 1001999, true, now() FROM customers_customer WHERE id % 5000 = 1;
"""

ASK = r"""
import json, statistics, time
from zhike.cli.instance import load_django
load_django()
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from zhike.accounts.models import User
from zhike.accounts.actors import actor_of
from zhike.accounts import services as accounts
from zhike.core.acting import acting
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Scope
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State, tree_of
from zhike.core.paging import Page
from zhike.customers import selectors
from zhike.customers.cells import Style

settings.ALLOWED_HOSTS = ["testserver"]
PASSWORD = "seen by nobody but this script"
LARGE = ["customers_customer", "customers_customerfacts", "customers_customersearch", "customers_identifier"]
codes = [one.code for one in list_permissions()]
# Scope, number of the user, and a filter by which somebody who sees everything gets the same rows.
ROLES = {
    "everything": (Scope.ALL, 1601, {}),
    "own": (Scope.OWN, 1502, {"owner": 1001502}),
    "subordinates": (Scope.SUBORDINATES, 1501, {"owner": [1001501, 1001502, 1001503, 1001504]}),
    "team": (Scope.TEAM, 1505, {"team": 1000377}),
    "below 5 teams": (Scope.TEAM_AND_BELOW, 101, {"team": 1000026}),
    "below 25 teams": (Scope.TEAM_AND_BELOW, 25, {"team": 1000007}),
    "below 125 teams": (Scope.TEAM_AND_BELOW, 9, {"team": 1000003}),
    "below 500 teams": (Scope.TEAM_AND_BELOW, 1, {"team": 1000001}),
    "chosen": (Scope.CHOSEN, 1901, {"team": [1000130, 1000230, 1000330]}),
    "collaborator": (Scope.OWN, 1999, None),
}
CASES = {
    "newest": State(), "amount": State(sort="amount"), "last order": State(sort="last_order"),
    "name": State(sort="name", is_descending=False),
    "filter": State(tree=tree_of(city="上海")), "search": State(search="138"),
}

with acting(SYSTEM):
    people, seen = {}, {}
    for name, (scope, number, _same) in ROLES.items():
        chosen = dict.fromkeys(codes, [1000130, 1000230, 1000330]) if scope is Scope.CHOSEN else {}
        role = accounts.put_role(actor=SYSTEM, code="bench " + name, name=name, grants=dict.fromkeys(codes, scope),
                                 chosen=chosen)
        user = User.objects.get(pk=1000000 + number)
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        user.roles.set([role])
        client = Client()
        told = client.post("/account/log-in/", {"username": user.username, "password": PASSWORD})
        assert told.status_code == 302, told.status_code
        people[name] = actor_of(User.objects.get(pk=user.pk)), client

def asking_of(actor):
    return Asking(actor=actor, now=timezone.now(), zone=timezone.get_current_timezone())

def ask_selector(actor, state):
    asking = asking_of(actor)
    style = Style(language="zh-hans", zone=asking.zone, now=asking.now, currency="CNY")
    with acting(actor):
        page = selectors.list_customers(actor=actor, asking=asking, state=state, page=Page(size=50), style=style)
    assert page.rows or state.is_filtered, actor.name

def ask_count(actor, state):
    with acting(actor):
        selectors.count_customers(actor=actor, asking=asking_of(actor), state=state)

def ask_page(client, state):
    answer = client.get("/customers/?" + state.query())
    assert answer.status_code == 200, answer.status_code

def same_rows(state, same):
    return State(tree=tree_of(**same), sort=state.sort, is_descending=state.is_descending)

spent = {}
def timed(key, turn, ask, *given):
    began = time.perf_counter()
    ask(*given)
    if turn > 1:
        spent.setdefault(key, []).append(1000 * (time.perf_counter() - began))

for turn in range({rounds} + 2):
    for name, (actor, client) in people.items():
        for case, state in CASES.items():
            timed(("selector", name, case), turn, ask_selector, actor, state)
            timed(("page", name, case), turn, ask_page, client, state)
            timed(("count", name, case), turn, ask_count, actor, state)
            if ROLES[name][2] and case in {orders}:
                peer = same_rows(state, ROLES[name][2])
                timed(("peer", name, case), turn, ask_page, people["everything"][1], peer)

# What the plans are: of the page's queries by EXPLAIN, within functions by what PostgreSQL counts.
def scans():
    with acting(SYSTEM), connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY (%s)", [LARGE])
        return dict(cursor.fetchall())

def whole(plan):
    return [table for table in LARGE if f"Seq Scan on {table}" in plan]

read_whole = {}
for name, (actor, client) in people.items():
    if name != "everything":
        for case, state in CASES.items():
            before = scans()
            with acting(actor), CaptureQueriesContext(connection) as asked:
                ask_selector(actor, state)
            if scans() != before:
                read_whole[f"{name}, {case}"] = "counted"
            with acting(actor), connection.cursor() as cursor:
                for query in asked.captured_queries:
                    if query["sql"].lstrip().startswith("SELECT"):
                        cursor.execute("EXPLAIN " + query["sql"])
                        if tables := whole("".join(line for (line,) in cursor.fetchall())):
                            read_whole[f"{name}, {case}"] = tables

for name, (actor, client) in people.items():
    with acting(actor):
        count = selectors.count_customers(actor=actor, asking=asking_of(actor), state=State(), ceiling=2_000_000)
        seen[name] = count.value
median = {"/".join(key): statistics.median(took) for key, took in spent.items()}
print(json.dumps({"median": median, "customers": seen, "read_whole": read_whole}))
"""


def measure(made: Instance, *, customers: int = CUSTOMERS) -> None:
    """Emit policy_ratio: the page of the worst role, all orders together, over that of one who sees everything."""
    made.zhike("sql", "-q", "-1", "-c", PLANT.replace("{customers}", str(customers)))
    made.zhike("sql", "-c", "VACUUM (ANALYZE)")
    ask(made)


def ask(made: Instance) -> None:
    """The figures, of an instance that has been planted."""
    script = Path(made.home) / "policy_bench.py"
    script.write_text(ASK.replace("{rounds}", str(ROUNDS)).replace("{orders}", repr(ORDERS)), encoding="utf-8")
    done = subprocess.run(
        [PYTHON, script], env=made.environment, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    told = json.loads(done.stdout.splitlines()[-1])
    took: dict[str, float] = told["median"]
    for name, size in told["customers"].items():
        kinds: dict[str, Any] = {kind: _by_case(took, kind, name) for kind in ("page", "selector", "count")}
        emit(
            "policy_page_ms", fmean(kinds["page"][order] for order in ORDERS), "ms", role=name, customers=size, **kinds
        )
    emit("policy_ratio", **_worst(took, "page", "page", ORDERS), target="<= 1.3")
    emit("policy_selector_ratio", **_worst(took, "selector", "selector", ORDERS))
    emit("policy_same_rows_ratio", **_worst(took, "page", "peer", ORDERS))
    for case in ("filter", "search"):
        emit(f"policy_{case}_ratio", **_worst(took, "page", "page", (case,)))
    if told["read_whole"] and told["customers"]["everything"] >= LARGE_ENOUGH:
        sys.exit(f"read from end to end: {told['read_whole']}")


def _by_case(took: dict[str, float], kind: str, name: str) -> dict[str, float]:
    return {
        key.removeprefix(f"{kind}/{name}/"): round(spent, 1)
        for key, spent in took.items()
        if key.startswith(f"{kind}/{name}/")
    }


def _worst(took: dict[str, float], kind: str, peer: str, cases: tuple[str, ...]) -> dict[str, Any]:
    """Of the roles, the ratio of the worst; peer: "peer" has one for each role, other kinds have "everything"."""
    names = dict.fromkeys(key.split("/")[1] for key in took if key.startswith(f"{peer}/"))
    if peer != "peer":
        names = dict.fromkeys(key.split("/")[1] for key in took)
    ratios = {}
    for name in names:
        if name != "everything":
            against = name if peer == "peer" else "everything"
            own, other = (
                sum(took[f"{it}/{who}/{case}"] for case in cases) for it, who in ((kind, name), (peer, against))
            )
            ratios[name] = own / other
    worst = max(ratios, key=lambda name: ratios[name])
    by_role = {name: round(ratio, 2) for name, ratio in ratios.items()}
    return {"value": ratios[worst], "unit": "×", "worst": worst, "by_role": by_role}


if __name__ == "__main__":
    describe_machine()
    with instance() as alone:
        alone.zhike("migrate")
        file = alone.home.parent / "customers.csv"
        import_rows.write_customers(file, count=CUSTOMERS)
        alone.zhike("import", file, "--kind", "customers", "--source", "bench", "--yes")
        file.unlink()
        measure(alone)
