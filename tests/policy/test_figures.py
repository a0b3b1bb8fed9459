"""Amounts, and what is worked out from orders, are fields like any other: closed, they show nowhere, sums included."""

import json

import pytest
from django.test import Client
from tests.policy.surfaces import NEW_ORDER, WHEN
from tests.policy.test_fields import reason_of, secrets_of
from tests.policy.test_surfaces import text_of
from tests.policy.world import FIGURES, World, actor_named

from zhike.accounts import services as accounts
from zhike.commerce import guarded as order_guarded
from zhike.core import fields
from zhike.core.actor import SYSTEM, Sight
from zhike.customers import guarded

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["everything"], indirect=True)
def test_who_reads_everything_meets_every_value_somewhere(world: World, page: Client) -> None:
    one = world.planted[0]
    shown = ("grade,stage,amount,orders,last_order,rfm,email,phone", "name")
    addresses = [f"/customers/?cols={columns}" for columns in shown]
    addresses += [f"/customers/{one.customer_id}/", f"/commerce/orders/{one.order_id}/"]
    text = "".join(text_of(page.get(address)) for address in addresses)
    told = {name for name, secret in secrets_of(one).items() if secret in text}
    # The ID number is masked for everybody; the rest is what other ways of writing give.
    assert set(secrets_of(one)) - told <= {
        "id number",
        "id number, its middle",
        "phone, with blanks",
        "number of orders",
        "amount bought",
        "order amount",
        "unit price",
        "first order",
    }


@pytest.mark.parametrize("program", ["everything"], indirect=True)
def test_a_program_that_reads_everything_is_told_the_figures(world: World, program: Client) -> None:
    one = world.planted[0]
    row, order = (
        program.get(f"/api/v1/{address}").json()
        for address in (f"customers/{one.customer_id}", f"orders/{one.order_id}")
    )
    assert (row["facts"]["amount"], row["facts"]["first_order_on"]) == ("711531.97", "1970-03-11")
    assert (order["total_amount"], order["lines"][0]["unit_price"], order["withheld"]) == ("534589.875", "6421.5", {})


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("program", ["masked"], indirect=True)
def test_programs_get_closed_figures_left_out_and_are_told_so(world: World, program: Client) -> None:
    one = world.planted[0]
    row = program.get(f"/api/v1/customers/{one.customer_id}").json()
    assert {row["facts"][name] for name in FIGURES if name != "activity"} == {None, ""}
    assert (row["withheld"]["amount"], row["withheld"]["grade"]) == ("masked", "hidden")
    order = program.get(f"/api/v1/orders/{one.order_id}").json()
    assert (order["total_amount"], order["number"], order["channel"]) == (None, "No****11", "")
    assert order["withheld"] == {
        "number": "masked",
        "amount": "masked",
        **dict.fromkeys(("channel", "store", "product", "quantity"), "hidden"),
    }
    assert set(order["lines"][0].values()) == {None, order["lines"][0]["id"]}
    assert program.get("/api/v1/orders", {"number": f"No-{one.name}"}).status_code == 400
    body = json.dumps({**NEW_ORDER, "customer_id": one.customer_id})
    refused = program.post("/api/v1/orders", body, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "field_closed")
    refused = program.post(
        f"/api/v1/orders/{one.order_id}/refund", json.dumps({"placed_at": WHEN}), content_type="application/json"
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "field_closed")
    wanted = json.dumps({"field": "amount", "reason": "They asked about the bill"})
    shown = program.post(f"/api/v1/orders/{one.order_id}/reveal", wanted, content_type="application/json")
    assert shown.json()["value"] == "534589.875"
    [line] = shown.json()["lines"]
    # A price would tell the quantity, which stays hidden.
    assert line == {"id": order["lines"][0]["id"], "unit_price": None, "amount": "534589.875"}
    told = reason_of(world)
    assert (told["order"], told["order_lines"], told["reason"]) == (one.order_id, 1, "They asked about the bill")


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("page", ["masked"], indirect=True)
def test_an_orders_lines_are_shown_with_its_total(world: World, page: Client) -> None:
    one = world.planted[0]
    address = f"/commerce/orders/{one.order_id}/"
    assert "534,589.8" not in text_of(page.get(address))
    shown = text_of(page.post(f"{address}reveal/amount/", {"reason": "They asked"}, headers={"HX-Request": "true"}))
    assert "534,589.88" in shown[shown.index(f'id="zk-order-lines-{one.order_id}" hx-swap-oob') :]
    assert "6,421.5" not in shown
    assert "hx-swap-oob" not in text_of(page.post(f"{address}reveal/number/", {"reason": "They asked"}))


@pytest.mark.parametrize("page", ["hidden"], indirect=True)
def test_who_sees_no_amounts_sees_no_sum_of_them(world: World, page: Client) -> None:
    today, insight = text_of(page.get("/")), text_of(page.get("/insight/"))
    assert "Revenue" not in today + insight
    assert "Your role sees no figures" in today
    assert "Your role sees no figures" in insight
    panel = text_of(page.get(f"/commerce/customers/{world.planted[0].customer_id}/panel/"))
    assert "Bought in all" not in panel
    composer = text_of(page.get(f"/customers/{world.planted[0].customer_id}/"))
    assert "zk-composer" not in composer
    added = page.post(f"/customers/{world.planted[0].customer_id}/activities/", {"kind": "note", "text": "x"})
    assert added.status_code == 403


def test_closing_orders_amounts_closes_what_customers_bought_and_the_other_way_round(world: World) -> None:
    role = world.users["everything"].roles.get(code="everything")
    pair = (guarded.AMOUNT, order_guarded.AMOUNT)
    for closed, other in (pair, pair[::-1]):
        before = fields.get(closed).default
        accounts.put_field_access(actor=SYSTEM, role=role, levels={closed: Sight.HIDDEN})
        try:
            assert actor_named(world, "everything").sight(other) is Sight.HIDDEN
        finally:
            accounts.put_field_access(actor=SYSTEM, role=role, levels={closed: before})
        assert actor_named(world, "everything").sight(other) is fields.get(other).default
