"""No operation of the API shows or changes what lies outside the data scope of the key's owner."""

import io
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from pytest_django.plugin import DjangoDbBlocker
from tests.api.conftest import NOON, Program, hire, make_customer

from zhike.audit.models import Entry
from zhike.commerce import services as commerce
from zhike.commerce.models import Order, OrderLine
from zhike.config.api import api
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.models import Activity, Customer, CustomerTag, Identifier
from zhike.customers.services import attaching, filling, identifiers
from zhike.duplicates.models import Merge, Pair
from zhike.exchange import services as imports
from zhike.exchange.models import Import
from zhike.exports.services.starting import Wanted, start_export
from zhike.metadata.models import Kind
from zhike.metadata.services.definitions import create_field
from zhike.recovery import services as recovery
from zhike.recovery.models import Binned, Reversal
from zhike.relations.models import Relation
from zhike.relations.services import relating

SECRET = "隐身的客户"
ID_NUMBER = "11010519491231002X"
CSV = f"姓名,手机\n{SECRET},13800138000\n".encode()
WHEN = "2026-11-20T02:00:00Z"
ORDER = {"source": "s", "number": "new", "placed_at": WHEN, "currency": "CNY"}
ORDER |= {"lines": [{"quantity": "1", "unit_price": "1"}]}

type Ids = dict[str, Any]
type Strangers = dict[Scope, tuple[Program, Ids]]
type Call = Callable[[Program, Ids], HttpResponse]

# Operation → how a stranger would reach for the hidden records with it, and what it may answer.
REACHES: dict[str, tuple[Call, set[int]]] = {
    "get_me": (lambda it, ids: it.get("/me"), {200}),
    "list_customers": (lambda it, ids: it.get(f"/customers?q={SECRET}"), {200}),
    "search": (lambda it, ids: it.get(f"/search?q={SECRET}"), {200}),
    "get_customer": (lambda it, ids: it.get(f"/customers/{ids['customer']}"), {404}),
    "create_customer": (lambda it, ids: it.post("/customers", {"name": "x", "owner_id": ids["owner"]}), {403}),
    "edit_customer": (lambda it, ids: it.send("PATCH", f"/customers/{ids['customer']}", {"name": "x"}), {404}),
    "delete_customer": (lambda it, ids: it.send("DELETE", f"/customers/{ids['customer']}"), {404}),
    "merge_customers": (
        lambda it, ids: it.post(f"/customers/{ids['customer']}/merge", {"record_ids": [ids["mine"]]}),
        {404},
    ),
    "get_merge": (lambda it, ids: it.get(f"/merges/{ids['merge']}"), {404}),
    "undo_merge": (lambda it, ids: it.post(f"/merges/{ids['merge']}/undo", None), {404}),
    "list_duplicates": (lambda it, ids: it.get("/duplicates"), {200}),
    "tell_apart": (lambda it, ids: it.post(f"/duplicates/{ids['pair']}/tell-apart", None), {404}),
    "open_pair_again": (lambda it, ids: it.post(f"/duplicates/{ids['pair']}/open", None), {404}),
    "scan_duplicates": (lambda it, ids: it.post("/duplicates/scans", None), {202}),
    "get_scan": (lambda it, ids: it.get("/duplicates/scans/latest"), {404}),
    "list_bin": (lambda it, ids: it.get("/bin"), {200}),
    "restore_record": (lambda it, ids: it.post(f"/bin/{ids['binned']}/restore", {}), {404}),
    "purge_record": (lambda it, ids: it.send("DELETE", f"/bin/{ids['binned']}"), {404}),
    "list_history": (lambda it, ids: it.get(f"/customers/{ids['customer']}/history"), {404}),
    "plan_put_back": (lambda it, ids: it.get(f"/customers/{ids['customer']}/history/{ids['entry']}/plan"), {404}),
    "put_back": (
        lambda it, ids: it.post(f"/customers/{ids['customer']}/history/{ids['entry']}/put-back", {"seen": "x"}),
        {404},
    ),
    "plan_reversal": (lambda it, ids: it.get(f"/changes/{ids['entry']}"), {404}),
    "start_reversal": (lambda it, ids: it.post(f"/changes/{ids['entry']}/revert", {}), {404}),
    "get_reversal": (lambda it, ids: it.get(f"/reversals/{ids['reversal']}"), {404}),
    "list_reversed": (lambda it, ids: it.get(f"/reversals/{ids['reversal']}/records"), {404}),
    "cancel_reversal": (lambda it, ids: it.post(f"/reversals/{ids['reversal']}/cancel", None), {404}),
    "list_exports": (lambda it, ids: it.get("/exports"), {200}),
    "start_export": (lambda it, ids: it.post("/exports", {"list": "cols=name"}), {201}),
    "get_export": (lambda it, ids: it.get(f"/exports/{ids['export']}"), {404}),
    "cancel_export": (lambda it, ids: it.post(f"/exports/{ids['export']}/cancel", None), {404}),
    "download_export": (lambda it, ids: it.get(f"/exports/{ids['export']}/file"), {404}),
    "remove_export": (lambda it, ids: it.send("DELETE", f"/exports/{ids['export']}"), {404}),
    "preview_bulk_change": (
        lambda it, ids: it.post("/bulk-changes/preview", {"action": "delete", "list": f"q={SECRET}"}),
        {200},
    ),
    "start_bulk_change": (
        lambda it, ids: it.post(
            "/bulk-changes", {"action": "edit", "customer_ids": [ids["customer"]], "fields": {"city": "x"}}
        ),
        {201},
    ),
    "list_bulk_changes": (lambda it, ids: it.get("/bulk-changes"), {200}),
    "get_bulk_change": (lambda it, ids: it.get(f"/bulk-changes/{ids['act']}"), {404}),
    "list_bulk_customers": (lambda it, ids: it.get(f"/bulk-changes/{ids['act']}/customers"), {404}),
    "cancel_bulk_change": (lambda it, ids: it.post(f"/bulk-changes/{ids['act']}/cancel", None), {404}),
    "undo_bulk_change": (lambda it, ids: it.post(f"/bulk-changes/{ids['act']}/undo", None), {404}),
    "set_tags": (lambda it, ids: it.send("PUT", f"/customers/{ids['customer']}/tags", {"tags": ["x"]}), {404}),
    "list_identifiers": (lambda it, ids: it.get(f"/customers/{ids['customer']}/identifiers"), {404}),
    "add_identifier": (
        lambda it, ids: it.post(f"/customers/{ids['customer']}/identifiers", {"kind": "wechat", "value": "abc-def"}),
        {404},
    ),
    "change_identifier": (
        lambda it, ids: it.send(
            "PATCH", f"/customers/{ids['mine']}/identifiers/{ids['identifier']}", {"value": "13800138009"}
        ),
        {404},
    ),
    "remove_identifier": (
        lambda it, ids: it.send("DELETE", f"/customers/{ids['customer']}/identifiers/{ids['identifier']}"),
        {404},
    ),
    "list_activities": (lambda it, ids: it.get(f"/customers/{ids['customer']}/activities"), {404}),
    "add_activity": (
        lambda it, ids: it.post(f"/customers/{ids['customer']}/activities", {"kind": "note", "text": "x"}),
        {404},
    ),
    "list_field_files": (lambda it, ids: it.get(f"/customers/{ids['customer']}/files/paper"), {404}),
    "add_field_file": (lambda it, ids: it.upload(f"/customers/{ids['customer']}/files/paper"), {404}),
    "download_field_file": (lambda it, ids: it.get(f"/customers/{ids['customer']}/files/paper/{ids['file']}"), {404}),
    "download_small_field_file": (
        lambda it, ids: it.get(f"/customers/{ids['customer']}/files/paper/{ids['file']}/small"),
        {404},
    ),
    "remove_field_file": (
        lambda it, ids: it.send("DELETE", f"/customers/{ids['customer']}/files/paper/{ids['file']}"),
        {404},
    ),
    "put_activity_file": (
        lambda it, ids: it.upload(f"/customers/{ids['customer']}/activities/{ids['activity']}/file"),
        {404},
    ),
    "download_activity_file": (
        lambda it, ids: it.get(f"/customers/{ids['customer']}/activities/{ids['activity']}/file"),
        {404},
    ),
    "take_activity_file": (
        lambda it, ids: it.send("DELETE", f"/customers/{ids['customer']}/activities/{ids['activity']}/file"),
        {404},
    ),
    "reveal_order_field": (
        lambda it, ids: it.post(f"/orders/{ids['order']}/reveal", {"field": "amount", "reason": "called"}),
        {404},
    ),
    "reveal_field": (
        lambda it, ids: it.post(f"/customers/{ids['customer']}/reveal", {"field": "phone", "reason": "called"}),
        {404},
    ),
    "put_id_number": (
        lambda it, ids: it.send("PUT", f"/customers/{ids['customer']}/id-number", {"value": ID_NUMBER}),
        {404},
    ),
    "find_by_id_number": (lambda it, ids: it.post("/customers-by-id-number", {"value": ID_NUMBER}), {400}),
    "list_collaborators": (lambda it, ids: it.get(f"/customers/{ids['customer']}/collaborators"), {404}),
    "put_collaborator": (
        lambda it, ids: it.send("PUT", f"/customers/{ids['customer']}/collaborators/{it.user.pk}", {"may_edit": True}),
        {404},
    ),
    "remove_collaborator": (
        lambda it, ids: it.send("DELETE", f"/customers/{ids['customer']}/collaborators/{it.user.pk}"),
        {404},
    ),
    "list_relations": (lambda it, ids: it.get(f"/customers/{ids['customer']}/relations"), {404}),
    "get_relation_graph": (lambda it, ids: it.get(f"/customers/{ids['customer']}/relation-graph"), {404}),
    "add_relation": (
        lambda it, ids: it.post(
            f"/customers/{ids['mine']}/relations", {"other_id": ids["customer"], "aspect": "other"}
        ),
        {404},
    ),
    "edit_relation": (
        lambda it, ids: it.send("PATCH", f"/customers/{ids['customer']}/relations/{ids['relation']}", {"title": "x"}),
        {404},
    ),
    "remove_relation": (
        lambda it, ids: it.send("DELETE", f"/customers/{ids['customer']}/relations/{ids['relation']}"),
        {404},
    ),
    "list_entries": (lambda it, ids: it.get(f"/history?table=customers_customer&record_id={ids['customer']}"), {200}),
    "get_entry": (lambda it, ids: it.get(f"/history/{ids['entry']}"), {200, 404}),
    "prove_entry": (lambda it, ids: it.get(f"/history/{ids['entry']}/proof"), {200, 404}),
    "list_heads": (lambda it, ids: it.get("/history-heads"), {200}),
    "prove_consistency": (lambda it, ids: it.get("/history-heads/1/consistency"), {200, 404}),
    "count_records": (lambda it, ids: it.get(f"/users/{ids['owner']}/records"), {200}),
    "reassign_records": (
        lambda it, ids: it.post(f"/users/{ids['owner']}/reassignments", {"to_user_ids": [ids["owner"]]}),
        {422},
    ),
    "undo_reassignment": (lambda it, ids: it.post("/reassignments/1/undo", None), {404}),
    "list_orders": (lambda it, ids: it.get(f"/orders?customer_id={ids['customer']}"), {200}),
    "get_order": (lambda it, ids: it.get(f"/orders/{ids['order']}"), {404}),
    "create_order": (lambda it, ids: it.post("/orders", {**ORDER, "customer_id": ids["customer"]}), {422}),
    "refund_order": (lambda it, ids: it.post(f"/orders/{ids['order']}/refund", {"placed_at": WHEN}), {404}),
    "delete_order": (lambda it, ids: it.send("DELETE", f"/orders/{ids['order']}"), {404}),
    "list_order_history": (lambda it, ids: it.get(f"/orders/{ids['order']}/history"), {404}),
    "plan_order_put_back": (lambda it, ids: it.get(f"/orders/{ids['order']}/history/1/plan"), {404}),
    "put_back_order": (
        lambda it, ids: it.post(f"/orders/{ids['order']}/history/1/put-back", {"seen": "x"}),
        {404},
    ),
    "list_import_kinds": (lambda it, ids: it.get("/import-kinds"), {200}),
    "list_imports": (lambda it, ids: it.get("/imports"), {200}),
    "start_import": (lambda it, ids: it.send("POST", "/imports?name=empty.csv"), {400, 422}),
    "get_import": (lambda it, ids: it.get(f"/imports/{ids['import']}"), {404}),
    "put_mapping": (lambda it, ids: it.send("PUT", f"/imports/{ids['import']}/mapping", {"mapping": {}}), {404}),
    "preview_import": (lambda it, ids: it.post(f"/imports/{ids['import']}/preview", None), {404}),
    "apply_import": (lambda it, ids: it.post(f"/imports/{ids['import']}/apply", None), {404}),
    "cancel_import": (lambda it, ids: it.post(f"/imports/{ids['import']}/cancel", None), {404}),
    "undo_import": (lambda it, ids: it.post(f"/imports/{ids['import']}/undo", None), {404}),
    "get_refused_rows": (lambda it, ids: it.get(f"/imports/{ids['import']}/refused"), {404}),
    # The desk answers for every customer, and names none.
    "list_requests": (lambda it, ids: it.get("/privacy/requests"), {200}),
    "take_request": (
        lambda it, ids: it.post("/privacy/requests", {"customer_id": ids["customer"], "kind": "copy"}),
        {201},
    ),
    "get_request": (lambda it, ids: it.get("/privacy/requests/1"), {404}),
    "check_identity": (lambda it, ids: it.send("PUT", "/privacy/requests/1/identity", {"identity": "x"}), {404}),
    "correct_person": (
        lambda it, ids: it.post("/privacy/requests/1/corrections", {"changes": {"name": "x"}}),
        {404},
    ),
    "propose_correction": (
        lambda it, ids: it.post("/privacy/requests/1/proposals", {"changes": {"name": "x"}}),
        {404},
    ),
    "decide_correction": (lambda it, ids: it.post("/privacy/requests/1/proposals/1/decision", {}), {404}),
    "copy_person": (lambda it, ids: it.post("/privacy/requests/1/copy", {"reason": "asked"}), {404}),
    "erase_person": (lambda it, ids: it.post("/privacy/requests/1/erasure", {"confirmed": SECRET}), {404}),
    "close_request": (lambda it, ids: it.post("/privacy/requests/1/decision", {}), {404}),
    "list_consents": (lambda it, ids: it.get(f"/customers/{ids['customer']}/consents"), {404}),
    "record_consent": (
        lambda it, ids: it.post(
            f"/customers/{ids['customer']}/consents",
            {"purpose_id": 1, "channel": "sms", "is_given": False, "source": "call"},
        ),
        {404},
    ),
    # Products are the company's catalogue: whoever may see orders sees them all.
    "list_products": (lambda it, ids: it.get("/products"), {200}),
    "get_product": (lambda it, ids: it.get("/products/1"), {404}),
}
REACHING = (Scope.OWN, Scope.TEAM, Scope.TEAM_AND_BELOW)
TABLES = (Customer, Identifier, CustomerTag, Activity, Relation, Order, OrderLine, Import, Binned, Reversal)


def operations() -> set[str]:
    schema = api.get_openapi_schema()
    return {operation["operationId"] for methods in schema["paths"].values() for operation in methods.values()}


@pytest.fixture(scope="module")
def hidden(standing: None, django_db_blocker: DjangoDbBlocker) -> Ids:
    with django_db_blocker.unblock():
        return _hide(hire("boss", scope=Scope.ALL))


@pytest.fixture(scope="module")
def strangers(hidden: Ids, django_db_blocker: DjangoDbBlocker) -> Strangers:
    """One for each scope with the ids of what is hidden and of a customer of theirs; without a scope they have none."""
    found = {}
    with django_db_blocker.unblock():
        for scope in REACHING:
            stranger = hire(f"stranger {scope}", scope=scope)
            found[scope] = stranger, {**hidden, "mine": make_customer(name="自己的", owner=stranger.user).pk}
        nobody = hire("nobody", scope=Scope.NONE, keep=("accounts.use_api",))
    return {**found, Scope.NONE: (nobody, {**hidden, "mine": hidden["customer"]})}


def _hide(boss: Program) -> Ids:
    customer = make_customer(name=SECRET, owner=boss.user)
    identifier = identifiers.NewIdentifier(kind="phone", value="13800138000")
    added, _change = identifiers.add_identifier(actor=SYSTEM, customer_id=customer.pk, new=identifier, at=NOON)
    beside = attaching.Given(content=io.BytesIO(CSV), name=f"{SECRET}.csv")
    entry_of = {"actor": boss.actor, "customer_id": customer.pk, "kind": "note", "text": SECRET, "at": NOON}
    activity = attaching.add_with_file(file=beside, **entry_of)
    order, _is_new = commerce.create_order(
        actor=SYSTEM,
        at=NOON,
        source="s",
        number=SECRET,
        placed_at=NOON,
        currency="CNY",
        lines=[commerce.LineDraft(quantity=Decimal(1), unit_price=Decimal(1))],
        customer_id=customer.pk,
    )
    job = imports.start_import(actor=boss.actor, file=io.BytesIO(CSV), name=f"{SECRET}.csv", kind="customers", at=NOON)
    gone = make_customer(name=SECRET, owner=boss.user)
    recovery.bin_records(actor=SYSTEM, kind="customers.customer", record_ids=[gone.pk], at=NOON)
    binned = Binned.objects.get(record_id=gone.pk)
    boss.send("PATCH", f"/customers/{customer.pk}", {"city": "上海"})
    entry = Entry.objects.filter(table_name="customers_customer").latest("pk")
    related = make_customer(name=SECRET, owner=boss.user)
    relation = relating.add_relation(
        actor=SYSTEM, customer_id=customer.pk, other_id=related.pk, aspect="other", details={"note": SECRET}, at=NOON
    )
    merge = Merge.objects.create(survivor_id=customer.pk, merged_at=NOON, batch=uuid.uuid4(), entry_id=entry.pk)
    low, high = sorted((customer.pk, make_customer(name=SECRET, owner=boss.user).pk))
    pair = Pair.objects.create(first_id=low, second_id=high, probability=0.9, scan_id=1)
    return {
        "merge": merge.pk,
        "relation": relation.pk,
        "pair": pair.pk,
        "entry": entry.pk,
        "reversal": Reversal.objects.create(entry_id=entry.pk, user=boss.user, started_at=NOON).pk,
        "binned": binned.pk,
        "export": start_export(actor=boss.actor, wanted=Wanted(kind="customers", format="csv"), at=NOON).pk,
        "import": job.pk,
        "act": _change_it(boss, customer.pk),
        "customer": customer.pk,
        "activity": activity.pk,
        "file": _put_in_a_field(customer.pk),
        "identifier": added.pk,
        "order": order.pk,
        "owner": boss.user.pk,
    }


def _put_in_a_field(customer_id: int) -> str:
    create_field(actor=SYSTEM, at=NOON, record="customers.customer", kind=Kind.FILE, label="Paper", key="paper")
    file = attaching.Given(content=io.BytesIO(CSV), name=f"{SECRET}.csv")
    given = {"customer_id": customer_id, "field": "custom.paper", "file": file}
    return filling.add_file(actor=SYSTEM, at=NOON, **given)[1]


def _change_it(boss: Program, customer_id: int) -> int:
    change = {"action": "edit", "customer_ids": [customer_id], "fields": {"province": SECRET}}
    made: dict[str, Any] = boss.post("/bulk-changes", change).json()
    assert (made["status"], made["changed"]) == ("done", 1)
    return int(made["id"])


def contents() -> list[Any]:
    return [list(table._default_manager.order_by("pk").values()) for table in TABLES]


@pytest.fixture(scope="module")
def untouched(strangers: Strangers, django_db_blocker: DjangoDbBlocker) -> list[Any]:
    """What was there before anybody came; each test ends as it began."""
    with django_db_blocker.unblock():
        return contents()


def test_every_operation_is_in_the_table() -> None:
    assert set(REACHES) == operations()


@pytest.mark.parametrize("operation", sorted(REACHES))
@pytest.mark.parametrize("scope", REACHING)
def test_a_stranger_reaches_nothing(
    db: None, strangers: Strangers, untouched: list[Any], operation: str, scope: Scope
) -> None:
    stranger, ids = strangers[scope]
    call, allowed = REACHES[operation]
    response = call(stranger, ids)

    assert response.status_code in allowed
    assert SECRET not in response.content.decode()
    assert contents() == untouched


@pytest.mark.parametrize("operation", sorted(REACHES.keys() - {"get_me"}))
def test_without_any_grant_but_the_api_nothing_opens(
    db: None, strangers: Strangers, untouched: list[Any], operation: str
) -> None:
    stranger, ids = strangers[Scope.NONE]
    response = REACHES[operation][0](stranger, ids)

    assert response.status_code in {200, 403, 404} | REACHES[operation][1]
    assert SECRET not in response.content.decode()
    assert contents() == untouched
