"""What lists, the customer's page and a change of many customers cost at a million customers.

Part of `make bench-records`: the customers imported there, owned by 2,000 users as in `policy`, get ten million
activities and forty fields of the company's own, ten of which lists can be filtered by. Pages are asked for through
everything between the request and the answer but the network, by people who see a part of the customers, in turn; no
role that sees everything takes part.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import policy
from harness import Instance, emit

ACTIVITIES = 10  # a customer
ROUNDS = 12
EDITED = 100_000

# Forty fields, by kind: numbers, days, choices, texts, yes or no.
FIELDS = [f"n{number}" for number in range(10)] + [f"d{number}" for number in range(6)]
FIELDS += [f"c{number}" for number in range(10)] + [f"t{number}" for number in range(10)]
FIELDS += [f"b{number}" for number in range(4)]
FILTERED = ("n0", "n1", "n2", "d0", "d1", "c0", "c1", "t0", "t1", "b0")
_SPREAD = "(hashint8(customers_customer.id + {seed}) & 16777215)"
_VALUES = {
    "n": "{spread} %% {most}",
    "d": "to_char(date '2018-01-01' + {spread} %% 3200, 'YYYY-MM-DD')",
    "c": "'o' || {spread} %% {most}",
    "t": "'K' || {spread} %% {most}",
    "b": "{spread} %% 4 = 0",
}
_MOST = {"n0": 1_000_000, "n1": 1_000, "n2": 100_000, "c0": 5, "c1": 40, "t0": 1_000_000, "t1": 2_000}


def _value(name: str, seed: int) -> str:
    spread = _SPREAD.format(seed=seed)
    return _VALUES[name[0]].format(spread=spread, most=_MOST.get(name, 20)).replace("%%", "%")


# Written in the same UPDATE that gives every customer an owner.
VALUES = ", ".join(f"'{name}', {_value(name, seed)}" for seed, name in enumerate(FIELDS))
OWNED = "UPDATE customers_customer SET owner_id"
PLANT = policy.PLANT.replace(OWNED, OWNED.replace("owner_id", f"custom = jsonb_build_object({VALUES}), owner_id"))

# Ten million rows one by one would be ten million look-ups of a foreign key that is known to hold.
ACTIVITY = """
ALTER TABLE customers_activity DISABLE TRIGGER USER;
CREATE TEMPORARY TABLE held AS SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint
WHERE conrelid = 'customers_activity'::regclass AND contype = 'f';
DO $$
DECLARE one record; built text;
BEGIN
    FOR one IN SELECT conname FROM held LOOP
        EXECUTE format('ALTER TABLE customers_activity DROP CONSTRAINT %I', one.conname);
    END LOOP;
    SELECT indexdef INTO built FROM pg_indexes WHERE indexname = 'customers_activity_timeline';
    DROP INDEX customers_activity_timeline;
    INSERT INTO customers_activity (customer_id, kind, happened_at, text, is_pinned, created_at)
    SELECT id, (ARRAY['note', 'follow_up', 'call', 'visit'])[1 + n % 4],
        now() - (hashint8(id + n) & 65535) * interval '15 minutes', 'Spoke about the order', false, now()
    FROM customers_customer CROSS JOIN generate_series(1, {activities}) AS n;
    EXECUTE built;
    FOR one IN SELECT conname, said FROM held LOOP
        EXECUTE format('ALTER TABLE customers_activity ADD CONSTRAINT %I %s NOT VALID', one.conname, one.said);
    END LOOP;
END $$;
ALTER TABLE customers_activity ENABLE TRIGGER USER;
"""

DESIGN = r"""
from zhike.cli.instance import load_django
load_django()
from datetime import UTC, datetime
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.services import definitions, indexing
from zhike.metadata.services.definitions import NewOption

KINDS = {"n": Kind.NUMBER, "d": Kind.DATE, "c": Kind.CHOICE, "t": Kind.TEXT, "b": Kind.BOOLEAN}
with acting(SYSTEM):
    for name in {fields}:
        kind = KINDS[name[0]]
        options = [NewOption(label=f"o{number}") for number in range(40)] if kind is Kind.CHOICE else ()
        made = definitions.create_field(actor=SYSTEM, at=datetime.now(UTC), record="customers.customer", kind=kind,
                                        label=name, key=name, options=options)
        if name in {filtered}:
            FieldDefinition.objects.filter(pk=made.pk).update(index="wanted")
"""

BUILD = r"""
from zhike.cli.instance import load_django
load_django()
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.metadata.models import FieldDefinition
from zhike.metadata.services import indexing

with acting(SYSTEM):
    for pk in FieldDefinition.objects.filter(index="wanted").values_list("pk", flat=True):
        indexing.build_index(definition_id=pk)
    assert not FieldDefinition.objects.filter(index="wanted").exists()
"""

ASK = r"""
import json, random, statistics, sys, time
from zhike.cli.instance import load_django
load_django()
from datetime import UTC, datetime
from django.conf import settings
from django.test import Client
from zhike.accounts.models import User
from zhike.accounts.actors import actor_of
from zhike.accounts import services as accounts
from zhike.bulk import tasks
from zhike.bulk.models import Act, Verb
from zhike.bulk.services import carrying, choosing, undoing
from zhike.core.acting import acting
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.models import Customer

settings.ALLOWED_HOSTS = ["testserver"]
PASSWORD = "seen by nobody but this script"
codes = [one.code for one in list_permissions()]
ROLES = {
    "own": (Scope.OWN, 1502), "team": (Scope.TEAM, 1505), "below 5 teams": (Scope.TEAM_AND_BELOW, 101),
    "below 25 teams": (Scope.TEAM_AND_BELOW, 25), "below 125 teams": (Scope.TEAM_AND_BELOW, 9),
}
dice = random.Random(20261123)
clients, actors, seen = {}, {}, {}
with acting(SYSTEM):
    for name, (scope, number) in ROLES.items():
        role = accounts.put_role(actor=SYSTEM, code="list " + name, name=name, grants=dict.fromkeys(codes, scope))
        user = User.objects.get(pk=1000000 + number)
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        user.roles.set([role])
        clients[name], actors[name] = Client(), actor_of(User.objects.get(pk=user.pk))
        told = clients[name].post("/account/log-in/", {"username": user.username, "password": PASSWORD})
        assert told.status_code == 302, told.status_code
        seen[name] = list(Customer.objects.visible_to(actors[name]).order_by("?").values_list("pk", flat=True)[:40])
    cities = list(Customer.objects.exclude(city="").values_list("city", flat=True)[:2000])
    channels = list(Customer.objects.exclude(channel="").values_list("channel", flat=True)[:2000])

def days():
    first = datetime(2018, 1, 1 + dice.randrange(28)).date().replace(year=dice.randrange(2018, 2026))
    return f"{first},{first.replace(year=first.year + 1)}"

def span(most, width):
    low = dice.randrange(most)
    return f"{low},{low + width}"

FILTERS = {
    "city": lambda: "city:is:" + dice.choice(cities),
    "channel": lambda: "channel:is:" + dice.choice(channels),
    "team": lambda: f"team:is:{1000001 + dice.randrange(500)}",
    "owner": lambda: f"owner:is:{1000001 + dice.randrange(2000)}",
    "stage": lambda: "stage:is:new",
    "grade": lambda: "grade:is:normal",
    "amount": lambda: "amount:between:" + span(2_000_000, 100_000),
    "orders": lambda: "orders:from:" + str(dice.randrange(40)),
    "last_order": lambda: "last_order:older:" + str(dice.randrange(900)),
    "custom.n0": lambda: "custom.n0:between:" + span(1_000_000, 1_000),
    "custom.n1": lambda: "custom.n1:from:" + str(dice.randrange(1_000)),
    "custom.n2": lambda: "custom.n2:between:" + span(100_000, 20_000),
    "custom.d0": lambda: "custom.d0:between:" + days(),
    "custom.d1": lambda: "custom.d1:between:" + days(),
    "custom.c0": lambda: f"custom.c0:is:o{dice.randrange(5)}",
    "custom.c1": lambda: f"custom.c1:is:o{dice.randrange(40)}",
    "custom.t0": lambda: f"custom.t0:is:K{dice.randrange(1_000_000)}",
    "custom.t1": lambda: f"custom.t1:starts:K{dice.randrange(100, 2_000)}",
    "custom.b0": lambda: "custom.b0:is:" + dice.choice(["true", "false"]),
}
lists, pages = {}, {}
for turn in range({rounds} + 1):
    for key, write in FILTERS.items():
        for name, client in clients.items():
            asked = write()
            began = time.perf_counter()
            answer = client.get("/customers/", {"f": asked})
            took = 1000 * (time.perf_counter() - began)
            assert answer.status_code == 200, (asked, answer.status_code)
            if turn:
                lists.setdefault(key, []).append((took, name))
    for name, client in clients.items():
        for pk in dice.sample(seen[name], min(4, len(seen[name]))):
            began = time.perf_counter()
            answer = client.get(f"/customers/{pk}/")
            took = 1000 * (time.perf_counter() - began)
            assert answer.status_code == 200, answer.status_code
            if turn:
                pages.setdefault(name, []).append(took)

def p95(values):
    return statistics.quantiles(values, n=20)[18]

# Whoever sees a quarter of the customers changes as many of them as the figure asks for.
actor = actors["below 125 teams"]
with acting(actor, origin="task"):
    ids = Customer.objects.visible_to(actor)
    share = max(1, round(1_000 * {edited} / max(1, ids.count())))

def carry(change):
    # By the worker's own task: the set laid down, and batch after batch, each in a transaction, two beside each other.
    with acting(actor, origin="task"):
        now = datetime.now(UTC)
        query = {"f": f"custom.n1:to:{min(999, share - 1)}"}
        selection = choosing.choose(actor=actor, verb=Verb.EDIT, at=now, query=query)
        choosing.enter_change(actor=actor, selection_id=selection.pk, change={"fields": change}, at=now)
        began = time.perf_counter()
        act = carrying.start_act(actor=actor, selection_id=selection.pk, at=now)
        tasks.carry_out(act_id=act.pk, user_id=actor.user_id)
        took = time.perf_counter() - began
    return Act.objects.get(pk=act.pk), took

def take_back(act):
    with acting(actor, origin="task"):
        began = time.perf_counter()
        undoing.start_undo(actor=actor, act_id=act.pk, at=datetime.now(UTC))
        tasks.take_back(act_id=act.pk, user_id=actor.user_id)
        return time.perf_counter() - began

with acting(SYSTEM):
    first, seconds = carry({"channel": "展会"})
    back = take_back(first)
    own, own_seconds = carry({"custom.c5": "o3"})
    indexed, indexed_seconds = carry({"custom.c0": "o4"})
print(json.dumps({
    "lists": {key: {
        "p95": p95([took for took, _name in several]), "median": statistics.median(took for took, _name in several),
        "slowest": max(several)[1],
    } for key, several in lists.items()},
    "pages": {name: [statistics.median(took), p95(took)] for name, took in pages.items()},
    "bulk": {
        "count": first.changed_count, "seconds": seconds, "undo_seconds": back, "refused": first.refused_count,
        "own_per_s": own.changed_count / own_seconds, "indexed_own_per_s": indexed.changed_count / indexed_seconds,
    },
}))
"""


def plant(made: Instance) -> None:
    """Owners, own fields with values and indexes, figures, activities."""
    _run(made, DESIGN.replace("{fields}", repr(FIELDS)).replace("{filtered}", repr(FILTERED)))
    made.zhike("sql", "-q", "-1", "-c", PLANT.replace("{customers}", "0"))
    _run(made, BUILD)
    made.zhike("sql", "-q", "-1", "-c", ACTIVITY.replace("{activities}", str(ACTIVITIES)))
    made.zhike("sql", "-c", "VACUUM (ANALYZE)")


def ask(made: Instance) -> None:
    """Emit list_filter_p95_ms, customer_page_p95_ms and bulk_edit_per_s, where the customers have all that."""
    told = json.loads(_run(made, ASK.replace("{rounds}", str(ROUNDS)).replace("{edited}", str(EDITED))))
    filters: dict[str, Any] = told["lists"]
    worst = max(filters, key=lambda key: filters[key]["p95"])
    by_filter = {key: [round(one["median"], 1), round(one["p95"], 1)] for key, one in filters.items()}
    more: dict[str, Any] = {"filter": worst, "role": filters[worst]["slowest"], "median_p95": by_filter}
    emit("list_filter_p95_ms", filters[worst]["p95"], "ms", target="<= 60", **more)
    pages: dict[str, list[float]] = told["pages"]
    by_role: dict[str, Any] = {name: [round(figure, 1) for figure in figures] for name, figures in pages.items()}
    emit("customer_page_p95_ms", max(one[1] for one in pages.values()), "ms", target="<= 80", median_p95=by_role)
    bulk: dict[str, float] = told["bulk"]
    rates: dict[str, Any] = {name: round(figure, 1) for name, figure in bulk.items()}
    rates["undo_per_s"] = round(bulk["count"] / bulk["undo_seconds"])
    emit("bulk_edit_per_s", bulk["count"] / bulk["seconds"], "customers/s", target=">= 10000", **rates)


def _run(made: Instance, source: str) -> str:
    script = Path(made.home) / "lists_bench.py"
    script.write_text(source, encoding="utf-8")
    done = subprocess.run(
        [policy.PYTHON, script], env=made.environment, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.splitlines()[-1] if done.stdout else ""
