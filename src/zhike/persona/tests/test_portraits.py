"""What a page says of a group: true, certain, and no more than its reader may know."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from django.db.models import Func, Value
from django.test import Client
from django.utils import translation

from zhike.accounts import services as accounts
from zhike.accounts.models import User
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.core.lists import patience
from zhike.customers.models import Customer, CustomerFacts, CustomerTag, Tag
from zhike.customers.selectors import sampling
from zhike.customers.services.tags import put_tags
from zhike.persona import measures
from zhike.persona.measures import FEWEST
from zhike.persona.models import TagRule

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
type Enter = Callable[..., Client]


@pytest.fixture
def enter() -> Enter:
    def log_in(name: str, scope: Scope = Scope.ALL, **levels: Sight) -> Client:
        user = User.objects.create(username=name, name=name, locale="en")
        grants = {"customers.view_customer": scope, "customers.edit_customer": scope}
        role = accounts.create_role(actor=SYSTEM, name=name, grants=grants)
        if levels:
            closed = {f"customers.customer.{field}": level for field, level in levels.items()}
            accounts.put_field_access(actor=SYSTEM, role=role, levels=closed)
        user.roles.set([role])
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def crowd() -> list[Customer]:
    """The top customers are from Shanghai, buy more and are tagged; the rest is not; names say nothing."""
    rows = []
    for number in range(240):
        is_top = number < 80
        city = "上海" if (number % 10 < 7) is is_top else "北京"
        same: dict[str, Any] = {"name": f"C{number}", "name_normal": f"c{number}", "name_pinyin": f"c{number}"}
        rows.append(Customer(**same, city=city, channel="ab"[number % 2], created_at=NOON, updated_at=NOON))
    made = Customer.objects.bulk_create(rows)
    CustomerFacts.objects.bulk_create(
        CustomerFacts(
            customer=one,
            run_id=1,
            as_of=date(2026, 11, 22),
            grade="top" if number < 80 else "small",
            stage="mature",
            relationship="repeat",
            amount=Decimal(1_000 if number < 80 else 900) + number % 50 * 10,
            order_count=3,
        )
        for number, one in enumerate(made)
    )
    for one in made[:40]:
        put_tags(customer_id=one.pk, names=["vip"])
    return made


def rows_of(client: Client, query: str) -> dict[str, list[tuple[str, str]]]:
    text = client.get(f"/persona/?{query}").text
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', body, re.DOTALL)
    return {label: re.findall(r'href="([^"]*)">([^<]*)<', rest) for label, rest in rows}


def test_what_is_characteristic_is_found_and_leads_to_the_records(enter: Enter, crowd: list[Customer]) -> None:
    client = enter("boss")
    found = rows_of(client, "a=f%3Dgrade:is:top")
    assert {"City: 上海", "Tag: vip", "Amount bought"} <= set(found)
    # Of two values one says what the other does. Neither what the group was made by, nor what does not differ.
    assert "City: 北京" not in found
    assert not [label for label in found if label.startswith(("Grade", "Source channel", "Orders", "Created"))]
    for url, said in found["City: 上海"]:
        listed = client.get(unquote(url).replace("&amp;", "&").replace("/customers/?", "/customers/count/?")).text
        count = int(re.sub(r"<[^>]+>", "", listed).strip())
        assert said == f"{count / (80 if 'grade:is' in unquote(url) and 'none' not in url else 160):.1%}"
    text = client.get("/persona/?a=f%3Dgrade:is:top").text
    assert "City: 上海" in text.partition("More:")[2].partition("</p>")[0]


def test_two_groups_are_compared_and_one_with_itself_is_refused(enter: Enter, crowd: list[Customer]) -> None:
    client = enter("boss")
    assert "Tag: vip" in rows_of(client, "a=f%3Dcity:is:上海&b=f%3Dcity:is:北京")
    for same in ("a=f%3Dcity:is:上海&b=f%3Dcity:is:上海", "a="):
        page = client.get(f"/persona/?{same}")
        assert page.status_code == 200
        assert "<tbody>" not in page.text


def test_tags_that_follow_the_same_filter_say_nothing_new(enter: Enter, crowd: list[Customer]) -> None:
    rule = TagRule.objects.create(
        tag=Tag.objects.get(name="vip"), query="f=grade:is:top", created_by=None, created_at=NOON
    )
    client = enter("boss")
    found = rows_of(client, "a=f%3Dgrade:is:top")
    assert ("Tag: vip" in found, "City: 上海" in found) == (False, True)
    # Nor does what a tag follows say anything of those who have it.
    found = rows_of(client, f"a=f%3Dtag:is:{rule.tag_id}")
    assert not [label for label in found if label.startswith(("Tag", "Grade"))]
    assert "Tag: vip" in rows_of(client, "a=f%3Dcity:is:上海&b=f%3Dcity:is:北京")


def test_tags_that_follow_other_tags_by_rule_say_nothing_new(enter: Enter, crowd: list[Customer]) -> None:
    vip = Tag.objects.get(name="vip")
    own, likewise, apart = (Tag.objects.create(name=name) for name in ("同类", "跟随", "本地"))
    for tag, query in [(own, "grade:is:top"), (likewise, f"tag:is:{own.pk}"), (apart, "city:is:上海")]:
        TagRule.objects.create(tag=tag, query=f"f={query}", created_by=None, created_at=NOON)
    local = [one for one in crowd if one.city == "上海"]
    for tag, tagged in [(own, crowd[:80]), (likewise, crowd[:80]), (apart, local)]:
        CustomerTag.objects.bulk_create(CustomerTag(customer=one, tag=tag) for one in tagged)
    client = enter("boss")
    told = {"Tag: vip", "Tag: 同类", "Tag: 跟随", "Tag: 本地"}
    assert told & set(rows_of(client, "a=f%3Dgrade:is:top")) == {"Tag: vip", "Tag: 本地"}
    # Whoever has the follower has what it follows, and what that follows.
    for group in (f"tag:is:{likewise.pk}", "tag_name:is:跟随"):
        found = set(rows_of(client, f"a=f%3D{group}"))
        assert told & found == {"Tag: vip", "Tag: 本地"}
        assert not [label for label in found if label.startswith("Grade")]
    # Tags by hand are followed too, and whether there is any tag is asked of all of them.
    TagRule.objects.filter(tag=likewise).update(query=f"f=tag:is:{vip.pk}")
    assert told & set(rows_of(client, f"a=f%3Dtag:is:{vip.pk}")) == {"Tag: 同类", "Tag: 本地"}
    assert not [label for label in rows_of(client, "a=f%3Dtag:filled:") if label.startswith("Tag")]


def test_few_customers_have_no_portrait(enter: Enter, crowd: list[Customer]) -> None:
    """Not the few of the group, nor the few that are left of the others."""
    ids = ",".join(str(one.pk) for one in crowd[: FEWEST - 1])
    others = ",".join(str(one.pk) for one in crowd[FEWEST - 1 :])
    for few in (ids, others):
        page = enter(f"boss{len(few)}").get("/persona/", {"a": f"f=id:is:{few}"})
        assert page.status_code == 200
        assert "fewer than 30" in page.text
        assert "<tbody>" not in page.text


def test_only_what_one_sees_is_counted_and_only_by_fields_that_one_reads(enter: Enter, crowd: list[Customer]) -> None:
    client = enter("seller", Scope.OWN)
    assert "fewer than 30" in client.get("/persona/?a=f%3Dgrade:is:top").text
    Customer.objects.filter(pk__in=[one.pk for one in crowd[:40] + crowd[80:120]]).update(
        owner=User.objects.get(username="seller")
    )
    page = client.get("/persona/?a=f%3Dgrade:is:top").text
    assert ">40<" in page
    reader = enter("reader", city=Sight.HIDDEN, amount=Sight.MASKED)
    found = rows_of(reader, "a=f%3Dgrade:is:top")
    assert "Tag: vip" in found
    assert not [label for label in found if label.startswith(("City", "Amount"))]
    assert reader.get("/persona/?a=f%3Dcity:is:上海").status_code == 400
    nobody = User.objects.create(username="nobody", name="nobody")
    client.force_login(nobody)
    assert client.get("/persona/").status_code == 403


def test_a_portrait_takes_no_more_than_its_time(
    enter: Enter, crowd: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = enter("boss")
    monkeypatch.setattr(measures, "SECONDS", 0)
    page = client.get("/persona/?a=f%3Dgrade:is:top")
    assert (page.status_code, "takes too long" in page.text) == (503, True)
    monkeypatch.setattr(measures, "SECONDS", 20)
    monkeypatch.setattr(sampling, "_shuffled", lambda: Func(Value(2), template="pg_sleep(%(expressions)s)::text"))
    monkeypatch.setattr(patience, "SWEEPING_MS", 50)
    assert client.get("/persona/?a=f%3Dgrade:is:top").status_code == 503


def test_the_empty_page_says_what_to_choose(enter: Enter) -> None:
    with translation.override("en"):
        page = enter("boss").get("/persona/").text
    assert "Choose a group" in page
    assert 'value="f=grade:is:top"' in page
