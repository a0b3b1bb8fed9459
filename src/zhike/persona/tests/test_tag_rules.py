"""Tags by rule: given to who fits, taken from who does not, and made by those only who may know of everybody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.bulk.models import Verb
from zhike.bulk.plans import make_plan
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.core.lists.grammar import FilterInvalid
from zhike.customers.models import Customer, CustomerTag, Tag
from zhike.customers.services.tags import list_tags_of, set_tags
from zhike.persona.models import TagRule
from zhike.persona.services import tag_rules

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
SHANGHAI = "f=city:is:上海"
type Somebody = Callable[..., User]


@pytest.fixture
def somebody() -> Somebody:
    def make(name: str, scope: Scope = Scope.ALL, *, manages: bool = True, **levels: Sight) -> User:
        user = User.objects.create(username=name, name=name, locale="en")
        grants = {"customers.view_customer": scope, "customers.edit_customer": scope}
        if manages:
            grants["customers.manage_tags"] = Scope.ALL
        role = accounts.create_role(actor=SYSTEM, name=name, grants=grants)
        if levels:
            closed = {f"customers.customer.{field}": level for field, level in levels.items()}
            accounts.put_field_access(actor=SYSTEM, role=role, levels=closed)
        user.roles.set([role])
        return user

    return make


@pytest.fixture
def people() -> list[Customer]:
    rows = [
        Customer(name=name, name_normal=name, name_pinyin=name, city=city, created_at=NOON, updated_at=NOON)
        for name, city in (("a", "上海"), ("b", "上海"), ("c", "北京"))
    ]
    return Customer.objects.bulk_create(rows)


def tagged(name: str) -> set[str]:
    return set(CustomerTag.objects.filter(tag__name=name).values_list("customer__name", flat=True))


def actor(user: User) -> Actor:
    return actor_of(user)


def test_who_fits_has_the_tag_and_who_does_not_any_more_loses_it(people: list[Customer]) -> None:
    set_tags(actor=SYSTEM, customer_id=people[2].pk, names=["本地"], at=NOON)
    rule = tag_rules.put_rule(actor=SYSTEM, name=" 本地 ", query=SHANGHAI, at=NOON)
    assert tag_rules.ask_rule(rule_id=rule.pk, at=NOON) == (2, 1)
    assert tagged("本地") == {"a", "b"}
    assert tag_rules.ask_rule(rule_id=rule.pk, at=NOON) == (0, 0)
    Customer.objects.filter(name="a").update(city="北京")
    assert tag_rules.list_due(at=NOON + timedelta(hours=1)) == []
    assert tag_rules.list_due(at=NOON + timedelta(hours=7)) == [rule.pk]
    assert tag_rules.ask_rule(rule_id=rule.pk, at=NOON + timedelta(hours=7)) == (0, 1)
    rule.refresh_from_db()
    assert (rule.customer_count, rule.failure) == (1, "")
    tag_rules.remove_rule(actor=SYSTEM, rule_id=rule.pk)
    assert tagged("本地") == {"b"}
    assert tag_rules.ask_rule(rule_id=rule.pk, at=NOON) == (0, 0)


def test_such_a_tag_cannot_be_given_or_taken_by_hand(people: list[Customer]) -> None:
    rule = tag_rules.put_rule(actor=SYSTEM, name="本地", query=SHANGHAI, at=NOON)
    tag_rules.ask_rule(rule_id=rule.pk, at=NOON)
    set_tags(actor=SYSTEM, customer_id=people[0].pk, names=["本地", "老客户"], at=NOON)
    for one, names in ((people[0], ["老客户"]), (people[2], ["本地"])):
        before = list_tags_of(customer_id=one.pk)
        with pytest.raises(ValidationError, match="自动标签"):
            set_tags(actor=SYSTEM, customer_id=one.pk, names=names, at=NOON)
        assert list_tags_of(customer_id=one.pk) == before
    for change in ({"add": ["本地"]}, {"remove": ["本地"]}):
        with pytest.raises(ValidationError, match="自动标签"):
            make_plan(actor=SYSTEM, verb=Verb.TAG, change=change, at=NOON)


@pytest.mark.parametrize(
    ("name", "query", "problem"),
    [
        ("", SHANGHAI, ValidationError),
        ("x" * 51, SHANGHAI, ValidationError),
        ("all", "", ValidationError),
        ("mine", "f=owner:is:me", ValidationError),
        ("words", "q=上海", FilterInvalid),
        ("odd", "f=nothing:is:1", FilterInvalid),
    ],
)
def test_what_cannot_be_asked_of_everybody_is_refused(
    people: list[Customer], name: str, query: str, problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        tag_rules.put_rule(actor=SYSTEM, name=name, query=query, at=NOON)
    assert not TagRule.objects.exists()
    assert not Tag.objects.exists()


def test_only_who_knows_of_everybody_makes_a_rule(people: list[Customer], somebody: Somebody) -> None:
    for user in (somebody("seller", Scope.OWN), somebody("clerk", manages=False)):
        with pytest.raises(PermissionDenied):
            tag_rules.put_rule(actor=actor(user), name="本地", query=SHANGHAI, at=NOON)
    blind = somebody("blind", city=Sight.HIDDEN, amount=Sight.MASKED)
    for query in (SHANGHAI, "f=amount:above:100"):
        with pytest.raises(FilterInvalid):
            tag_rules.put_rule(actor=actor(blind), name="本地", query=query, at=NOON)
    assert not TagRule.objects.exists()


def test_a_rule_about_a_field_that_is_gone_says_so_and_changes_nothing(people: list[Customer]) -> None:
    rule = tag_rules.put_rule(actor=SYSTEM, name="本地", query=SHANGHAI, at=NOON)
    tag_rules.ask_rule(rule_id=rule.pk, at=NOON)
    TagRule.objects.update(query="f=custom.gone:is:1")
    assert tag_rules.ask_rule(rule_id=rule.pk, at=NOON) == (0, 0)
    rule.refresh_from_db()
    assert rule.failure
    assert tagged("本地") == {"a", "b"}


def test_the_pages_keep_a_group_as_a_tag_and_end_the_rule(people: list[Customer], somebody: Somebody) -> None:
    client = Client()
    client.force_login(somebody("boss"))
    assert "Keep as a tag" in client.get("/persona/", {"a": SHANGHAI}).text
    page = client.post("/persona/tags/put/", {"name": "本地", "query": SHANGHAI}, follow=True)
    assert "follows the filter from now on" in page.text
    rule = TagRule.objects.get()
    tag_rules.ask_rule(rule_id=rule.pk, at=NOON)
    page = client.get("/persona/tags/")
    assert "City is 上海" in page.text
    assert f"/customers/?f=tag:is:{rule.tag_id}" in page.text.replace("%3A", ":")
    refused = client.post("/persona/tags/put/", {"name": "mine", "query": "f=owner:is:me"})
    assert refused.status_code == 422
    assert "name the colleague" in refused.text
    assert client.post(f"/persona/tags/{rule.pk}/ask/").status_code == 302
    assert client.post(f"/persona/tags/{rule.pk}/remove/").status_code == 302
    assert not TagRule.objects.exists()
    client.force_login(somebody("seller", Scope.OWN))
    refused = client.post("/persona/tags/put/", {"name": "本地", "query": SHANGHAI})
    assert "about all customers" in refused.text
    client.force_login(somebody("clerk", manages=False))
    assert client.get("/persona/tags/").status_code == 403
    assert "Keep as a tag" not in client.get("/persona/", {"a": SHANGHAI}).text
