"""Who does not see a field gets its value's text on no surface, and no surface tells it by its answers."""

import json
from typing import Any

import pytest
from django.test import Client
from tests.policy.surfaces import EXPORTS, OPERATIONS, PAGES, Surface
from tests.policy.test_surfaces import text_of
from tests.policy.world import SEALED, SIGHTED, WORKED_OUT, Planted, World, actor_named

from zhike.accounts import services as accounts
from zhike.accounts.models import RevealCount
from zhike.audit.models import Entry, Payload
from zhike.core.actor import SYSTEM, Sight
from zhike.customers import guarded
from zhike.customers.services import people

pytestmark = [pytest.mark.django_db, pytest.mark.long]
CLOSED = ("masked", "hidden")


def secrets_of(one: Planted) -> dict[str, str]:
    """As it was typed, and the parts that every way to write it has in common."""
    digits = one.phone[3:7] + one.phone[7:]
    return {
        "phone": one.phone,
        "phone, its end": digits,
        "phone, with blanks": f"{one.phone[:3]} {one.phone[3:7]}",
        "email": one.email,
        "email, before": one.email.partition("@")[0],
        "wechat": one.wechat,
        "address": one.address[-6:],
        "id number": one.id_number,
        "id number, its middle": one.id_number[3:14],
        "amount bought": f"7{one.name[5:]}531",
        "amount bought, grouped": f"7{one.name[5:]},531",
        "number of orders": f"19345700{one.name[5:]}",
        "number of orders, grouped": f"1,934,570,0{one.name[5:]}",
        "first order": f"1970-03-{one.name[5:]}",
        "last order": f"1970-04-{one.name[5:]}",
        "order number": f"No-{one.name}",
        "order amount": "534589",
        "order amount, grouped": "534,589",
        "unit price": "6421.5",
        "unit price, grouped": "6,421.5",
        "money": "¥",
        "quantity": "83.25",
        "product": f"Ware-No-{one.name}",
        "product code": f"sku-No-{one.name}",
        "channel": f"by-No-{one.name}",
        "store": f"at-No-{one.name}",
        "follow-up": f"note {one.name}",
    }


def reading(surface: Surface) -> bool:
    return surface.method == "GET"


def betrayed(text: str, world: World) -> set[str]:
    return {name for one in world.planted for name, secret in secrets_of(one).items() if secret in text}


def walked(client: Client, surfaces: dict[str, Surface], world: World, prefix: str = "") -> dict[str, Any]:
    """Surface → what it betrayed or how it broke. To who sees all of them records of one grade are alike: one each."""
    found: dict[str, Any] = {}
    alike = [[one for one in world.planted if one.grade == figures["grade"]] for figures in WORKED_OUT]
    for turn, (name, surface) in enumerate(surfaces.items()):
        address = surface.list_at or surface.record_at
        if address is None or (surface.changes and surface.method != "GET"):
            continue
        for asked in {address(ones[turn % len(ones)]) for ones in alike}:
            response = client.generic(surface.method, prefix + asked)
            # The address itself says what was asked for.
            text = text_of(response).replace(asked, "").replace(asked.partition("?")[2], "")
            if response.status_code >= 500 or betrayed(text, world):
                found[f"{name} {asked}"] = response.status_code, betrayed(text, world)
    return found


@pytest.mark.parametrize("page", CLOSED, indirect=True)
def test_no_page_betrays_a_closed_field(world: World, page: Client) -> None:
    assert walked(page, PAGES, world) == {}


@pytest.mark.parametrize("program", CLOSED, indirect=True)
def test_no_operation_betrays_a_closed_field(world: World, program: Client) -> None:
    assert walked(program, OPERATIONS, world, "/api/v1") == {}


@pytest.mark.parametrize("page", CLOSED, indirect=True)
@pytest.mark.parametrize("kind", EXPORTS)
def test_no_export_betrays_a_closed_field(world: World, page: Client, kind: str) -> None:
    text = text_of(page.get(f"/customers/export/{kind}/?cols=name,phone,email,amount,orders,last_order,grade"))
    assert betrayed(text, world) == set()
    assert "Guest11" in text


@pytest.mark.parametrize("page", ["masked"], indirect=True)
def test_a_masked_value_is_shown_masked_everywhere(world: World, page: Client) -> None:
    one = world.planted[0]
    shown = f"138****{one.phone[-4:]}"
    for address in ("/customers/", f"/customers/{one.customer_id}/", "/customers/export/csv/"):
        assert shown in text_of(page.get(address)), address
    text = text_of(page.get("/customers/?cols=name,email,id_number"))
    assert "b***@example.com" in text
    assert f"{one.id_number[:3]}***********{one.id_number[-4:]}" in text


@pytest.mark.parametrize("program", ["masked"], indirect=True)
def test_the_api_says_what_it_withholds(world: World, program: Client) -> None:
    one = world.planted[0]
    row = program.get(f"/api/v1/customers/{one.customer_id}").json()
    assert {row["withheld"][name] for name in SEALED} == {"masked"}
    assert {each["kind"]: each["value"] for each in row["identifiers"]}["wechat"] == "wx****" + one.wechat[-2:]


@pytest.mark.parametrize("page", ["hidden"], indirect=True)
def test_a_hidden_field_is_not_even_named_on_the_record(world: World, page: Client) -> None:
    text = text_of(page.get(f"/customers/{world.planted[0].customer_id}/"))
    assert ">Phone<" not in text
    assert 'data-label="Phone"' not in text_of(page.get("/customers/"))


def test_the_most_permissive_role_holds(world: World) -> None:
    levels = {name: {actor_named(world, name).sight(guarded.key(field)) for field in SEALED} for name in SIGHTED}
    assert levels == {"masked": {Sight.MASKED}, "hidden": {Sight.HIDDEN}, "reader": {Sight.READ}}
    assert actor_named(world, "everything").sight(guarded.key("phone")) is Sight.WRITE
    assert actor_named(world, "nobody").sight(guarded.key("phone")) is Sight.HIDDEN


@pytest.mark.parametrize("page", ["masked", "hidden", "reader"], indirect=True)
def test_what_one_may_not_write_is_refused_and_nothing_changes(world: World, page: Client) -> None:
    one = world.planted[0]
    before = one.phone
    for address, body in (
        (f"/customers/identifiers/{one.identifier_id}/", {"value": "13900139000"}),
        (f"/customers/identifiers/{one.identifier_id}/remove/", {}),
        (f"/customers/identifiers/{one.identifier_id}/primary/", {}),
    ):
        assert page.post(address, body).status_code in (403, 404), address
    answer = page.post(f"/customers/{one.customer_id}/identifiers/", {"kind": "phone", "value": "13900139000"})
    assert answer.status_code == 422
    mine = page.get(f"/customers/identifiers/{one.identifier_id}/?shown=1")
    assert mine.status_code == 404 or "13900139000" not in text_of(mine)
    assert before == one.phone


@pytest.mark.parametrize("program", CLOSED, indirect=True)
def test_a_closed_field_cannot_be_written_by_a_program(world: World, program: Client) -> None:
    one = world.planted[0]
    body = json.dumps({"name": "New", "identifiers": [{"kind": "phone", "value": one.phone}]})
    made = program.post("/api/v1/customers", body, content_type="application/json")
    assert (made.status_code, made.json()["code"]) == (403, "field_closed")
    body = json.dumps({"kind": "phone", "value": "13900139000"})
    added = program.post(f"/api/v1/customers/{one.customer_id}/identifiers", body, content_type="application/json")
    assert (added.status_code, added.json()["code"]) == (403, "field_closed")


@pytest.mark.parametrize("program", CLOSED, indirect=True)
def test_a_closed_field_cannot_be_imported_into(world: World, program: Client) -> None:
    file = "客户名称,联系电话,城市\n新客户,13900139111,上海\n".encode()
    job = program.post("/api/v1/imports?kind=customers", file, content_type="application/octet-stream").json()
    assert "phone" not in job["mapping"].values()
    body = json.dumps({"mapping": {"客户名称": "name", "联系电话": "phone"}})
    refused = program.put(f"/api/v1/imports/{job['id']}/mapping", body, content_type="application/json")
    assert refused.status_code == 422
    kinds = program.get("/api/v1/import-kinds").json()["items"]
    codes = {field["code"] for kind in kinds for field in kind["fields"]}
    assert not codes & {"phone", "email", "customer_phone", "customer_email"}


@pytest.mark.parametrize("page", CLOSED, indirect=True)
def test_what_stands_in_somebody_elses_file_is_not_shown(world: World, page: Client) -> None:
    text = text_of(page.get(f"/imports/{world.planted[0].import_id}/"))
    assert betrayed(text, world) == set()


@pytest.mark.parametrize("page", CLOSED, indirect=True)
def test_filters_and_orders_by_a_closed_field_are_refused(world: World, page: Client) -> None:
    one = world.planted[0]
    asked = [f"phone:has:{one.phone[-4:]}", "phone:filled:", "email:has:box", "any(email:empty:;city:is:x)"]
    asked += ["amount:from:1", "orders:from:1", "grade:is:top", "stage:is:new", "m:is:5", "last_order:last:9"]
    asked += ["slipped:last:7"]
    for tree in asked:
        for address in ("/customers/", "/customers/export/csv/", "/customers/count/"):
            assert page.get(address, {"f": tree}).status_code == 400, (address, tree)
        text = text_of(page.get("/customers/filter/", {"f": tree}))
        assert 'value="phone"' not in text
        assert page.post("/customers/views/", {"f": tree, "name": "mine"}).status_code in (302, 422)
    for sort in ("amount", "-orders", "last_order", "-grade"):
        assert page.get("/customers/", {"sort": sort}).status_code == 400, sort
    assert "data-edit-cell" in text_of(page.get("/customers/"))


@pytest.mark.parametrize("program", CLOSED, indirect=True)
def test_programs_cannot_ask_by_a_closed_field(world: World, program: Client) -> None:
    one = world.planted[0]
    for query in (
        {"f": "phone:filled:"},
        {"identifier": one.phone},
        {"identifier": "x@y.cn", "identifier_kind": "email"},
        {"f": "amount:from:1"},
        {"sort": "-amount"},
    ):
        assert program.get("/api/v1/customers", query).status_code == 400, query


@pytest.mark.parametrize("page", CLOSED, indirect=True)
def test_a_search_finds_nothing_by_what_is_closed(world: World, page: Client) -> None:
    one = world.planted[0]
    for word in (one.phone, one.phone[-6:], one.email, "example.com", one.wechat, "外滩", f"{one.name} {one.phone}"):
        for address in ("/customers/", "/customers/export/csv/"):
            text = text_of(page.get(address, {"q": word}))
            assert f'/customers/{one.customer_id}/"' not in text, word
            assert f"\n{one.name}," not in text, word
        assert ">0<" in text_of(page.get("/customers/count/", {"q": word})), word
    for word in (one.name, one.name[:4], one.name[2:], "gu"):
        assert one.name in text_of(page.get("/customers/", {"q": word})), word


@pytest.mark.parametrize("page", ["reader"], indirect=True)
def test_who_reads_the_fields_finds_by_them(world: World, page: Client) -> None:
    one = world.planted[0]
    for word in (one.phone, one.email, one.wechat):
        assert one.name in text_of(page.get("/customers/", {"q": word})), word
    assert one.name in text_of(page.get("/customers/", {"f": f"phone:has:{one.phone}"}))


@pytest.mark.parametrize("page", CLOSED, indirect=True)
def test_likely_duplicates_are_not_told_by_what_is_closed(world: World, page: Client) -> None:
    one = world.planted[0]
    for kind, value in (("phone", one.phone), ("email", one.email), ("wechat", one.wechat)):
        assert text_of(page.get("/customers/new/duplicates/", {kind: value})).strip() == ""


def test_names_can_be_masked(world: World) -> None:
    role = world.users["masked"].roles.get(code__startswith="masked")
    one, name = world.planted[0], "Sesame Opal"
    people.edit_customer(actor=SYSTEM, customer_id=one.customer_id, changes={"name": name}, at=world.made_at)
    try:
        accounts.put_field_access(actor=SYSTEM, role=role, levels={guarded.NAME: Sight.MASKED})
        client = Client(raise_request_exception=False)
        client.force_login(world.users["masked"])
        for address in (
            "/customers/",
            f"/customers/{one.customer_id}/header/",
            f"/commerce/orders/{one.order_id}/",
            "/customers/export/csv/",
            f"/customers/{one.customer_id}/history/",
            "/",
        ):
            response = client.get(address)
            assert response.status_code == 200
            assert name not in text_of(response), address
        assert "S******l" in text_of(client.get("/customers/"))
        assert client.get("/customers/?sort=name").status_code == 400
        assert client.get("/customers/?f=name:has:Sesame").status_code == 400
        assert "S******l" not in text_of(client.get("/customers/?q=Sesame"))
        assert text_of(client.get("/customers/new/duplicates/?name=Sesame+Opal")).strip() == ""
    finally:
        accounts.put_field_access(actor=SYSTEM, role=role, levels={guarded.NAME: Sight.WRITE})
        people.edit_customer(actor=SYSTEM, customer_id=one.customer_id, changes={"name": one.name}, at=world.made_at)


def reason_of(world: World) -> dict[str, Any]:
    [entry] = Entry.objects.filter(action="customers.reveal_customer").order_by("-pk")[:1]
    found = Payload.objects.get(entry_id=entry.pk)
    return {"who": entry.actor_id, "ids": entry.ids, **json.loads(found.texts[0] or "{}")}


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("page", ["masked"], indirect=True)
def test_a_masked_value_is_revealed_for_a_reason_that_is_kept(world: World, page: Client) -> None:
    one = world.planted[0]
    address = f"/customers/{one.customer_id}/reveal/phone/?identifier={one.identifier_id}"
    assert address.replace("&", "&amp;") in text_of(page.get(f"/customers/{one.customer_id}/"))
    assert "Why do you need" in text_of(page.get(address))
    for bad in ("", "abc"):
        refused = page.post(address, {"reason": bad})
        assert refused.status_code == 422
        assert one.phone not in text_of(refused)
    shown = page.post(address, {"reason": "They asked to be called back"})
    assert one.phone in text_of(shown)
    assert "no-store" in shown.headers["Cache-Control"]
    kept = reason_of(world)
    assert (kept["who"], kept["ids"]) == (world.users["masked"].pk, [one.customer_id])
    assert (kept["field"], kept["reason"]) == (guarded.key("phone"), "They asked to be called back")
    history = text_of(page.get(f"/customers/{one.customer_id}/history/"))
    assert "They asked to be called back" in history
    assert "Phone" in history


@pytest.mark.parametrize("page", ["hidden"], indirect=True)
def test_a_hidden_value_cannot_be_revealed(world: World, page: Client) -> None:
    one = world.planted[0]
    answer = page.post(
        f"/customers/{one.customer_id}/reveal/phone/?identifier={one.identifier_id}", {"reason": "I am curious"}
    )
    assert answer.status_code == 403
    assert one.phone not in text_of(answer)


@pytest.mark.parametrize("program", ["masked"], indirect=True)
def test_no_more_is_revealed_than_the_limit_of_the_day(world: World, program: Client, settings: Any) -> None:
    one = world.planted[0]
    RevealCount.objects.all().delete()
    settings.REVEALS_PER_DAY = 2
    wanted = {"field": "phone", "identifier_id": one.identifier_id, "reason": "a call back"}

    def ask() -> Any:
        return program.post(
            f"/api/v1/customers/{one.customer_id}/reveal", json.dumps(wanted), content_type="application/json"
        )

    before = Entry.objects.filter(action="customers.reveal_customer").count()
    assert [ask().json()["left_today"] for _ in range(2)] == [1, 0]
    refused = ask()
    assert (refused.status_code, refused.json()["code"]) == (429, "reveals_spent")
    assert one.phone not in text_of(refused)
    assert Entry.objects.filter(action="customers.reveal_customer").count() == before + 2
    settings.REVEALS_PER_DAY = 0
    RevealCount.objects.all().delete()
    assert ask().status_code == 429


@pytest.mark.parametrize("program", ["masked"], indirect=True)
def test_the_identifier_of_another_customer_is_not_revealed(world: World, program: Client) -> None:
    one, other = world.planted[:2]
    wanted = {"field": "phone", "identifier_id": other.identifier_id, "reason": "a call back"}
    answer = program.post(
        f"/api/v1/customers/{one.customer_id}/reveal", json.dumps(wanted), content_type="application/json"
    )
    assert answer.status_code == 404
    assert other.phone not in text_of(answer)


@pytest.mark.parametrize("page", ["reader"], indirect=True)
def test_an_id_number_is_found_without_standing_in_an_address(world: World, page: Client) -> None:
    one = world.planted[0]
    answer = page.post("/customers/find/id-number/", {"value": one.id_number})
    address = answer.headers["Location"]
    assert one.id_number[3:14] not in address
    text = text_of(page.get(address))
    assert one.name in text
    assert world.planted[1].name not in text
    assert "•••" in text
    # The search box sends it the same way; in an address it is refused, and an export writes none into the history.
    for typed in (one.id_number, f"{one.id_number[:6]} {one.id_number[6:]}"):
        shown = text_of(page.post("/find/", {"q": typed}))
        assert f'"/customers/{one.customer_id}/"' in shown
        assert f'value="{typed}"' not in shown
    for place in ("/customers/", "/customers/count/", "/customers/export/csv/", "/find/"):
        assert page.get(place, {"q": one.id_number}).status_code == 400
    assert one.id_number in text_of(page.get("/customers/?cols=name,id_number"))
    # As a file it leaves for a reason only.
    asked = page.get("/customers/export/csv/?cols=name,id_number").headers["Location"]
    made = page.post(asked, {"format": "csv", "scope": "shown", "reason": "the bank asks"}).headers["Location"]
    assert one.id_number in text_of(page.get(f"{made}file/"))
    for bad in ("11010119900307425", one.id_number[:-1] + "Y"):
        refused = page.post("/customers/find/id-number/", {"value": bad})
        assert refused.status_code == 422


@pytest.mark.parametrize("page", CLOSED, indirect=True)
def test_who_does_not_read_id_numbers_cannot_find_by_them(world: World, page: Client) -> None:
    one = world.planted[0]
    assert page.get("/customers/find/id-number/").status_code == 403
    assert page.post("/customers/find/id-number/", {"value": one.id_number}).status_code == 403
    assert page.get("/customers/?f=id_number:filled:").status_code == 400
    assert f'"/customers/{one.customer_id}/"' not in text_of(page.post("/find/", {"q": one.id_number}))
    assert "find/id-number" not in text_of(page.get("/customers/filter/"))


@pytest.mark.parametrize("program", CLOSED, indirect=True)
def test_programs_that_do_not_read_id_numbers_cannot_find_by_them(world: World, program: Client) -> None:
    body = json.dumps({"value": world.planted[0].id_number})
    found = program.post("/api/v1/customers-by-id-number", body, content_type="application/json")
    assert found.status_code == 400
    put = program.put(
        f"/api/v1/customers/{world.planted[0].customer_id}/id-number", body, content_type="application/json"
    )
    assert put.status_code == 403
