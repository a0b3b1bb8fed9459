"""What the search box costs at a million customers, for people who see a part of them.

Part of `make bench-records`, with the customers imported there; alone with those of `import_rows`. 2,000 users in a
tree of 500 teams own them, as in `policy`. Words are drawn from all customers, seen or not: two characters in a row of
a name, the same with the customer's city, the initials of a name, four digits in a row of a phone number. Each is asked
through everything between the request and the answer but the network, every kind of thing included. Roles take turns;
the figure is the 95th percentile of the slowest role. Beside it stands what the two processes worked for an answer
(`cpu_p95`), which others on the machine do not change. The last figure is of readings with two letters swapped, for
which other spellings are looked for.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import import_rows
import policy
from harness import Instance, describe_machine, emit, instance

CUSTOMERS = 1_000_000
ROUNDS = 150
TARGET = "<= 80"

ASK = r"""
import json, random, re, statistics, time
from zhike.cli.instance import load_django
load_django()
from pathlib import Path
from django.conf import settings
from django.db import connection
from django.test import Client
from zhike.accounts.models import User
from zhike.accounts import services as accounts
from zhike.core.acting import acting
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Scope
from zhike.core.text import pinyin
from zhike.customers.models import Customer, Identifier

settings.ALLOWED_HOSTS = ["testserver"]
PASSWORD = "seen by nobody but this script"
codes = [one.code for one in list_permissions()]
ROLES = {
    "own": (Scope.OWN, 1502), "team": (Scope.TEAM, 1505), "below 5 teams": (Scope.TEAM_AND_BELOW, 101),
    "below 25 teams": (Scope.TEAM_AND_BELOW, 25), "below 125 teams": (Scope.TEAM_AND_BELOW, 9),
}
dice = random.Random(20261123)
clients, words = {}, {"han": [], "place": [], "pinyin": [], "phone": [], "slip": []}
with acting(SYSTEM):
    for name, (scope, number) in ROLES.items():
        role = accounts.put_role(actor=SYSTEM, code="find " + name, name=name, grants=dict.fromkeys(codes, scope))
        user = User.objects.get(pk=1000000 + number)
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        user.roles.set([role])
        clients[name] = Client()
        told = clients[name].post("/account/log-in/", {"username": user.username, "password": PASSWORD})
        assert told.status_code == 302, told.status_code
    last = Customer.objects.order_by("-pk").values_list("pk", flat=True)[0]
    while len(words["han"]) < {rounds}:
        customer = Customer.objects.filter(pk__gte=dice.randrange(last)).order_by("pk").first()
        phones = Identifier.objects.filter(customer=customer, kind="phone", value_normal__startswith="+861")
        phone = phones.values_list("value_normal", flat=True).first()
        han = re.sub("[^\u4e00-\u9fff]", "", customer.name)
        if not phone or len(han) < 2:
            continue
        at = dice.randrange(len(han) - 1)
        words["han"].append(han[at:at + 2])
        words["place"].append(f"{han[at:at + 2]} {customer.city}")
        words["pinyin"].append(pinyin.initials(customer.name, customer.kind))
        at = dice.randrange(5, len(phone) - 3)
        words["phone"].append(phone[at:at + 4])
        read = customer.name_pinyin.replace(" ", "")
        at = dice.randrange(len(read) - 1)
        words["slip"].append(read[:at] + read[at + 1] + read[at] + read[at + 2:])

def worked():
    # Milliseconds of this process and its process of the database so far.
    pids = ["self", connection.connection.info.backend_pid]
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e6

spent, busy = {}, {}
for turn in range({rounds}):
    for kind, asked in words.items():
        for name, client in clients.items():
            began, before = time.perf_counter(), worked()
            answer = client.post("/find/", {"q": asked[turn]}, headers={"HX-Request": "true"})
            took = 1000 * (time.perf_counter() - began)
            assert answer.status_code == 200, answer.status_code
            if turn > 2:
                spent.setdefault(kind, {}).setdefault(name, []).append(took)
                busy.setdefault(kind, []).append(worked() - before)
print(json.dumps({
    "took": {
        kind: {
            name: [statistics.median(took), statistics.quantiles(took, n=20)[18], max(took)]
            for name, took in roles.items()
        } for kind, roles in spent.items()
    },
    "worked": {kind: statistics.quantiles(several, n=20)[18] for kind, several in busy.items()},
}))
"""


def measure(made: Instance) -> None:
    """Emit search_han_p95_ms, search_pinyin_p95_ms and search_phone_p95_ms, of an instance with its customers."""
    made.zhike("sql", "-q", "-1", "-c", policy.PLANT.replace("{customers}", "0"))
    made.zhike("sql", "-c", "VACUUM (ANALYZE)")
    ask(made)


def import_customers(made: Instance) -> None:
    file = made.home.parent / "customers.csv"
    import_rows.write_customers(file, count=CUSTOMERS)
    made.reply("import", file, "--kind", "customers", "--source", "bench", "--yes")
    file.unlink()


def ask(made: Instance) -> None:
    """The figures, where the customers have their owners."""
    script = Path(made.home) / "search_bench.py"
    script.write_text(ASK.replace("{rounds}", str(ROUNDS)), encoding="utf-8")
    done = subprocess.run(
        [policy.PYTHON, script], env=made.environment, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for kind, roles in told["took"].items():
        more: dict[str, Any] = {name: [round(figure, 1) for figure in figures] for name, figures in roles.items()}
        worst = max(figures[1] for figures in roles.values())
        target = "" if kind == "slip" else TARGET
        more["cpu_p95"] = round(told["worked"][kind], 1)
        emit(f"search_{kind}_p95_ms", worst, "ms", target=target, median_p95_max=more)


if __name__ == "__main__":
    describe_machine()
    with instance() as alone:
        import_customers(alone)
        measure(alone)
