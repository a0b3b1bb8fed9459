"""The list of tags: renamed, merged, deleted and brought back, and usable when there are fifty thousand."""

import time
from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone, translation

from zhike.accounts import services as accounts
from zhike.accounts.models import User
from zhike.bulk import tag_list as selectors
from zhike.bulk.models import TagRemoval
from zhike.bulk.services import tag_list
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.core.paging import Page
from zhike.customers.models import Customer, CustomerTag, Tag
from zhike.customers.selectors.tagging import suggest_tags
from zhike.customers.services import people
from zhike.customers.services.tags import list_tags_of, set_tags

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def plant(name: str, *tags: str) -> Customer:
    return people.create_customer(actor=SYSTEM, at=timezone.now(), name=name, tags=tags)


def tagged(*customers: Customer) -> list[list[str]]:
    return [list_tags_of(customer_id=one.pk) for one in customers]


def enter() -> Client:
    grants = {one.code: Scope.ALL for one in list_permissions()}
    role = accounts.put_role(actor=SYSTEM, code="keeper", name="keeper", grants=grants)
    user = User.objects.create(username="keeper", name="keeper", locale="en")
    user.roles.set([role])
    client = Client()
    client.force_login(user)
    return client


def test_merged_tags_and_deleted_ones_come_back_to_those_who_had_them() -> None:
    both, first, second = plant("both", "VIP", "vip"), plant("first", "VIP"), plant("second", "vip", "other")
    upper, lower = Tag.objects.get(name="VIP"), Tag.objects.get(name="vip")
    merged = tag_list.remove_tag(actor=SYSTEM, tag_id=upper.pk, into_id=lower.pk, at=timezone.now())
    assert tagged(both, first, second) == [["vip"], ["vip"], ["other", "vip"]]
    with pytest.raises(Tag.DoesNotExist):
        tag_list.remove_tag(actor=SYSTEM, tag_id=lower.pk, into_id=lower.pk, at=timezone.now())
    first_delete = tag_list.remove_tag(actor=SYSTEM, tag_id=lower.pk, at=timezone.now())
    assert tagged(both, first, second) == [[], [], ["other"]]
    set_tags(actor=SYSTEM, customer_id=both.pk, names=["later"], at=timezone.now())
    assert tag_list.undo_removal(actor=SYSTEM, removal_id=first_delete.pk, at=timezone.now()).pk == lower.pk
    assert tag_list.undo_removal(actor=SYSTEM, removal_id=merged.pk, at=timezone.now()).pk == upper.pk
    assert tagged(both, first, second) == [["VIP", "later", "vip"], ["VIP", "vip"], ["other", "vip"]]
    with pytest.raises(tag_list.AlreadyBack):
        tag_list.undo_removal(actor=SYSTEM, removal_id=merged.pk, at=timezone.now())


def test_what_only_a_keeper_may_do_and_what_is_no_tag() -> None:
    customer = plant("one", "VIP")
    tag = Tag.objects.get()
    stranger = Actor(user_id=1, name="x")
    for refused in (
        lambda: tag_list.create_tag(actor=stranger, name="x"),
        lambda: tag_list.edit_tag(actor=stranger, tag_id=tag.pk, name="x", tone=""),
        lambda: tag_list.remove_tag(actor=stranger, tag_id=tag.pk, at=timezone.now()),
        lambda: tag_list.undo_removal(actor=stranger, removal_id=1, at=timezone.now()),
    ):
        with pytest.raises(PermissionDenied):
            refused()
    for name, tone in ((" ", ""), ("x" * 51, ""), ("a,b", ""), ("x", "pink")):
        with pytest.raises(ValidationError):
            tag_list.create_tag(actor=SYSTEM, name=name, tone=tone)
    with pytest.raises(tag_list.TagTaken):
        tag_list.create_tag(actor=SYSTEM, name="VIP")
    assert tagged(customer) == [["VIP"]]


def test_more_customers_than_a_page_waits_for_are_left_to_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_list, "MOST_AT_ONCE", 1)
    customers = [plant(name, "VIP") for name in ("one", "two")]
    with pytest.raises(tag_list.TooManyTagged):
        tag_list.remove_tag(actor=SYSTEM, tag_id=Tag.objects.get().pk, at=timezone.now())
    assert tagged(*customers) == [["VIP"], ["VIP"]]
    assert not TagRemoval.objects.exists()


def test_the_pages_and_fifty_thousand_tags() -> None:
    client, customer = enter(), plant("one", "VIP")
    Tag.objects.bulk_create([Tag(name=f"t{number:05}") for number in range(50_000)], batch_size=10_000)
    began = time.perf_counter()
    page = client.get("/settings/tags/").content.decode()
    found = client.get("/settings/tags/?q=t4999").content.decode()
    assert suggest_tags(typed="4999") == [
        "t04999",
        "t14999",
        "t24999",
        "t34999",
        "t44999",
        *(f"t4999{n}" for n in range(7)),
    ]
    assert client.get("/customers/tags/?q=vi").json() == {"words": ["VIP"]}
    assert client.get("/customers/?f=all(tag_name:has:VI)").content.decode().count('id="c') == 1
    assert (
        "t49999"
        in client.get(
            "/customers/filter/?f=all(tag:is:" + str(Tag.objects.get(name="t49999").pk) + ")"
        ).content.decode()
    )
    assert client.get(f"/customers/{customer.pk}/edit/tags/").status_code == 200
    assert time.perf_counter() - began < 20
    assert "50,001" in page
    assert page.count("/delete/") == 50
    assert found.count("/delete/") == 10
    second = selectors.page_tags(search="", page=Page(after=selectors.page_tags(search="", page=Page()).next_cursor))
    assert second.items[-1].tag.name == "t00098"
    tag = Tag.objects.get(name="VIP")
    assert client.post("/settings/tags/new/", {"name": "VIP"}).status_code == 422
    assert client.post("/settings/tags/new/", {"name": "New", "tone": "good"}).status_code == 302
    assert client.post(f"/settings/tags/{tag.pk}/", {"name": "Gold", "tone": "warn"}).status_code == 302
    assert 'data-tone="warn">Gold<' in client.get("/customers/?cols=name,tags").content.decode()
    assert client.post(f"/settings/tags/{tag.pk}/merge/", {"into": "nobody"}).status_code == 422
    assert client.post(f"/settings/tags/{tag.pk}/merge/", {"into": "New"}).status_code == 302
    assert tagged(customer) == [["New"]]
    client.post(f"/settings/tags/removals/{TagRemoval.objects.get().pk}/undo/")
    assert tagged(customer) == [["Gold"]]
    client.post(f"/settings/tags/{tag.pk}/delete/")
    assert not CustomerTag.objects.exists()
