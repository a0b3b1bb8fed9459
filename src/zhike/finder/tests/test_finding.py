"""The search box: what is found, in which order, and what is remembered of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.access import list_permissions
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.core.finder import Rank, list_kinds
from zhike.customers.findable import KIND as CUSTOMERS
from zhike.customers.models import Customer
from zhike.customers.services import people
from zhike.customers.services.identifiers import NewIdentifier
from zhike.finder import selectors, services
from zhike.finder.models import Visit

pytestmark = pytest.mark.django_db
NOON = datetime.fromisoformat("2026-11-20T12:00:00+08:00")
NAMES = ("张伟", "張偉", "张伟明", "小张伟", "王芳", "曾国藩", "单田芳", "解晓东", "上海腾飞科技有限公司", "John Smith")

type Ask = Callable[[str], list[str]]


@pytest.fixture
def boss() -> User:
    role = accounts.put_role(
        actor=SYSTEM, code="all", name="all", grants={one.code: Scope.ALL for one in list_permissions()}
    )
    return accounts.create_user(actor=SYSTEM, username="boss", name="boss", password="A long pass phrase", roles=[role])


@pytest.fixture
def actor(boss: User) -> Actor:
    return actor_of(boss)


@pytest.fixture
def company(boss: User) -> dict[str, Customer]:
    made = {}
    for number, name in enumerate(NAMES):
        phone = NewIdentifier(kind="phone", value=f"1390000{number}{number}{number}{number}")
        kind = "organisation" if name.endswith("公司") else "person"
        made[name] = people.create_customer(
            actor=SYSTEM, at=NOON, name=name, kind=kind, identifiers=[phone], owner=boss.pk
        )
    return made


@pytest.fixture
def ask(actor: Actor, company: dict[str, Customer]) -> Ask:
    def found(typed: str) -> list[str]:
        with acting(actor):
            groups = selectors.find(actor=actor, typed=typed, at=NOON, limit=20, kinds=[CUSTOMERS.key])
        return [one.title for group in groups for one in group.found]

    return found


def test_exact_comes_before_beginning_before_within(ask: Ask) -> None:
    assert ask("张伟") == ["张伟", "張偉", "张伟明", "小张伟"]
    assert set(ask("zhangwei")[:2]) == {"張偉", "张伟"}
    assert ask("腾飞") == ["上海腾飞科技有限公司"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        *(("zeng", "曾国藩"), ("ceng", "曾国藩"), ("zgf", "曾国藩"), ("shantf", "单田芳"), ("stf", "单田芳")),
        *(
            ("xiexd", "解晓东"),
            ("xxd", "解晓东"),
            ("解", "解晓东"),
            ("張", "张伟"),
            ("4444", "王芳"),
            ("tfkj", NAMES[8]),
        ),
    ],
)
def test_readings_initials_scripts_and_digits_find_a_customer(ask: Ask, typed: str, name: str) -> None:
    assert name in ask(typed)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("wnagfang", "王芳"),  # swapped
        ("wanfang", "王芳"),  # one is missing
        ("王方", "王芳"),  # the wrong one of those that sound the same
        ("曾国凡", "曾国藩"),
        ("上海藤飞", "上海腾飞科技有限公司"),
        ("13900005565", "曾国藩"),  # a wrong digit
        ("jhon smith", "John Smith"),
    ],
)
def test_slips_are_forgiven_where_little_is_found(ask: Ask, typed: str, name: str) -> None:
    assert name in ask(typed)


def test_a_mixture_of_pinyin_and_initials_is_no_slip(actor: Actor, company: dict[str, Customer]) -> None:
    for typed, names in (("zhangwm", ["张伟明"]), ("zengguof", ["曾国藩"]), ("xiexiaod", ["解晓东"])):
        with acting(actor):
            [group] = selectors.find(actor=actor, typed=typed, at=NOON, kinds=[CUSTOMERS.key])
        assert [one.title for one in group.found] == names, typed
        assert not group.is_alike


def test_slips_are_forgiven_within_a_small_reach(boss: User, company: dict[str, Customer]) -> None:
    role = accounts.put_role(
        actor=SYSTEM, code="own", name="own", grants={one.code: Scope.OWN for one in list_permissions()}
    )
    boss.roles.set([role])
    Customer.objects.filter(pk=company["王芳"].pk).update(owner=None)
    actor = actor_of(User.objects.get(pk=boss.pk))
    for typed, names in (("zegnguofan", ["曾国藩"]), ("wnagfang", []), ("张伟", ["张伟", "張偉", "张伟明", "小张伟"])):
        with acting(actor):
            groups = selectors.find(actor=actor, typed=typed, at=NOON, kinds=[CUSTOMERS.key])
        assert [one.title for group in groups for one in group.found] == names, typed


def test_who_finds_enough_has_not_mistyped(ask: Ask) -> None:
    assert "王芳" not in ask("张伟")
    assert ask("没有这样的名字") == []


def test_what_one_opens_often_and_lately_comes_first_among_equals(
    ask: Ask, actor: Actor, company: dict[str, Customer]
) -> None:
    for days in (1, 2):
        services.note_visit(actor=actor, kind=CUSTOMERS, record_id=company["张伟"].pk, at=NOON - timedelta(days=days))
    services.note_visit(actor=actor, kind=CUSTOMERS, record_id=company["小张伟"].pk, at=NOON)
    assert ask("张伟") == ["张伟", "張偉", "张伟明", "小张伟"]
    services.note_visit(actor=actor, kind=CUSTOMERS, record_id=company["張偉"].pk, at=NOON)
    services.note_visit(actor=actor, kind=CUSTOMERS, record_id=company["張偉"].pk, at=NOON + timedelta(hours=1))
    assert ask("张伟")[:2] == ["張偉", "张伟"]
    with acting(actor):
        recent = [one.title for _kind, one in selectors.list_recent(actor=actor)]
    assert recent == ["張偉", "小张伟", "张伟"]


def test_visits_are_counted_once_a_minute_fade_and_are_trimmed(
    actor: Actor, company: dict[str, Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = company["张伟"].pk
    for seconds in (0, 20, 50, 70):
        services.note_visit(actor=actor, kind=CUSTOMERS, record_id=pk, at=NOON + timedelta(seconds=seconds))
    visit = Visit.objects.get()
    assert (round(visit.weight, 3), visit.customer_id) == (2.0, pk)
    services.note_visit(actor=actor, kind=CUSTOMERS, record_id=pk, at=NOON + timedelta(days=14, seconds=70))
    visit.refresh_from_db()
    assert round(visit.weight, 3) == 2.0
    monkeypatch.setattr(services, "TRIMMED_EVERY", 1)
    monkeypatch.setattr(services, "KEPT", 2)
    for name in NAMES[1:5]:
        services.note_visit(actor=actor, kind=CUSTOMERS, record_id=company[name].pk, at=NOON + timedelta(days=20))
    assert Visit.objects.count() == 2


def test_opening_a_record_is_remembered_and_looking_at_a_list_is_not(
    client: Client, boss: User, company: dict[str, Customer]
) -> None:
    client.force_login(boss)
    client.get("/customers/")
    client.get(f"/customers/{company['王芳'].pk}/header/")
    assert not Visit.objects.exists()
    client.get(f"/customers/{company['王芳'].pk}/")
    client.get("/customers/999999999/")
    assert Visit.objects.get().record_id == company["王芳"].pk
    text = client.post("/find/", {"q": ""}, headers={"HX-Request": "true"}).content.decode()
    assert "王芳" in text
    assert "<html" not in text


def test_pages_and_commands_are_found_in_both_languages(client: Client, boss: User) -> None:
    client.force_login(boss)
    for typed in ("导入", "daoru", "dr", "import"):
        assert 'href="/imports/"' in client.post("/find/", {"q": typed}).content.decode(), typed
    assert 'href="/settings/roles/"' in client.get("/find/?q=角色").content.decode()
    for typed in ("合并", "qc", "merge"):
        assert 'href="/duplicates/"' in client.post("/find/", {"q": typed}).content.decode(), typed


def test_id_numbers_find_their_person_from_the_box_and_stand_in_no_address(client: Client, boss: User) -> None:
    client.force_login(boss)
    number = "11010519491231002X"
    assert client.get("/find/", {"q": number}).status_code == 400
    assert client.get("/api/v1/search", {"q": number}).status_code == 400
    answer = client.post("/find/", {"q": number})
    assert answer.status_code == 200
    assert number not in answer.content.decode()


def test_the_api_answers_in_groups_with_how_well_each_answers(
    client: Client, boss: User, company: dict[str, Customer]
) -> None:
    client.force_login(boss)
    [group] = client.get("/api/v1/search", {"q": "张伟", "kind": CUSTOMERS.key, "limit": "3"}).json()["groups"]
    assert group["kind"] == CUSTOMERS.key
    assert [(one["title"], one["match"]) for one in group["items"]] == [
        ("张伟", "exact"),
        ("張偉", "exact"),
        ("张伟明", "start"),
    ]
    assert group["items"][0]["url"] == f"/customers/{company['张伟'].pk}/"
    refused: tuple[dict[str, str], ...] = ({}, {"q": ""}, {"q": "x" * 200}, {"q": "a", "limit": "0"})
    for bad in refused:
        assert client.get("/api/v1/search", bad).status_code in (400, 422), bad


def test_nothing_is_found_by_who_may_see_nothing(actor: Actor, company: dict[str, Customer]) -> None:
    nobody = replace(actor, grants={})
    with acting(nobody):
        assert selectors.find(actor=nobody, typed="张伟", at=NOON) == []
        groups: list[Any] = selectors.find(actor=nobody, typed="设置", at=NOON)
    assert all(one.url.startswith("/account/") for group in groups for one in group.found)


def test_kinds_say_what_they_are(actor: Actor) -> None:
    for kind in list_kinds():
        assert str(kind.label)
        assert kind.page == "" or kind.recall is not None, kind.key
    assert Rank.EXACT < Rank.START < Rank.WITHIN < Rank.ALIKE


def test_a_field_that_links_is_offered_what_its_writer_may_see(boss: User, company: dict[str, Customer]) -> None:
    role = accounts.put_role(actor=SYSTEM, code="own", name="own", grants={"customers.view_customer": Scope.OWN})
    password = "A long pass phrase"
    accounts.create_user(actor=SYSTEM, username="other", name="other", password=password, roles=[role])
    asked = {"q": "zgf", "kind": CUSTOMERS.key}
    told = {}
    for name in ("boss", "other"):
        client = Client()
        client.force_login(User.objects.get(username=name))
        told[name] = client.post("/find/words/", asked).json()["words"]
        assert client.post("/find/words/", {**asked, "q": ""}).json() == {"words": []}
        assert client.post("/find/words/", {**asked, "kind": "none"}).status_code == 404
        assert client.get("/find/words/", asked).status_code == 405
    assert told == {"boss": [f"#{company['曾国藩'].pk} 曾国藩"], "other": []}
