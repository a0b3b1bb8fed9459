"""A customer brought back from its history: one change, or everything since."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import Activity, Customer, CustomerTag, Identifier
from zhike.customers.services import activities, collaborators, identifiers, people, tags
from zhike.customers.services.bin import CUSTOMERS
from zhike.customers.services.identifiers import NewIdentifier
from zhike.recovery import restoring, reverting
from zhike.recovery.kinds import Back
from zhike.recovery.restoring import Mode, NothingToPutBack, Plan

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def boss(db: None) -> Actor:
    grants = ("customers.view_customer", "customers.edit_customer", "audit.view_history")
    role = accounts.put_role(actor=SYSTEM, code="b", name="b", grants=dict.fromkeys(grants, Scope.ALL))
    user = User.objects.create(username="boss", name="boss", locale="en")
    user.roles.set([role])
    return actor_of(user)


@pytest.fixture
def customer(db: None) -> Customer:
    return people.create_customer(
        actor=SYSTEM,
        at=NOON,
        name="王小明",
        city="上海",
        tags=["vip"],
        identifiers=[NewIdentifier(kind="phone", value="13800138000")],
    )


def latest() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM audit_entry")
        return int(cursor.fetchone()[0])


def edit(customer: Customer, **changes: object) -> int:
    """The number of the entry that tells of the edit."""
    people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes=changes, at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM audit_entry WHERE table_name = 'customers_customer' AND action = 'update'")
        return int(cursor.fetchone()[0])


def plan(actor: Actor, customer: Customer, entry: int, mode: Mode = "change") -> Plan:
    with acting(actor):
        return restoring.plan_record(actor=actor, kind=CUSTOMERS, record_id=customer.pk, entry_id=entry, mode=mode)


def put_back(
    actor: Actor, customer: Customer, entry: int, mode: Mode = "change", *, also: str = "", seen: str = ""
) -> int:
    made = plan(actor, customer, entry, mode)
    chosen = [step.key for step in made.steps if mode == "here" or not step.is_conflict or step.label == also]
    with acting(actor):
        return restoring.restore_record(
            actor=actor,
            kind=CUSTOMERS,
            record_id=customer.pk,
            entry_id=entry,
            mode=mode,
            chosen=chosen,
            seen=seen or made.seen,
            reason="entered by mistake",
            at=NOON,
        )


def write(actor: Actor, customer: Customer, text: str, *, ago: timedelta = timedelta(0)) -> Activity:
    """A note of the actor's, so long ago."""
    at = timezone.now() - ago
    return activities.add_activity(actor=actor, customer_id=customer.pk, kind="note", text=text, at=at)


def state(customer: Customer) -> object:
    row = Customer.objects.filter(pk=customer.pk).values("name", "city", "note", "birthday_on", "channel").get()
    found = [
        sorted(Identifier.objects.filter(customer=customer).values_list("kind", "value", "is_primary")),
        sorted(CustomerTag.objects.filter(customer=customer).values_list("tag__name", flat=True)),
        sorted(
            Activity.objects.filter(customer=customer).exclude(kind="change").values_list("pk", "text", "is_pinned")
        ),
    ]
    return row, found


def test_one_change_is_taken_back_and_later_ones_stay(boss: Actor, customer: Customer) -> None:
    first = edit(customer, city="北京", name="王大明")
    edit(customer, note="later")
    made = plan(boss, customer, first)
    assert {(step.label, step.now, step.then, step.is_conflict) for step in made.steps} == {
        ("Name", "王大明", "王小明", False),
        ("City", "北京", "上海", False),
    }
    assert put_back(boss, customer, first) == 2
    customer.refresh_from_db()
    assert (customer.name, customer.city, customer.note) == ("王小明", "上海", "later")
    assert customer.name_normal == "王小明", "by the service, so what follows from it follows"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.texts[cardinality(p.texts)], e.actor_id FROM audit_entry AS e JOIN audit_payload AS p"
            " ON p.entry_id = e.id WHERE e.table_name = 'customers_customer' ORDER BY e.id DESC LIMIT 1"
        )
        assert cursor.fetchone() == ("entered by mistake", boss.user_id)


def test_what_was_edited_since_is_named_and_left_alone_unless_chosen(boss: Actor, customer: Customer) -> None:
    first = edit(customer, city="北京", name="王大明")
    edit(customer, city="广州")
    assert {(step.label, step.is_conflict) for step in plan(boss, customer, first).steps} == {
        ("Name", False),
        ("City", True),
    }
    put_back(boss, customer, first)
    customer.refresh_from_db()
    assert (customer.name, customer.city) == ("王小明", "广州")
    put_back(boss, customer, first, also="City")
    customer.refresh_from_db()
    assert customer.city == "上海"


def test_what_was_not_looked_at_is_not_done(boss: Actor, customer: Customer) -> None:
    first = edit(customer, city="北京")
    seen = plan(boss, customer, first).seen
    edit(customer, city="广州")
    before = state(customer)
    with pytest.raises(restoring.ChangedMeanwhile):
        put_back(boss, customer, first, also="City", seen=seen)
    assert state(customer) == before


def test_who_may_not_edit_puts_nothing_back(boss: Actor, customer: Customer) -> None:
    first = edit(customer, city="北京")
    grants = {"customers.view_customer": Scope.ALL, "customers.edit_customer": Scope.OWN}
    role = accounts.put_role(actor=SYSTEM, code="l", name="l", grants=grants)
    looker = User.objects.create(username="looker", name="looker")
    looker.roles.set([role])
    with pytest.raises(PermissionDenied):
        put_back(actor_of(looker), customer, first)
    customer.refresh_from_db()
    assert customer.city == "北京"


def test_what_a_colleague_wrote_is_taken_away_by_nobody_else(boss: Actor, customer: Customer) -> None:
    colleague = User.objects.create(username="colleague", name="colleague")
    colleague.roles.set(User.objects.get(pk=boss.user_id).roles.all())
    with acting(replace(boss, request_id="one-go"), origin="web"):
        edit(customer, city="北京")
        write(boss, customer, "by the boss")
        write(boss, customer, "of old", ago=timedelta(days=2))
        theirs = write(actor_of(colleague), customer, "by a colleague")
    entry = latest()
    made = plan(boss, customer, entry)
    assert (made.steps, made.kept_count) == ([], 1)
    with pytest.raises(NothingToPutBack):
        put_back(boss, customer, entry)
    with acting(boss):
        back = Back(action="remove", table="customers_activity", row_id=theirs.pk)
        with pytest.raises(activities.ActivityKept):
            CUSTOMERS.put_back(boss, customer.pk, [back], timezone.now())
        made_back = reverting.start_reversal(actor=boss, entry_id=entry, reason="", at=timezone.now())
    assert reverting.count_states(made_back) == {"done": 1}
    left = Activity.objects.filter(customer=customer, kind="note")
    assert set(left.values_list("text", flat=True)) == {"of old", "by a colleague"}
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    page = client.get(f"/customers/{customer.pk}/history/{entry}/").content.decode()
    assert "by its author alone" in page
    assert "as it was" not in page
    # The author can, and what was taken away comes back for whoever may write here.
    assert plan(actor_of(colleague), customer, entry).steps
    assert put_back(actor_of(colleague), customer, entry) == 1
    assert put_back(boss, customer, latest()) == 1
    theirs.refresh_from_db()
    assert theirs.author_id == colleague.pk


def test_a_guest_gives_nobody_away_by_history_either(boss: Actor, customer: Customer) -> None:
    grants = {"customers.view_customer": Scope.OWN, "customers.edit_customer": Scope.OWN}
    role = accounts.put_role(actor=SYSTEM, code="g", name="g", grants=grants)
    guest, other = (User.objects.create(username=name, name=name) for name in ("guest", "other"))
    guest.roles.set([role])
    for user in (guest, other):
        collaborators.put_collaborator(
            actor=boss, customer_id=customer.pk, user_id=user.pk, may_edit=True, at=timezone.now()
        )
    asked_in = latest()
    given = edit(customer, owner=other.pk)
    edited = edit(customer, city="北京")
    assert put_back(actor_of(guest), customer, edited) == 1, "a guest edits"
    for entry in (asked_in, given):
        with pytest.raises(PermissionDenied):
            put_back(actor_of(guest), customer, entry)
    customer.refresh_from_db()
    assert customer.owner_id == other.pk
    assert customer.collaborators.count() == 2


_STEPS = st.lists(
    st.tuples(st.sampled_from(["city", "name", "tag", "phone", "drop", "note", "pin"]), st.integers(0, 4)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS, _STEPS)
def test_going_back_leads_to_what_was_whatever_came_since(
    boss: Actor, customer: Customer, before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    for step in before:
        _act(boss, customer, *step)
    was, entry = state(customer), latest()
    for step in after:
        _act(boss, customer, *step)
    if plan(boss, customer, entry, "here").steps:
        put_back(boss, customer, entry, "here")
    found, expected = state(customer), was
    assert found == expected


def _act(boss: Actor, customer: Customer, what: str, number: int) -> None:
    match what:
        case "city" | "name":
            people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes={what: f"{what}{number}"}, at=NOON)
        case "tag":
            tags.set_tags(actor=SYSTEM, customer_id=customer.pk, names=[f"t{one}" for one in range(number)], at=NOON)
        case "phone":
            value = f"1380013800{number}"
            if not Identifier.objects.filter(customer=customer, value=value).exists():
                new = NewIdentifier(kind="phone", value=value)
                identifiers.add_identifier(actor=SYSTEM, customer_id=customer.pk, new=new, at=NOON)
        case "drop":
            row = Identifier.objects.filter(customer=customer, is_primary=False).order_by("-pk").first()
            if row:
                identifiers.remove_identifier(actor=SYSTEM, identifier_id=row.pk, at=NOON)
        case "note":
            with acting(boss):  # what somebody else wrote would stay
                write(boss, customer, f"n{number}")
        case "pin":
            note = Activity.objects.filter(customer=customer, kind="note").first()
            if note:
                activities.pin_activity(actor=SYSTEM, activity_id=note.pk, is_pinned=bool(number % 2))


def test_the_page_shows_before_and_after_and_puts_back(boss: Actor, customer: Customer) -> None:
    first = edit(customer, city="北京")
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    history = client.get(f"/customers/{customer.pk}/history/").content.decode()
    address = f"/customers/{customer.pk}/history/{first}/"
    assert f'href="{address}"' in history
    page = client.get(address)
    made = plan(boss, customer, first)
    assert "北京" in page.content.decode()
    assert made.seen in page.content.decode()
    stale = client.post(address, {"mode": "change", "seen": "x", "step": [made.steps[0].key]})
    assert stale.status_code == 409
    done = client.post(address, {"mode": "change", "seen": made.seen, "step": [made.steps[0].key], "reason": "r"})
    assert done.status_code == 302
    customer.refresh_from_db()
    assert customer.city == "上海"
    assert "as it was" in client.get(address).content.decode()
