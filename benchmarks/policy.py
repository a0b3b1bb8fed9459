"""What the policy costs: the customer list of every kind of role against the same list of one who sees everything.

A million customers, 2,000 users, a tree of 500 teams. The list is read as the page reads it, through the selector, as
the application's role with the policies of the tables in force; the time is that of the whole list, cells included.
"""

import json
import subprocess
import sys
from pathlib import Path

from harness import ROOT, Instance, describe_machine, emit, instance

CUSTOMERS = 1_000_000
ROUNDS = 9
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
WHERE u.id = 1000001 + (customers_customer.id * 7919 % 2000);
INSERT INTO customers_customerfacts (customer_id, run_id, as_of, grade, stage, relationship, order_count, amount,
    last_order_on)
SELECT id, 1, current_date, 'normal', 'new', 'first_time', id % 40, (id * 104729 % 1000003) / 7.0,
    current_date - (id * 31 % 900)::int FROM customers_customer ON CONFLICT DO NOTHING;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE customers_customer ENABLE TRIGGER USER;
INSERT INTO customers_collaborator (customer_id, user_id, may_edit, created_at)
SELECT id, 1001999, true, now() FROM customers_customer WHERE id % 5000 = 1;
"""

ASK = r"""
import json, statistics, time
from zhike.cli.instance import load_django
load_django()
from django.utils import timezone
from zhike.accounts.models import User
from zhike.accounts.actors import actor_of
from zhike.accounts import services as accounts
from zhike.core.acting import acting, seeing_everything
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Scope
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers import selectors
from zhike.customers.cells import Style
from zhike.customers.models import Customer

codes = [one.code for one in list_permissions()]
ROLES = {
    "own": (Scope.OWN, 1501), "subordinates": (Scope.SUBORDINATES, 1501), "team": (Scope.TEAM, 1501),
    "below 5 teams": (Scope.TEAM_AND_BELOW, 101), "below 25 teams": (Scope.TEAM_AND_BELOW, 25),
    "below 125 teams": (Scope.TEAM_AND_BELOW, 9), "below 500 teams": (Scope.TEAM_AND_BELOW, 1),
    "chosen": (Scope.CHOSEN, 1901), "collaborator": (Scope.OWN, 1999),
}
SORTS = {"newest": State(), "amount": State(sort="amount", is_descending=True),
         "last order": State(sort="last_order", is_descending=True), "name": State(sort="name")}

def timed(actor, state, rounds):
    now = timezone.now()
    asking = Asking(actor=actor, now=now, zone=timezone.get_current_timezone())
    style = Style(language="zh-hans", zone=asking.zone, now=now, currency="CNY")
    spent = []
    for turn in range(rounds + 2):
        began = time.perf_counter()
        page = selectors.list_customers(actor=actor, asking=asking, state=state, page=Page(size=50), style=style)
        spent.append(time.perf_counter() - began)
    assert len(page.rows) == 50, (actor.name, len(page.rows))
    return 1000 * statistics.median(spent[2:])

found = {}
with acting(SYSTEM):
    base = {name: timed(SYSTEM, state, {rounds}) for name, state in SORTS.items()}
    actors = {}
    for name, (scope, number) in ROLES.items():
        chosen = dict.fromkeys(codes, [1000130, 1000230, 1000330]) if scope is Scope.CHOSEN else {}
        role = accounts.put_role(actor=SYSTEM, code="bench " + name, name=name, grants=dict.fromkeys(codes, scope),
                                 chosen=chosen)
        user = User.objects.get(pk=1000000 + number)
        user.roles.set([role])
        actors[name] = actor_of(User.objects.get(pk=user.pk))
for name, actor in actors.items():
    with acting(actor):
        size = Customer.objects.filter(pk__gt=0).count()
        under = {sort: timed(actor, state, {rounds}) for sort, state in SORTS.items()}
    with acting(actor), seeing_everything():
        bare = {sort: timed(actor, state, {rounds}) for sort, state in SORTS.items()}
    found[name] = {"customers": size, "policy": under, "predicate": bare}
print(json.dumps({"everything": base, "roles": found}))
"""


def measure(made: Instance, *, customers: int = CUSTOMERS) -> None:
    """Emit policy_ratio: the list of the worst role, all orders together, over that of one who sees everything."""
    made.zhike("sql", "-q", "-1", "-c", PLANT.replace("{customers}", str(customers)))
    made.zhike("sql", "-c", "VACUUM (ANALYZE)")
    script = Path(made.home) / "policy_bench.py"
    script.write_text(ASK.replace("{rounds}", str(ROUNDS)), encoding="utf-8")
    done = subprocess.run(
        [PYTHON, script], env=made.environment, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    told = json.loads(done.stdout.splitlines()[-1])
    whole = sum(told["everything"].values())
    ratios, security = {}, {}
    for name, role in told["roles"].items():
        ratios[name] = sum(role["policy"].values()) / whole
        security[name] = sum(role["policy"].values()) / sum(role["predicate"].values())
        emit(
            "policy_list_ms",
            sum(role["policy"].values()) / len(role["policy"]),
            "ms",
            role=name,
            customers=role["customers"],
            by_order={order: round(spent, 1) for order, spent in role["policy"].items()},
            everything={order: round(spent, 1) for order, spent in told["everything"].items()},
        )
    emit("row_security_ratio", max(security.values()), "×", worst=max(security, key=lambda name: security[name]))
    emit(
        "policy_ratio",
        max(ratios.values()),
        "×",
        target="<= 1.3",
        worst=max(ratios, key=lambda name: ratios[name]),
        by_role={name: round(ratio, 2) for name, ratio in ratios.items()},
    )


if __name__ == "__main__":
    describe_machine()
    with instance() as alone:
        alone.zhike("migrate")
        measure(alone)
