"""The pages: who sees what, what each costs in queries, and that no address answers with an error."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import fastexcel
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts import services as accounts
from zhike.accounts.models import SavedView, User
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.models import Activity, Customer, Identifier
from zhike.customers.selectors import listing
from zhike.customers.services import activities, people
from zhike.customers.services.identifiers import NewIdentifier
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer

COUNTS = Path(__file__).parent / "query_counts.json"
# Who reaches a customer of: the seller in the shop; a colleague there; nobody in east; nobody in west.
REACH = {
    "seller": {"mine"},
    "colleague": {"colleagues"},
    "team_lead": {"mine", "colleagues"},
    "manager": {"mine", "colleagues", "easts"},
    "boss": {"mine", "colleagues", "easts", "wests"},
    "guest": set(),
}
PER_CUSTOMER = (
    "/customers/{pk}/",
    "/customers/{pk}/header/",
    "/customers/{pk}/time-line/",
    "/customers/{pk}/edit/city/",
    "/customers/{pk}/identifiers/",
    "/customers/identifiers/{identifier}/",
    "/commerce/customers/{pk}/panel/",
)
Enter = Callable[[str], Client]


@pytest.fixture
def enter(company: Company) -> Enter:
    def entered(username: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(username=username))
        return client

    return entered


@pytest.fixture
def customers(company: Company) -> dict[str, Customer]:
    owners = {
        "mine": (company.seller, company.shop),
        "colleagues": (company.colleague, company.shop),
        "easts": (None, company.east),
        "wests": (None, company.west),
    }
    return {
        name: people.create_customer(
            actor=company.actor("boss"),
            at=NOON,
            name=f"张{name}",
            owner=owner.pk if owner else None,
            team=team.pk,
            identifiers=[NewIdentifier(kind="phone", value=f"1380013800{place}")],
        )
        for place, (name, (owner, team)) in enumerate(owners.items())
    }


@pytest.mark.parametrize("username", REACH)
def test_every_address_keeps_to_the_data_scope(
    company: Company, enter: Enter, customers: dict[str, Customer], username: str
) -> None:
    client = enter(username)
    for name, customer in customers.items():
        identifier = customer.identifiers.get().pk
        for address in PER_CUSTOMER:
            status = client.get(address.format(pk=customer.pk, identifier=identifier)).status_code
            expected = 403 if username == "guest" else 200 if name in REACH[username] else 404
            assert (address, status) == (address, expected)


@pytest.mark.parametrize("username", [name for name in REACH if name != "guest"])
def test_list_count_search_and_export_keep_to_the_data_scope(
    company: Company, enter: Enter, customers: dict[str, Customer], username: str
) -> None:
    client = enter(username)
    expected = {f"张{name}" for name in REACH[username]}
    for query in ("", "q=张", "q=zhang", "q=1380013", "f=name:has:张", "sort=-amount", "q=zhang&sort=name"):
        page = client.get(f"/customers/?{query}").content.decode()
        assert set(re.findall(r"data-panel>([^<]+)<", page)) == expected
        count = client.get(f"/customers/count/?{query}").content.decode()
        assert re.sub(r"<[^>]+>", "", count).strip() == str(len(expected))
        chunks = client.get(f"/customers/export/csv/?{query}")
        text = chunks.getvalue().decode("utf-8-sig")
        assert set(re.findall(r"张\w+", text)) == expected


def test_a_stranger_writes_nothing(company: Company, enter: Enter, customers: dict[str, Customer]) -> None:
    mine = customers["mine"]
    phone = mine.identifiers.get()
    note = activities.add_activity(actor=company.actor("boss"), customer_id=mine.pk, kind="note", text="x", at=NOON)
    before = [list(model.objects.order_by("pk").values()) for model in (Customer, Identifier, Activity)]
    posts = {
        f"/customers/{mine.pk}/edit/city/": {"value": "x", "was": ""},
        f"/customers/{mine.pk}/edit/tags/": {"value": "x", "was": ""},
        f"/customers/{mine.pk}/identifiers/": {"kind": "phone", "value": "13900139000"},
        f"/customers/{mine.pk}/activities/": {"kind": "note", "text": "x"},
        f"/customers/identifiers/{phone.pk}/": {"value": "13900139000"},
        f"/customers/identifiers/{phone.pk}/remove/": {},
        f"/customers/identifiers/{phone.pk}/primary/": {},
        f"/customers/activities/{note.pk}/pin/": {},
        f"/customers/activities/{note.pk}/remove/": {},
        f"/customers/changes/{note.pk}/undo/": {},
    }
    for username, status in (("colleague", 404), ("guest", 403)):
        client = enter(username)
        for address, data in posts.items():
            assert (address, client.post(address, data).status_code) == (address, status)
    after = [list(model.objects.order_by("pk").values()) for model in (Customer, Identifier, Activity)]
    assert after == before


def test_the_address_says_what_the_time_line_shows(
    company: Company, enter: Enter, customers: dict[str, Customer]
) -> None:
    mine, seller = customers["mine"], company.actor("seller")
    for kind, text in (("note", "written down"), ("call", "called up")):
        activities.add_activity(actor=seller, customer_id=mine.pk, kind=kind, text=text, at=NOON)
    client, asked = enter("seller"), {"kind": "note", "until": "2026-11-22"}
    pages = {
        "page": client.get(f"/customers/{mine.pk}/", asked),
        "part": client.get(f"/customers/{mine.pk}/time-line/", asked, headers={"HX-Request": "true"}),
        "after pinning": client.post(
            f"/customers/activities/{Activity.objects.get(kind='note').pk}/pin/", query_params=asked
        ),
    }
    for name, answer in pages.items():
        page = answer.content.decode()
        assert ("written down" in page, "called up" in page) == (True, False), name
        assert f'href="/customers/{mine.pk}/?kind=call&amp;until=2026-11-22"' in page, name
        assert 'value="2026-11-22"' in page, name
    # What the reader may not choose, or nobody, counts as nothing.
    page = client.get(f"/customers/{mine.pk}/", {"kind": "none", "until": "yesterday"}).content.decode()
    assert ("written down" in page, "called up" in page) == (True, True)


def test_queries_for_each_page(
    company: Company, enter: Enter, customers: dict[str, Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    # However many customers other tests have numbered before: beyond that many, a search asks once more.
    monkeypatch.setattr(listing, "WINDOW", 1 << 40)
    client = enter("boss")
    mine = customers["mine"]
    pages = {
        "list": "/customers/",
        "filtered list": "/customers/?f=grade:is:top;city:is:上海&sort=-amount",
        "grouped list": "/customers/?by=grade",
        "groups": "/customers/groups/?by=grade",
        "board": "/customers/groups/?as=board&by=relationship",
        "cards": "/customers/cards/?as=board&by=relationship&lane=partner",
        "computed filter": "/customers/?f=orders_in:from:90,1",
        "search": "/customers/?q=张",
        "count": "/customers/count/?q=张",
        "record": f"/customers/{mine.pk}/",
        "time line": f"/customers/{mine.pk}/time-line/",
        "orders panel": f"/commerce/customers/{mine.pk}/panel/",
    }
    counts = {}
    for name, address in pages.items():
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts[name] = len(queries)
    assert counts == json.loads(COUNTS.read_text())


def test_who_may_see_all_but_edit_the_own_is_offered_no_editing_elsewhere(
    company: Company, enter: Enter, customers: dict[str, Customer]
) -> None:
    reach = {"customers.view_customer": Scope.ALL, "customers.edit_customer": Scope.OWN}
    company.guest.roles.set([accounts.put_role(actor=SYSTEM, code="reader", name="reader", grants=reach)])
    mine = people.create_customer(actor=SYSTEM, at=NOON, name="Ada", owner=company.guest.pk)
    client = enter("guest")
    assert "data-edit=" in client.get(f"/customers/{mine.pk}/").content.decode()
    other = customers["wests"].pk
    assert "data-edit=" not in client.get(f"/customers/{other}/").content.decode()
    assert client.post(f"/customers/{other}/edit/city/", {"value": "x", "was": ""}).status_code == 403


def test_a_field_is_edited_in_place_and_taken_back(
    company: Company, enter: Enter, customers: dict[str, Customer]
) -> None:
    client, mine = enter("seller"), customers["mine"]
    address = f"/customers/{mine.pk}/edit/city/"
    assert 'name="was"' in client.get(address).content.decode()
    saved = client.post(address, {"value": "上海", "was": ""}, headers={"HX-Request": "true"})
    assert "上海" in saved.content.decode()
    told = json.loads(saved.headers["HX-Trigger"])
    assert told["customerChanged"] is True
    refused = client.post(address, {"value": "北京", "was": ""}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "上海" in refused.content.decode()
    assert client.post(told["toast"]["undoUrl"]).status_code == 204
    mine.refresh_from_db()
    assert mine.city == ""
    assert client.post(told["toast"]["undoUrl"]).status_code == 409


def test_a_wrong_identifier_is_refused_beside_its_field(
    company: Company, enter: Enter, customers: dict[str, Customer]
) -> None:
    client, mine = enter("seller"), customers["mine"]
    refused = client.post(f"/customers/{mine.pk}/identifiers/", {"kind": "email", "value": "nobody"})
    assert refused.status_code == 422
    assert "name@example.com" in refused.content.decode()
    added = client.post(f"/customers/{mine.pk}/identifiers/", {"kind": "email", "value": "A@b.cn"})
    assert added.status_code == 200
    assert mine.identifiers.filter(value_normal="a@b.cn").exists()


def test_the_new_customer_form_hints_at_known_ones_without_leaking(
    company: Company, enter: Enter, customers: dict[str, Customer]
) -> None:
    client = enter("seller")
    known = client.get("/customers/new/duplicates/", {"phone": "138 0013 8000", "name": "x"}).content.decode()
    assert "张mine" in known
    hidden = client.get("/customers/new/duplicates/", {"phone": "13800138003", "name": "张wests"}).content.decode()
    assert "张wests" not in hidden
    assert "administrator" in hidden
    assert "zhang" not in client.get("/customers/new/duplicates/", {"name": "张"}).content.decode()


def test_a_customer_is_created_from_the_form(company: Company, enter: Enter) -> None:
    client = enter("seller")
    refused = client.post("/customers/new/", {"kind": "person", "name": "", "phone": "12"})
    assert refused.status_code == 422
    wrong = client.post("/customers/new/", {"kind": "person", "name": "赵六", "phone": "12", "uscc": "x"})
    assert wrong.status_code == 422
    assert not Customer.objects.exists()
    made = client.post("/customers/new/", {"kind": "person", "name": "赵六", "phone": "13800138000", "tags": "a，b"})
    customer = Customer.objects.get()
    assert made.headers["Location"] == f"/customers/{customer.pk}/"
    assert customer.owner == company.seller
    assert customer.customer_tags.count() == 2


@pytest.mark.parametrize(
    "query", ["f=nothing:is:1", "f=((", "sort=nothing", "f=amount:from:x", "f=any()", "f=grade:is:", "f=id:is:%00"]
)
def test_an_address_that_makes_no_sense_is_refused_in_words(company: Company, enter: Enter, query: str) -> None:
    client = enter("boss")
    page = client.get(f"/customers/?{query}")
    assert page.status_code == 400
    assert "cannot be shown" in page.content.decode()
    assert client.get(f"/customers/export/csv/?{query}").status_code == 400
    assert client.get(f"/customers/count/?{query}").status_code == 400
    assert client.get(f"/customers/filter/?{query}").status_code == 200


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spelt=st.text(alphabet="anyl():;,\\\\isgrade0123top-=%", max_size=30) | st.text(max_size=20),
    which=st.sampled_from(["f", "q", "sort", "cols", "after"]),
)
def test_no_address_of_the_list_ends_in_an_error(company: Company, enter: Enter, spelt: str, which: str) -> None:
    client = enter("boss")
    for page in ("/customers/", "/customers/count/", "/customers/filter/", "/customers/columns/"):
        assert client.get(page, {which: spelt}).status_code in (200, 302, 400)


@pytest.mark.parametrize("field", ["owner", "team", "tag", "channel", "r", "id", "import", "kind"])
@pytest.mark.parametrize("value", ["x", "²", "-1", "9" * 40, "1"])
def test_no_value_of_a_filter_ends_in_an_error(company: Company, enter: Enter, field: str, value: str) -> None:
    client = enter("boss")
    for page in ("/customers/", "/customers/filter/"):
        assert client.get(page, {"f": f"{field}:is:{value}"}).status_code in (200, 400)


def test_a_made_up_cursor_is_a_bad_request(company: Company, enter: Enter) -> None:
    assert enter("boss").get("/customers/?after=x&sort=name").status_code == 400


def test_a_cursor_is_good_for_whom_it_was_made_alone(
    company: Company, enter: Enter, make_customer: MakeCustomer
) -> None:
    for number in range(60):
        make_customer(f"customer {number}")
    (more,) = re.findall(r'hx-get="(/customers/\?after=[^"]+)"', enter("boss").get("/customers/").content.decode())
    assert enter("boss").get(more).status_code == 200
    assert enter("seller").get(more).status_code == 400


def test_the_next_page_comes_alone(company: Company, enter: Enter, make_customer: MakeCustomer) -> None:
    for number in range(60):
        make_customer(f"customer {number}")
    client = enter("boss")
    first = client.get("/customers/").content.decode()
    (more,) = re.findall(r'hx-get="(/customers/\?after=[^"]+)"', first)
    rest = client.get(more.replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in rest
    names = [re.findall(r"data-panel>([^<]+)<", page) for page in (first, rest)]
    assert [len(page) for page in names] == [50, 10]
    assert not set(names[0]) & set(names[1])


def test_a_view_is_saved_shown_and_forgotten(company: Company, enter: Enter) -> None:
    client = enter("seller")
    assert client.post("/customers/views/", {"name": " ", "f": "grade:is:top"}).status_code == 422
    saved = client.post("/customers/views/", {"name": "重要", "f": "grade:is:top", "sort": "-amount"})
    assert saved.headers["Location"] == "/customers/?f=grade:is:top&sort=-amount"
    view = SavedView.objects.get()
    assert "重要" in client.get("/customers/").content.decode()
    other = enter("colleague")
    assert "重要" not in other.get("/customers/").content.decode()
    assert other.post(f"/customers/views/{view.pk}/delete/").status_code == 404
    assert client.post(f"/customers/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


def test_the_filter_editor_builds_groups(company: Company, enter: Enter) -> None:
    client = enter("boss")
    form = {
        "join-": "all",
        "join-0": "any",
        "field-0.0": "city",
        "op-0.0": "is",
        "value-0.0": "上海，北京",
        "field-0.1": "grade",
        "op-0.1": "is",
        "value-0.1": ["top", "high"],
        "field-1": "last_order",
        "op-1": "older",
        "value-1": "90",
        "do": "apply",
        "sort": "name",
    }
    applied = client.get("/customers/filter/", form, headers={"HX-Request": "true"})
    cities = "%E4%B8%8A%E6%B5%B7,%E5%8C%97%E4%BA%AC"
    wanted = f"/customers/?f=any(city:is:{cities};grade:is:top,high);last_order:older:90&sort=name"
    assert applied.headers["HX-Redirect"] == wanted
    page = client.get(wanted)
    assert page.status_code == 200
    editor = client.get(f"/customers/filter/?{wanted.partition('?')[2]}").content.decode()
    assert editor.count("zk-filter-block") == 2
    said = client.get("/customers/filter/", form | {"do": "say"}).content.decode()
    assert "(City is 上海, or 北京 or Grade is" in said
    deeper = client.get("/customers/filter/", form | {"do": "group-0"}).content.decode()
    assert deeper.count("zk-filter-block") == 3
    assert 'name="field-0.2.0"' in deeper
    assert 'name="field-0.1"' not in client.get("/customers/filter/", form | {"do": "drop-0.1"}).content.decode()
    wrong = client.get("/customers/filter/", form | {"value-1": "many"}, headers={"HX-Request": "true"})
    assert wrong.status_code == 200
    assert "not a whole number" in wrong.content.decode()


def test_an_export_opens_in_excel_and_runs_nothing(company: Company, enter: Enter, make_customer: MakeCustomer) -> None:
    make_customer("=HYPERLINK(1)", facts={"amount": 12.5, "order_count": 3})
    client = enter("boss")
    text = client.get("/customers/export/csv/").getvalue()
    assert "'=HYPERLINK(1)" in text.decode("utf-8-sig")
    book = client.get("/customers/export/xlsx/?cols=name,amount").getvalue()
    sheet = fastexcel.read_excel(book).load_sheet(0).to_polars()
    assert sheet.rows() == [("=HYPERLINK(1)", 12.5)]
    assert enter("guest").get("/customers/export/csv/").status_code == 403
    assert client.get("/customers/export/pdf/").status_code == 404


def test_columns_are_chosen_in_the_address(company: Company, enter: Enter, make_customer: MakeCustomer) -> None:
    make_customer("Ada", city="上海", channel="web")
    client = enter("boss")
    chosen = client.get("/customers/columns/", {"column": ["channel", "city"], "sort": "name"})
    assert chosen.headers["Location"] == "/customers/?sort=name&cols=name,channel,city"
    page = client.get(chosen.headers["Location"]).content.decode()
    assert page.count('scope="col"') == 4, "three columns, and that of the boxes"
    assert "web" in page
