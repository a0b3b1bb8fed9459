"""Edits of a customer with and without capture, in turns: as requests to the API, and as bare service calls.

Part of `trust.py`. A request goes through everything but the socket.
"""

import json
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import django

django.setup()

from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from zhike.accounts import services as accounts  # noqa: E402
from zhike.accounts import setup  # noqa: E402
from zhike.accounts.actors import actor_of  # noqa: E402
from zhike.accounts.models import User  # noqa: E402
from zhike.core.acting import acting  # noqa: E402
from zhike.core.actor import SYSTEM  # noqa: E402
from zhike.customers.models import Customer  # noqa: E402
from zhike.customers.services import people  # noqa: E402

TURNS, EDITS = 24, 100
TABLES = ("customers_customer", "customers_activity")
AT = datetime.now(UTC)


def switch(verb: str) -> None:
    with connections["owner"].cursor() as owner:
        for table in TABLES:
            for event in ("insert", "update", "delete"):
                owner.execute(f"ALTER TABLE {table} {verb} TRIGGER audit_{event}")


def compare(edit: Callable[[int, str], None], ids: list[int]) -> dict[str, float]:
    """Medians in milliseconds."""
    took: dict[str, list[float]] = {"ENABLE": [], "DISABLE": []}
    for turn in range(TURNS):
        verb = ("ENABLE", "DISABLE")[turn % 2]
        switch(verb)
        for number, customer_id in enumerate(ids):
            began = time.perf_counter()
            edit(customer_id, f"城市{turn}-{number}")
            if turn > 1:  # the first turns warm up
                took[verb].append(time.perf_counter() - began)
    switch("ENABLE")
    return {
        name: round(statistics.median(took[verb]) * 1000, 3) for name, verb in (("on", "ENABLE"), ("off", "DISABLE"))
    }


def by_service(customer_id: int, city: str) -> None:
    with acting(SYSTEM, origin="web"):
        people.edit_customer(actor=SYSTEM, customer_id=customer_id, changes={"city": city}, at=AT)


def by_request(key: str) -> Callable[[int, str], None]:
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {key}"})

    def edit(customer_id: int, city: str) -> None:
        response = client.patch(
            f"/api/v1/customers/{customer_id}", json.dumps({"city": city}), content_type="application/json"
        )
        assert response.status_code == 200, response.content

    return edit


def main() -> None:
    with acting(SYSTEM, origin="cli"):
        ids, key = prepare()
    json.dump({"request_ms": compare(by_request(key), ids), "service_ms": compare(by_service, ids)}, sys.stdout)


def prepare() -> tuple[list[int], str]:
    """Customers to edit, and a key that may."""
    if not Customer.objects.exists():
        for number in range(EDITS):
            people.create_customer(actor=SYSTEM, at=AT, name=f"客户{number}")
    user = User.objects.filter(username="bench").first() or setup.create_user_from_outside(
        username="bench", name="bench", password=secrets.token_urlsafe(12), role_codes=["administrator"], team_names=[]
    )
    _token, key = accounts.create_token(actor=actor_of(user), user=user, name="bench", at=AT)
    return list(Customer.objects.order_by("pk").values_list("pk", flat=True)[:EDITS]), key


if __name__ == "__main__":
    main()
