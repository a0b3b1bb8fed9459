"""Own fields of customers that lead to a product or an order, for those who see orders and those who do not."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Role, Team, User
from zhike.commerce.models import Order, Product
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.customers.guarded import RECORD
from zhike.customers.models import Activity, Customer
from zhike.customers.services import activities, people
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.services import definitions

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
CUSTOMERS = ("customers.view_customer", "customers.edit_customer")


def person(username: str, team: Team, *more: str, scope: Scope = Scope.ALL) -> tuple[Client, Actor]:
    grants = dict.fromkeys((*CUSTOMERS, *more), scope)
    role = accounts.put_role(actor=SYSTEM, code=username, name=username, grants=grants)
    user = User.objects.create(username=username, name=username, team=team, locale="en")
    user.roles.set([role])
    client = Client()
    client.force_login(user)
    return client, actor_of(user)


@pytest.fixture
def shop(db: None) -> Team:
    return accounts.create_team(actor=SYSTEM, name="shop")


@pytest.fixture
def ada(shop: Team) -> Customer:
    for label, target in (("Wish", "commerce.product"), ("Complaint", "commerce.order")):
        made = definitions.create_field(
            actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.RECORD, label=label, rules={"target": target}
        )
        FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY)
    definitions.lock(RECORD)
    return people.create_customer(actor=SYSTEM, at=NOON, name="Ada", team=shop.pk)


def product(code: str, name: str = "") -> Product:
    return Product.objects.create(source="shop", code=code, name=name, created_at=NOON)


def order(number: str, customer: Customer) -> Order:
    return Order.objects.create(
        customer=customer,
        source="shop",
        key=number,
        number=number,
        currency="CNY",
        placed_at=NOON,
        total_amount=Decimal(1),
        created_at=NOON,
    )


def put(actor: Actor, customer: Customer, key: str, value: str) -> object:
    people.edit_customer(actor=actor, customer_id=customer.pk, changes={f"custom.{key}": value}, at=NOON)
    return Customer.objects.get(pk=customer.pk).custom.get(key)


def test_a_product_is_meant_by_name_code_or_number(shop: Team, ada: Customer) -> None:
    _client, boss = person("boss", shop, "commerce.view_order")
    tea, nameless = product("T-1", "Green tea"), product("T-2")
    assert put(boss, ada, "wish", "Green tea") == tea.pk
    assert put(boss, ada, "wish", "T-2") == nameless.pk
    assert put(boss, ada, "wish", f"#{tea.pk} Green tea") == tea.pk
    product("T-1b", "Green tea")
    for meant, said in (("Green tea", "Several are called"), ("Coffee", "no “Coffee”")):
        with translation.override("en"), pytest.raises(ValidationError) as refusal:
            put(boss, ada, "wish", meant)
        assert said in str(refusal.value)
    assert Customer.objects.get(pk=ada.pk).custom["wish"] == tea.pk


def test_pages_name_what_is_linked_and_lead_there(shop: Team, ada: Customer) -> None:
    client, boss = person("boss", shop, "commerce.view_order")
    tea, nameless, bought = product("T-1", "Green tea"), product("T-2"), order("A-100", ada)
    put(boss, ada, "wish", "T-1")
    put(boss, ada, "complaint", "A-100")
    page = client.get(f"/customers/{ada.pk}/").text
    assert f'href="/commerce/products/{tea.pk}/"' in page
    assert f'href="/commerce/orders/{bought.pk}/"' in page
    listed = client.get("/customers/?cols=name,custom.wish,custom.complaint").text
    assert ("Green tea" in listed, "A-100" in listed) == (True, True)
    assert ">Ada<" in client.get(f"/customers/?f=custom.wish:is:{tea.pk}").text
    assert ">Ada<" not in client.get(f"/customers/?f=custom.wish:is:{nameless.pk}").text
    put(boss, ada, "wish", f"#{nameless.pk}")
    assert "T-2" in client.get("/customers/?cols=name,custom.wish").text
    form = client.get(f"/customers/{ada.pk}/edit/custom.wish/").text
    assert 'data-suggest-kind="commerce.product"' in form
    words = client.post("/find/words/", {"q": "green", "kind": "commerce.product"}).json()["words"]
    assert words == [f"#{tea.pk} Green tea"]
    Product.objects.filter(pk=nameless.pk).update(name="绿茶")
    for typed, names in (("茶", [f"#{nameless.pk} 绿茶"]), ("g", [])):
        answer = client.post("/find/words/", {"q": typed, "kind": "commerce.product"})
        assert answer.json()["words"] == names


def test_digits_are_a_code_or_an_order_number_and_no_number_of_ours(shop: Team, ada: Customer) -> None:
    _client, boss = person("boss", shop, "commerce.view_order")
    first = order("A-1", ada)
    second, shopped = order(str(first.pk), ada), order("#1001", ada)
    assert put(boss, ada, "complaint", str(first.pk)) == second.pk
    assert put(boss, ada, "complaint", "#1001") == shopped.pk
    assert put(boss, ada, "complaint", f"#{first.pk} A-1") == first.pk
    barcode = product("6901234567892", "Tea")
    assert put(boss, ada, "wish", "6901234567892") == barcode.pk
    for key, meant in (("wish", str(barcode.pk)), ("complaint", f"{shopped.pk}00")):
        with pytest.raises(ValidationError):
            put(boss, ada, key, meant)
    # Where a shop's number is also one of ours, nobody guesses.
    order(f"#{first.pk}", ada)
    put(boss, ada, "complaint", "#1001")
    with pytest.raises(ValidationError):
        put(boss, ada, "complaint", f"#{first.pk}")
    held = Customer.objects.get(pk=ada.pk).custom
    assert (held["wish"], held["complaint"]) == (barcode.pk, shopped.pk)


@pytest.mark.parametrize(("given", "is_taken"), [(1, True), (Decimal(1), True), (True, False), ("1", False)])
def test_what_a_program_gives_as_a_number_is_ours(shop: Team, ada: Customer, given: object, is_taken: bool) -> None:
    Product.objects.create(pk=1, source="shop", code="T-1", created_at=NOON)
    changes = {"custom.wish": given}
    if is_taken:
        people.edit_customer(actor=SYSTEM, customer_id=ada.pk, changes=changes, at=NOON)
    else:
        with pytest.raises(ValidationError):
            people.edit_customer(actor=SYSTEM, customer_id=ada.pk, changes=changes, at=NOON)
    assert Customer.objects.get(pk=ada.pk).custom.get("wish") == (1 if is_taken else None)


def test_a_change_of_a_link_is_taken_back(shop: Team, ada: Customer) -> None:
    _client, boss = person("boss", shop, "commerce.view_order")
    tea, other = product("T-1", "Tea"), product("2")
    put(boss, ada, "wish", "T-1")
    put(boss, ada, "wish", "2")
    change = Activity.objects.filter(customer=ada, kind="change").order_by("-pk")[0]
    activities.undo_change(actor=boss, activity_id=change.pk, at=NOON)
    assert Customer.objects.get(pk=ada.pk).custom["wish"] == tea.pk != other.pk


def test_a_role_that_creates_orders_and_sees_none_reads_no_product(shop: Team, ada: Customer) -> None:
    put(SYSTEM, ada, "wish", str(product("T-1", "Secret tea").code))
    client, _maker = person("maker", shop, "commerce.create_order")
    for page in (f"/customers/{ada.pk}/", "/customers/?cols=name,custom.wish"):
        assert "Secret tea" not in client.get(page).text


def test_a_hidden_name_is_a_number_without_a_link(shop: Team, ada: Customer) -> None:
    tea = product("T-1", "Secret tea")
    put(SYSTEM, ada, "wish", "T-1")
    client, _reader = person("reader", shop, "commerce.view_order")
    role = Role.objects.get(code="reader")
    accounts.put_field_access(actor=SYSTEM, role=role, levels={"commerce.order.product": Sight.HIDDEN})
    page = client.get(f"/customers/{ada.pk}/").text
    assert (f"#{tea.pk}" in page, "Secret tea" in page, "/commerce/products/" in page) == (True, False, False)


def test_orders_called_like_ours_are_led_to_and_those_unseen_are_not(shop: Team, ada: Customer) -> None:
    client, boss = person("boss", shop, "commerce.view_order")
    for number in ("#1001", ""):
        bought = order(number, ada)
        put(boss, ada, "complaint", f"#{bought.pk} x")
        assert f'href="/commerce/orders/{bought.pk}/"' in client.get(f"/customers/{ada.pk}/").text


def test_who_sees_no_orders_is_told_a_number_alone(shop: Team, ada: Customer) -> None:
    _client, boss = person("boss", shop, "commerce.view_order")
    tea, bought = product("T-1", "Green tea"), order("A-100", ada)
    put(boss, ada, "wish", "T-1")
    put(boss, ada, "complaint", "A-100")
    client, clerk = person("clerk", shop)
    for page in (f"/customers/{ada.pk}/", "/customers/?cols=name,custom.wish,custom.complaint"):
        text = client.get(page).text
        assert ("Green tea" in text, "T-1" in text, "A-100" in text) == (False, False, False)
        assert "/commerce/" not in text
    assert f"#{tea.pk}" in client.get(f"/customers/{ada.pk}/").text
    assert client.post("/find/words/", {"q": "green", "kind": "commerce.product"}).status_code == 404
    for key, meant in (("wish", "Green tea"), ("wish", "T-1"), ("complaint", "A-100"), ("complaint", f"#{bought.pk}9")):
        with pytest.raises(ValidationError):
            put(clerk, ada, key, meant)
    held = Customer.objects.get(pk=ada.pk).custom
    assert (held["wish"], held["complaint"]) == (tea.pk, bought.pk)


def test_an_order_out_of_reach_is_not_named(shop: Team, ada: Customer) -> None:
    other = people.create_customer(actor=SYSTEM, at=NOON, name="Bo", team=shop.pk)
    hidden = order("B-200", other)
    put(SYSTEM, ada, "complaint", "B-200")
    client, seller = person("seller", shop, "commerce.view_order", scope=Scope.OWN)
    Customer.objects.filter(pk=ada.pk).update(owner=seller.user_id)
    for page in (f"/customers/{ada.pk}/", "/customers/?cols=name,custom.complaint"):
        text = client.get(page).text
        assert (f"#{hidden.pk}" in text, "B-200" in text) == (True, False)


def test_a_product_that_is_gone_is_said_to_be(shop: Team, ada: Customer) -> None:
    client, boss = person("boss", shop, "commerce.view_order")
    tea = product("T-1", "Green tea")
    put(boss, ada, "wish", "T-1")
    tea.delete()
    assert "no longer there" in client.get(f"/customers/{ada.pk}/").text
    assert "no longer there" in client.get("/customers/?cols=name,custom.wish").text


def test_the_designer_offers_what_can_be_linked_to(shop: Team, ada: Customer) -> None:
    client, _boss = person("boss", shop, "metadata.manage_fields", "commerce.view_order")
    form = client.get(f"/settings/fields/of/{RECORD}/new/?kind=record").text
    for key in (RECORD, "commerce.product", "commerce.order"):
        assert f'<option value="{key}"' in form
    with pytest.raises(ValidationError):
        definitions.create_field(
            actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.RECORD, label="X", rules={"target": "commerce.orderline"}
        )
    definition = FieldDefinition.objects.get(key="wish")
    with pytest.raises(ValidationError):
        definitions.edit_field(actor=SYSTEM, pk=definition.pk, rules={"target": RECORD})
    assert FieldDefinition.objects.get(pk=definition.pk).rules == {"target": "commerce.product"}
