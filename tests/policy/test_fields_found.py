"""Own fields in the search box: found by pieces, within the reach, and by nobody who does not read the field."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import translation
from tests.policy.test_finding import asking
from tests.policy.world import World, actor_named

from zhike.accounts import services as accounts
from zhike.core.acting import acting, seeing_everything
from zhike.core.actor import SYSTEM, Actor, Sight
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers import selectors, sought_fields
from zhike.customers.models import Customer, Identifier
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
        one.record_id: one.field + one.detail
        for group in groups
        if group.kind.key == "customers.customer"
        for one in group.found
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
    [known] = [one for one in list_known(RECORD) if one.key == field.key]
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
        ("合同 2026-0117 号", ("2026-0117", "合同 2026-0117", "6-0117", "20260117", "hetong"), ("2026-0118",)),
        ("10.0.0.1", ("10.0.0.1", "10.0.0"), ("10.0.1.1",)),
        ("2026/01/17", ("2026/01/17", "2026/01", "2026-01-17"), ("2026/02",)),
        ("B-12 (1)", ("B-12", "b-12 (1)"), ("b-13",)),
        (
            "010-6552-9988",
            ("01065529988", "010 6552 9988", "(010) 65529988", "０１０６５５２９９８８"),
            ("01065529989",),
        ),
        ("ＡＢ－１２－３４", ("AB-12-34", "ab1234", "ab 12 34", "b123", "12－34"), ("ab1243",)),
        ("ab1234", ("AB-12-34", "ab1234", "ab 12 34", "ＡＢ１２"), ("ab1243", "ba-12")),
    ):
        with seeing_everything():
            Customer.objects.filter(pk=pk).update(custom={number.key: held, phone.key: "+8613800138000"})
        for one in (*typed, "138-0013-8000", "13800138000", "+86 138-0013-8000"):
            assert in_the_box(own, one).keys() == {pk} == in_the_list(own, one), one
        for one in others:
            assert not in_the_box(own, one).keys() | in_the_list(own, one), one


def choosing(kind: Kind) -> FieldDefinition:
    options = [
        definitions.NewOption(label="冷链物流", label_en="Cold chain", key=""),
        definitions.NewOption(label="重庆门店", label_en="Chongqing shop"),
        definitions.NewOption(label="线上"),
    ]
    field = definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=kind, label="渠道", options=options)
    open_to_search(field)
    return field


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Kind.CHOICE, Kind.CHOICES])
def test_customers_are_found_by_what_the_choices_of_a_field_are_called(world: World, kind: Kind) -> None:
    field = choosing(kind)
    cold, shop, _online = [one.key for one in field.options.order_by("position")]
    mine = [one.customer_id for one in world.planted if world.sees("own", one)]
    with seeing_everything():
        ids = [one.customer_id for one in world.planted]
        Customer.objects.filter(pk__in=ids).update(custom={field.key: [cold, shop] if kind is Kind.CHOICES else cold})
    own = actor_named(world, "own")
    for typed in [
        "冷链",
        "冷鏈物流",
        "物",
        "lenglian",
        "llwl",
        "ll",
        "lengl",
        "cold",
        "cold chain",
        "chain co",
        "COLD",
    ]:
        assert in_the_box(own, typed).keys() == {*mine} == in_the_list(own, typed), typed
    for typed in ("线上", "xianshang", "englian", "冷库", "hot", "c"):
        assert not in_the_box(own, typed).keys() & {*mine}, typed
        assert not in_the_list(own, typed) & {*mine}, typed
    with translation.override("zh-hans"):
        assert {*in_the_box(own, "lenglian").values()} >= {f"渠道：冷链物流 · {phone(pk)}" for pk in mine}
        assert in_the_box(own, "cold")[mine[0]].startswith("渠道：冷链物流（Cold chain）")
    with translation.override("en"):
        assert in_the_box(own, "cold")[mine[0]].startswith("渠道: Cold chain ")
    for typed in ("chongqing", "冷链 重庆"):
        assert bool(in_the_box(own, typed)) == (kind is Kind.CHOICES) == bool(in_the_list(own, typed))
    # A label that is another one by now is found at once, the old one no more.
    labels = [definitions.NewOption(key=cold, label="低温运输", label_en="Chilled transport")]
    definitions.edit_field(actor=SYSTEM, pk=field.pk, options=labels)
    for typed, found in (("低温", {*mine}), ("dwys", {*mine}), ("chilled", {*mine}), ("冷链", set()), ("cold", set())):
        assert in_the_box(own, typed).keys() == found == in_the_list(own, typed), typed


@pytest.mark.django_db
def test_the_box_marks_the_value_and_not_what_the_field_is_called(world: World, client: Client) -> None:
    field = create()
    open_to_search(field)
    pk = next(one.customer_id for one in world.planted if world.sees("own", one))
    with seeing_everything():
        Customer.objects.filter(pk=pk).update(custom={field.key: "华东冷链仓库 CK-20-17"})
    client.force_login(world.users["own"])
    for typed, shown in (("cangku", "冷链<mark>仓库</mark>"), ("ck2017", "<mark>CK-20-17</mark>")):
        text = client.post("/find/", {"q": typed}, headers={"HX-Request": "true"}).content.decode()
        assert shown in text
        assert "<mark>仓库</mark>：" not in text
        [found] = client.get("/api/v1/search", {"q": typed, "kind": "customers.customer"}).json()["groups"][0]["items"]
        assert found["detail"].startswith(("仓库: 华东冷链仓库 CK-20-17", "仓库：华东冷链仓库 CK-20-17"))


def phone(pk: int) -> str:
    with seeing_everything():
        return Identifier.objects.filter(customer=pk, kind="phone").values_list("value", flat=True)[0]


@pytest.mark.django_db
def test_who_does_not_read_a_choice_finds_nobody_by_it(world: World) -> None:
    field = choosing(Kind.CHOICE)
    with seeing_everything():
        Customer.objects.filter(pk__in=[one.customer_id for one in world.planted]).update(
            custom={field.key: field.options.order_by("position")[0].key}
        )
    [known] = [one for one in list_known(RECORD) if one.key == field.key]
    assert in_the_box(actor_named(world, "own"), "lenglian")
    for role in world.users["own"].roles.all():
        accounts.put_field_access(actor=SYSTEM, role=role, levels={known.path: Sight.HIDDEN})
    own = actor_named(world, "own")
    for typed in ("冷链", "lenglian", "cold"):
        assert in_the_box(own, typed) == {}
        assert in_the_list(own, typed) == set()


@pytest.mark.django_db
def test_a_text_is_found_by_its_reading_and_its_initials(world: World) -> None:
    field = create()
    open_to_search(field)
    pk = next(one.customer_id for one in world.planted if world.sees("own", one))
    with seeing_everything():
        Customer.objects.filter(pk=pk).update(custom={field.key: "重慶冷鏈倉庫 2 号"})
    own = actor_named(world, "own")
    for typed in ("chongqing", "lenglian", "lenglianc", "cqllck", "llck", "cq", "chongqing 冷链", "cangku2"):
        assert in_the_box(own, typed).keys() == {pk} == in_the_list(own, typed), typed
    with seeing_everything():
        Customer.objects.filter(pk=pk).update(custom={field.key: "曾国强 经理"})
    for typed in ("zengguoqiang", "cengguoq", "zgq", "cgqjl", "zg", "cg"):
        assert in_the_box(own, typed).keys() == {pk} == in_the_list(own, typed), typed
    for typed in ("zhongqing", "englian", "ck", "lck2x", "hongqing"):
        assert not in_the_box(own, typed).keys() | in_the_list(own, typed), typed


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
