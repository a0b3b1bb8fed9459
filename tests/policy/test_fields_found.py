"""Own fields in the search box: found by pieces, within the reach, and by nobody who does not read the field."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.policy.test_finding import asking
from tests.policy.world import World, actor_named

from zhike.accounts import services as accounts
from zhike.core.acting import acting, seeing_everything
from zhike.core.actor import SYSTEM, Actor, Sight
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers import selectors, sought_fields
from zhike.customers.models import Customer
from zhike.finder import selectors as finder
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.selectors import list_known
from zhike.metadata.services import definitions
from zhike.metadata.services.locking import lock

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
RECORD = "customers.customer"


def create(kind: Kind = Kind.TEXT) -> FieldDefinition:
    return definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=kind, label="仓库")


def open_to_search(field: FieldDefinition) -> None:
    lock(RECORD)
    FieldDefinition.objects.filter(pk=field.pk).update(search=Index.READY)


def in_the_box(actor: Actor, typed: str) -> dict[int | None, str]:
    with acting(actor):
        groups = finder.find(actor=actor, typed=typed, at=NOW, limit=50)
    return {
        one.record_id: one.detail for group in groups if group.kind.key == "customers.customer" for one in group.found
    }


def in_the_list(actor: Actor, typed: str, sort: str = "") -> set[int]:
    with acting(actor):
        found, state = set(), State(search=typed, sort=sort)
        page: Page = Page(size=2)
        while True:
            rows = selectors.find_customers(actor=actor, asking=asking(actor), state=state, page=page)
            assert not found & {*rows.items}
            found |= {*rows.items}
            if not rows.next_cursor:
                break
            page = replace(page, after=rows.next_cursor)
        assert selectors.count_customers(actor=actor, asking=asking(actor), state=state).value == len(found)
    return found


@pytest.mark.django_db
def test_customers_are_found_by_a_piece_of_a_field_that_is_open_to_search(world: World) -> None:
    field = create()
    with seeing_everything():
        ids = [one.customer_id for one in world.planted]
        Customer.objects.filter(pk__in=ids).update(custom={field.key: "二号：华东冷链仓库"})
    own = actor_named(world, "own")
    mine = {one.customer_id for one in world.planted if world.sees("own", one)}
    assert 0 < len(mine) < len(ids)
    assert in_the_box(own, "冷链") == {}
    open_to_search(field)
    for typed in ("冷链", "冷鏈倉", "仓", "华东 仓库"):
        assert in_the_box(own, typed).keys() == mine, typed
        assert in_the_list(own, typed) == mine == in_the_list(own, typed, "name")
    assert all("仓库：二号：华东冷链仓库" in detail for detail in in_the_box(own, "冷链").values())
    assert in_the_box(actor_named(world, "everything"), "冷链").keys() == {*ids}
    assert in_the_list(actor_named(world, "everything"), "冷链") == {*ids}
    assert in_the_box(own, "链冷") == {}
    assert in_the_list(own, "链冷") == set()
    definitions.archive_field(actor=SYSTEM, pk=field.pk, at=NOW)
    assert in_the_box(own, "冷链") == {}
    assert in_the_list(own, "冷链") == set()


@pytest.mark.django_db
@pytest.mark.parametrize("level", [Sight.MASKED, Sight.HIDDEN])
def test_who_does_not_read_a_field_finds_nobody_by_it(world: World, level: Sight) -> None:
    field = create()
    open_to_search(field)
    with seeing_everything():
        Customer.objects.filter(pk__in=[one.customer_id for one in world.planted]).update(custom={field.key: "冷链"})
    (known,) = list_known(RECORD)
    assert in_the_box(actor_named(world, "own"), "冷链")
    for role in world.users["own"].roles.all():
        accounts.put_field_access(actor=SYSTEM, role=role, levels={known.path: level})
    own = actor_named(world, "own")
    assert in_the_box(own, "冷链") == {}
    assert in_the_list(own, "冷链") == set()


@pytest.mark.django_db
def test_a_number_is_found_as_it_stands_and_a_phone_with_its_hyphens(world: World) -> None:
    number, phone = create(), create(Kind.PHONE)
    open_to_search(number)
    open_to_search(phone)
    own = actor_named(world, "own")
    pk = next(one.customer_id for one in world.planted if world.sees("own", one))
    for held, typed, others in (
        ("合同 2026-0117 号", ("2026-0117", "合同 2026-0117", "6-0117"), ("2026-0118", "2026.0117")),
        ("10.0.0.1", ("10.0.0.1", "10.0.0"), ("10.0.1.1",)),
        ("2026/01/17", ("2026/01/17", "2026/01"), ("2026/02",)),
        ("B-12 (1)", ("B-12", "b-12 (1)"), ("b-13",)),
    ):
        with seeing_everything():
            Customer.objects.filter(pk=pk).update(custom={number.key: held, phone.key: "+8613800138000"})
        for one in (*typed, "138-0013-8000", "13800138000", "+86 138-0013-8000"):
            assert in_the_box(own, one).keys() == {pk} == in_the_list(own, one), one
        for one in others:
            assert not in_the_box(own, one).keys() | in_the_list(own, one), one


@pytest.mark.django_db
def test_of_a_frequent_word_everybody_is_shown_the_newest_of_their_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = create()
    open_to_search(field)
    with seeing_everything():
        Customer.objects.filter(pk__in=[one.customer_id for one in world.planted]).update(custom={field.key: "制造"})
    monkeypatch.setattr(sought_fields, "CANDIDATES", 1)
    for user in ("own", "team", "everything", "nobody"):
        seen = {one.customer_id for one in world.planted if world.sees(user, one)}
        assert in_the_box(actor_named(world, user), "制造").keys() == seen, user
    monkeypatch.setattr(sought_fields, "NEWEST", 1)
    mine = {one.customer_id for one in world.planted if world.sees("own", one)}
    assert max(mine) in in_the_box(actor_named(world, "own"), "制造")
