"""A thousand merges in one step, and taken back, in the database of a running instance. Part of `records.py`.

As somebody who may merge what is theirs, with every policy of the database in force; all customers merged are theirs.
"""

import json
import secrets
import sys
import time
from datetime import UTC, datetime

import django

django.setup()

from zhike.accounts import services as accounts  # noqa: E402
from zhike.accounts.actors import actor_of  # noqa: E402
from zhike.core.access import list_permissions  # noqa: E402
from zhike.core.acting import acting  # noqa: E402
from zhike.core.actor import SYSTEM, Scope  # noqa: E402
from zhike.customers.models import Customer  # noqa: E402
from zhike.duplicates.catalogue import list_keys  # noqa: E402
from zhike.duplicates.models import Pair  # noqa: E402
from zhike.duplicates.services import merging, scanning, undoing  # noqa: E402

PAIRS = 1000


def main() -> None:
    with acting(SYSTEM, origin="cli"):
        grants = {one.code: Scope.OWN for one in list_permissions()}
        role = accounts.put_role(actor=SYSTEM, code="merger", name="merger", grants=grants)
        user = accounts.create_user(
            actor=SYSTEM, username="merger", name="Merger", password=secrets.token_urlsafe(20), roles=[role], team=None
        )
        likely = Pair.objects.order_by("-probability", "-pk").values_list("first_id", "second_id")[: 2 * PAIRS]
        groups = [one for one in scanning.groups_of(likely) if len(one) == 2][:PAIRS]
        Customer.objects.filter(pk__in=[pk for one in groups for pk in one]).update(owner=user.pk)
    actor = actor_of(user)
    wanted = [merging.Wanted(survivor_id=first, record_ids=[second]) for first, second in groups]
    with acting(actor, origin="cli"):
        began = time.perf_counter()
        made = merging.merge_many(actor=actor, wanted=wanted, at=datetime.now(UTC))
        merged = time.perf_counter()
        for merge in made[:100]:
            undoing.undo_merge(actor=actor, merge_id=merge.pk, at=datetime.now(UTC))
        undone = time.perf_counter()
    told = {"pairs": len(made), "seconds": merged - began, "undo_seconds": (undone - merged) / 100}
    json.dump({**told, "tables": len(list_keys())}, sys.stdout)


if __name__ == "__main__":
    main()
