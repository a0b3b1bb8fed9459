"""What is written in the instant of a deletion, and two people who take the same set back."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.audit.models import Entry
from zhike.commerce import services as commerce
from zhike.core.access import list_permissions
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.core.errors import DomainError
from zhike.customers.models import Activity, Customer, CustomerFacts, CustomerTag
from zhike.customers.services import activities, collaborators, facts, identifiers, people, sealing, tags
from zhike.customers.services.bin import CODE
from zhike.privacy.models import Consent, Purpose, Request
from zhike.privacy.services import consents, requests
from zhike.recovery import reverting, services
from zhike.recovery.models import Binned

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
LINE = commerce.LineDraft(quantity=Decimal(1), unit_price=Decimal(1))


def boss() -> Actor:
    grants = {one.code: Scope.ALL for one in list_permissions()}
    role = accounts.put_role(actor=SYSTEM, code="boss", name="boss", grants=grants)
    user = User.objects.create(username="boss", name="boss", locale="en")
    user.roles.set([role])
    return actor_of(user)


def beside(act: Callable[[], object]) -> "Future[object]":
    """Another connection does it."""

    def run() -> object:
        try:
            with acting(SYSTEM, origin="test"):
                return act()
        finally:
            connection.close()

    return ThreadPoolExecutor(max_workers=1).submit(run)


def until_it_waits(other: "Future[object]") -> None:
    """Until the other connection waits for a lock, or is done without one."""
    deadline = time.monotonic() + 10
    while not other.done() and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database"
                " WHERE NOT granted AND datname = current_database()"
                " UNION ALL SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
            )
            if any(count for (count,) in cursor.fetchall()):
                return
        time.sleep(0.01)


def test_whatever_is_added_in_the_instant_of_a_deletion_is_refused_and_not_broken() -> None:
    actor = boss()
    purpose = Purpose.objects.create(name="news", basis=Purpose.Basis.CONSENT)
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get())
    new = identifiers.NewIdentifier(kind="phone", value="13800138000")
    order: dict[str, Any] = {"source": "s", "number": "1", "placed_at": NOON, "currency": "CNY", "lines": [LINE]}
    consent: dict[str, Any] = {"purpose": purpose, "channel": "sms", "is_given": False, "source": "call"}
    mine: dict[str, Any] = {"actor": actor, "at": NOON}
    writes: dict[str, Callable[[int], object]] = {
        "note": lambda pk: activities.add_activity(**mine, customer_id=pk, kind="note", text="x"),
        "identifier": lambda pk: identifiers.add_identifier(**mine, customer_id=pk, new=new),
        "tags": lambda pk: tags.set_tags(**mine, customer_id=pk, names=["x"]),
        "edit": lambda pk: people.edit_customer(**mine, customer_id=pk, changes={"city": "x"}),
        "collaborator": lambda pk: collaborators.put_collaborator(
            **mine, customer_id=pk, user_id=actor.user_id or 0, may_edit=True
        ),
        "id number": lambda pk: sealing.put_id_number(**mine, customer_id=pk, value="11010519491231002X"),
        "order": lambda pk: commerce.create_order(**mine, customer_id=pk, **order),
        "consent": lambda pk: consents.record_consent(**mine, customer_id=pk, **consent),
        "minor": lambda pk: consents.mark_minor(**mine, customer_id=pk, is_under=True, guardian="x"),
        "request": lambda pk: requests.take_request(
            actor=actor, customer_id=pk, kind="copy", received_on=date(2026, 11, 22)
        ),
        "the note's page": lambda pk: client.post(f"/customers/{pk}/activities/", {"kind": "note", "text": "x"}),
    }
    came: dict[str, object] = {}
    for name, write in writes.items():
        customer = people.create_customer(actor=SYSTEM, at=NOON, name=name)
        with transaction.atomic():
            services.bin_records(actor=SYSTEM, kind=CODE, record_ids=[customer.pk], at=NOON)
            other = beside(partial(write, customer.pk))
            until_it_waits(other)
        came[name] = other.exception() or other.result()
    assert getattr(came.pop("the note's page"), "status_code", 0) == 404
    wrong = {name: repr(one) for name, one in came.items() if not isinstance(one, DomainError | ObjectDoesNotExist)}
    assert wrong == {}
    assert not Activity.objects.exists()
    assert not CustomerTag.objects.exists()
    assert not Consent.objects.exists()
    assert not Request.objects.exists()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_customer_deleted_while_figures_are_written_makes_neither_fail(is_first: bool) -> None:
    customer = people.create_customer(actor=SYSTEM, at=NOON, name="c")
    gone = people.create_customer(actor=SYSTEM, at=NOON, name="gone")

    def bin_it(pk: int) -> object:
        return services.bin_records(actor=SYSTEM, kind=CODE, record_ids=[pk], at=NOON)

    def write() -> int:
        with transaction.atomic():
            facts.create_staging(name="staged")
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO staged (customer_id, as_of, grade, stage, relationship, order_count, amount)"
                    " SELECT id, '2026-11-22', 'top', 'new', 'repeat', 1, 1 FROM unnest(%s::bigint[]) AS id",
                    [[customer.pk, gone.pk]],
                )
            facts.drop_strangers(staging="staged")
            if not is_first:
                others.append(beside(partial(bin_it, gone.pk)))
                until_it_waits(others[0])
            return facts.put_facts(actor=SYSTEM, run_id=1, staging="staged")

    others: list[Future[object]] = []
    if is_first:
        with transaction.atomic():
            bin_it(gone.pk)
            others.append(beside(write))
            until_it_waits(others[0])
        assert others[0].result() == 1
    else:
        assert write() == 2
        others[0].result()
    assert list(CustomerFacts.objects.values_list("customer_id", flat=True)) == [customer.pk]
    [binned] = Binned.objects.filter(record_id=gone.pk)
    assert len(binned.rows["customers_customerfacts"]) == (0 if is_first else 1)


def test_two_who_take_the_same_set_back_at_once_do_it_once() -> None:
    actor = boss()
    made = [people.create_customer(actor=SYSTEM, at=NOON, name=f"c{number}", tags=["old"]) for number in range(30)]
    notes = [activities.add_activity(**_mine(SYSTEM), customer_id=one.pk, kind="note", text="n") for one in made]
    with acting(replace(actor, request_id="one-go"), origin="web"):
        for one, note in zip(made, notes, strict=True):
            people.edit_customer(**_mine(actor), customer_id=one.pk, changes={"city": "北京"})
            tags.set_tags(**_mine(actor), customer_id=one.pk, names=["new"])
            Activity.objects.filter(pk=note.pk).delete()
    entry = Entry.objects.filter(request="one-go").latest("pk").pk

    def revert() -> dict[str, int]:
        with acting(actor, origin="web"):
            made = reverting.start_reversal(actor=actor, entry_id=entry, reason="", at=NOON)
            return reverting.count_states(made)

    both = [beside(revert) for _ in range(2)]
    states = [one.result() for one in both]
    assert sorted(states, key=str) == [{"done": 30}, {"same": 30}]
    assert set(Customer.objects.values_list("city", flat=True)) == {""}
    assert set(CustomerTag.objects.values_list("tag__name", flat=True)) == {"old"}
    assert set(Activity.objects.filter(kind="note").values_list("pk", flat=True)) == {one.pk for one in notes}
    assert not Binned.objects.exists()


def _mine(actor: Actor) -> dict[str, Any]:
    return {"actor": actor, "at": NOON}
