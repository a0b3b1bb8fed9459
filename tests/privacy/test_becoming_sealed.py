"""A field that has values becomes encrypted, or no longer is: nothing is lost, left behind, or widened."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from tests.privacy.sealed import (
    AT,
    BARE,
    CARD,
    NAME,
    OTHER,
    add,
    binned,
    change,
    clerk,
    create,
    held,
    listed,
    places_of,
)

from zhike.accounts import field_keys
from zhike.accounts.models import SavedView, User
from zhike.audit import services as audit
from zhike.audit.models import Entry, Payload
from zhike.bulk.models import Selection, Verb
from zhike.bulk.services import carrying, choosing
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Reach, Sight
from zhike.core.fields import COVERED
from zhike.core.lists.grammar import FilterInvalid
from zhike.customers import own_copies
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer, SealedValue
from zhike.customers.services import people, reveals
from zhike.customers.services.bin import CODE
from zhike.duplicates.services.merging import merge_customers
from zhike.duplicates.services.undoing import undo_merge
from zhike.exchange.models import Import
from zhike.metadata import copies, indexes, tasks
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.permissions import MANAGE
from zhike.metadata.services import converting, definitions
from zhike.metadata.services import sealing as moving
from zhike.quality import models as quality
from zhike.quality.services import ruling
from zhike.recovery.models import Binned
from zhike.recovery.services import bin_records, restore_records

pytestmark = pytest.mark.django_db


def test_a_field_that_becomes_encrypted_leaves_nothing_in_the_clear_and_comes_back() -> None:
    made = create()
    with acting(SYSTEM, origin="test"):
        one, two, gone, far = add(), add(OTHER, "Bo"), add(CARD, "Cy"), add("", "Di")
        people.edit_customer(actor=SYSTEM, customer_id=two.pk, changes={NAME: CARD, "city": "Wuhan"}, at=AT)
        selection = choosing.choose(actor=SYSTEM, verb=Verb.EDIT, at=AT, ids=[far.pk, add(OTHER, "Ed").pk])
        choosing.enter_change(actor=SYSTEM, selection_id=selection.pk, change={"fields": {NAME: CARD}}, at=AT)
        carrying.start_act(actor=SYSTEM, selection_id=selection.pk, at=AT)
        merge_customers(actor=SYSTEM, survivor_id=two.pk, record_ids=[far.pk], at=AT)
        people.edit_customer(actor=SYSTEM, customer_id=gone.pk, changes={NAME: OTHER}, at=AT)
        people.edit_customer(actor=SYSTEM, customer_id=gone.pk, changes={NAME: CARD}, at=AT)
        bin_records(actor=SYSTEM, kind=CODE, record_ids=[gone.pk], at=AT)
        job = Import.objects.create(
            kind="customers", name="x.csv", path="x", sha256="x", size=1, format="csv", source="x", currency="CNY",
            zone="Asia/Shanghai", mapping={"Card": NAME}, sample=[[CARD]], created_at=AT,
        )  # fmt: skip
        job.refused_rows = [{"row": 1, "reason": "own_taken", "column": "Card", "value": CARD, "expected": ""}]
        job.save()
    user = User.objects.create(username="ada", name="Ada")
    query = f"f=all({NAME}:is:{CARD})&sort=name"
    SavedView.objects.create(user=user, page="customers", name="Mine", query=query)
    # Of many rows at once the history keeps texts of another form.
    more = [Customer(name=f"p{n}", name_normal=f"p{n}", created_at=AT, updated_at=AT, custom={"card": CARD})
            for n in range(25)]  # fmt: skip
    with acting(SYSTEM, origin="test"):
        Customer.objects.bulk_create(more)
    assert len(places_of(BARE)) >= 5
    change(made, is_sealed=True)
    assert held(one.pk) == CARD  # seen and masked like the others before it was moved
    with acting(SYSTEM, origin="task"):
        assert moving.move_values(definition_id=made.pk) == 28
    assert [places_of(text) for text in (BARE, OTHER)] == [[], []]
    # What is left asks for nothing, and is refused: a narrow list must never become a wide one.
    assert SavedView.objects.get().query == f"f=all({NAME}:is:-)&sort=name"
    with pytest.raises(FilterInvalid):
        listed(SYSTEM, f"all({NAME}:is:-)")
    assert (held(one.pk), held(two.pk)) == (CARD, CARD)
    restore_records(actor=SYSTEM, binned_ids=binned()[-1:])
    assert held(gone.pk) == CARD
    assert Customer.objects.get(pk=two.pk).city == "Wuhan"

    # Who looks again after a while says that it is done, unless what began before goes on still.
    FieldDefinition.objects.update(moving_since=AT)
    Import.objects.update(status=Import.Status.APPLYING)
    swept: set[str] = set()
    for status in (Import.Status.APPLYING, Import.Status.APPLIED):
        assert (FieldDefinition.objects.get().moving_since, swept) == (AT, set())
        Import.objects.update(status=status)
        with acting(SYSTEM, origin="task"):
            moving.resume(sweep=swept.update)
    assert FieldDefinition.objects.get().moving_since is None
    assert {"customers_customer", "customers_activity", "recovery_binned", "audit_payload"} < swept


def test_bringing_it_into_the_clear_asks_for_everything_and_leaves_nothing_behind() -> None:
    made = create(is_sealed=True)
    with acting(SYSTEM, origin="test"):
        one, gone = add(), add(OTHER, "Bo")
        bin_records(actor=SYSTEM, kind=CODE, record_ids=[gone.pk], at=AT)
    designer = clerk(MANAGE, card=Sight.WRITE)
    narrow = replace(designer, grants={**designer.grants, reveals.REVEAL: Reach(user_ids=frozenset({1}))})
    for actor in (designer, narrow, clerk(MANAGE, reveals.REVEAL)):
        with pytest.raises(PermissionDenied):
            change(made, actor=actor, is_sealed=False)
    opened = change(made, is_sealed=False, care="plain")
    assert (opened.care, Customer.objects.get(pk=one.pk).custom) == ("sensitive", {"card": CARD})
    with acting(SYSTEM, origin="test"):
        restore_records(actor=SYSTEM, binned_ids=binned())
    assert (held(gone.pk), SealedValue.objects.exists()) == (OTHER, False)


def test_a_merge_while_it_was_encrypted_is_undone_when_it_no_longer_is() -> None:
    made = create(is_sealed=True)
    with acting(SYSTEM, origin="test"):
        pairs = [(add("", f"S{n}"), add(f"{CARD}-{n}", f"L{n}")) for n in range(3)]
        merges = [merge_customers(actor=SYSTEM, survivor_id=one.pk, record_ids=[two.pk], at=AT) for one, two in pairs]
        people.edit_customer(actor=SYSTEM, customer_id=pairs[1][0].pk, changes={NAME: OTHER}, at=AT)
        bin_records(actor=SYSTEM, kind=CODE, record_ids=[pairs[2][0].pk], at=AT)
        change(made, is_sealed=False)
        restore_records(actor=SYSTEM, binned_ids=[Binned.objects.get(record_id=pairs[2][0].pk).pk])
        for merge in merges:
            undo_merge(actor=SYSTEM, merge_id=merge.pk, at=AT)
    assert [held(two.pk) for _one, two in pairs] == [f"{CARD}-{n}" for n in range(3)]
    assert [held(one.pk) for one, _two in pairs] == ["", OTHER, ""]


def test_what_lies_on_both_sides_while_values_are_moved_is_what_was_entered_last() -> None:
    made = create()
    one, two, three = add(), add(OTHER, "Bo"), add("", "Cy")
    change(made, is_sealed=True)
    with pytest.raises(moving.FieldMoves):
        change(made, is_sealed=False)
    people.edit_customer(actor=SYSTEM, customer_id=one.pk, changes={NAME: "new"}, at=AT)
    Customer.objects.filter(pk=one.pk).update(custom={"card": CARD})  # by a process that did not know yet
    assert (held(one.pk), held(two.pk)) == ("new", OTHER)
    FieldDefinition.objects.update(is_unique=True)
    definitions.lock(RECORD)
    with pytest.raises(ValidationError):
        people.edit_customer(actor=SYSTEM, customer_id=three.pk, changes={NAME: OTHER}, at=AT)
    FieldDefinition.objects.update(is_unique=False)
    with pytest.raises(moving.FieldMoves):
        change(made, is_unique=True, is_sealed=True)
    # A merge meanwhile leaves the survivor what it has.
    merge_customers(actor=SYSTEM, survivor_id=one.pk, record_ids=[two.pk], at=AT)
    with acting(SYSTEM, origin="task"):
        moving.move_values(definition_id=made.pk)
    assert (held(one.pk), Customer.objects.get(pk=one.pk).custom) == ("new", {})


def test_unique_and_encrypted_at_once_asks_what_is_not_encrypted_yet() -> None:
    made = create()
    add(), add(CARD, "Bo")
    with pytest.raises(indexes.HasDoubles) as refusal:
        change(made, is_unique=True, is_sealed=True)
    assert [one.value for one in refusal.value.doubles] == [COVERED]


def test_doubles_are_found_under_two_keys() -> None:
    made = create(is_sealed=True)
    add()
    field_keys.make(field_keys.Use.INDEX, at=AT)
    add(CARD, "Bo")
    with pytest.raises(indexes.HasDoubles) as refusal:
        change(made, is_unique=True, is_sealed=True)
    assert [one.count for one in refusal.value.doubles] == [2]


def test_open_choices_and_scheduled_exports_by_a_value_do_not_become_wider() -> None:
    made = create()
    add(), add("", "Bo")
    FieldDefinition.objects.update(index=Index.READY)
    definitions.lock(RECORD)
    chosen = choosing.choose(actor=SYSTEM, verb=Verb.DELETE, at=AT, query={"f": f"{NAME}:filled:"})
    wide = choosing.choose(actor=SYSTEM, verb=Verb.DELETE, at=AT, query={"f": f"{NAME}:is:{CARD}"})
    change(made, is_sealed=True)
    with acting(SYSTEM, origin="task"):
        moving.move_values(definition_id=made.pk)
    assert [one.pk for one in Selection.objects.all()] == [chosen.pk]
    assert Selection.objects.get().query == chosen.query
    assert wide.pk != chosen.pk


def test_the_history_of_other_columns_stays_whatever_the_field_is_called() -> None:
    made = create(label="Channel", key="channel")
    with acting(SYSTEM, origin="test"):
        one = people.create_customer(actor=SYSTEM, at=AT, name="Ada", channel="fair")
        two = people.create_customer(actor=SYSTEM, at=AT, name="Bo", custom={"custom.channel": CARD})
    change(made, is_sealed=True)
    with acting(SYSTEM, origin="task"):
        moving.move_values(definition_id=made.pk)
    erased = {row.pk for row in Payload.objects.all() if None in row.texts}
    told = {
        pk: set(Entry.objects.filter(table_name="customers_customer", ids=[pk]).values_list("pk", flat=True))
        for pk in (one.pk, two.pk)
    }
    assert (erased & told[one.pk], erased & told[two.pk]) == (set(), told[two.pk])
    assert places_of(BARE) == []
    with pytest.raises(ValidationError):
        create(label="Street", key="street", is_sealed=True)


def test_conditions_without_a_value_stay_and_open_choices_by_value_go() -> None:
    made = create()
    user = User.objects.create(username="ada", name="Ada")
    asked = {"A": f"f={NAME}:filled:;name:has:x", "B": f"f=any(city:is:Wuhan;{NAME}:has:a%5C;b%5C)c,d)&cols=name",
             "C": f"f={NAME}:is:1-{'0' * 64}", "D": f"q={NAME}"}  # fmt: skip
    for name, query in asked.items():
        SavedView.objects.create(user=user, page="customers", name=name, query=query)
    change(made, is_sealed=True)
    with acting(SYSTEM, origin="task"):
        moving.move_values(definition_id=made.pk)
    left = {**asked, "B": f"f=any(city:is:Wuhan;{NAME}:is:-)&cols=name"}
    assert dict(SavedView.objects.values_list("name", "query")) == left


def test_a_merge_before_it_is_undone_like_one_after_it() -> None:
    made = create()
    with acting(SYSTEM, origin="test"):
        pairs = [(add("", f"S{n}"), add(f"{CARD}-{n}", f"L{n}")) for n in range(5)]
        merges = [merge_customers(actor=SYSTEM, survivor_id=one.pk, record_ids=[two.pk], at=AT) for one, two in pairs]
    people.edit_customer(actor=SYSTEM, customer_id=pairs[1][0].pk, changes={NAME: OTHER}, at=AT)
    bin_records(actor=SYSTEM, kind=CODE, record_ids=[pairs[2][0].pk], at=AT)
    change(made, is_sealed=True)
    # Between the moving of the values and the forgetting of copies.
    moving._move_batch(made.pk, after=0)
    undo_merge(actor=SYSTEM, merge_id=merges[3].pk, at=AT)
    with acting(SYSTEM, origin="task"):
        moving.move_values(definition_id=made.pk)
    assert places_of(BARE) == []
    people.edit_customer(actor=SYSTEM, customer_id=pairs[4][0].pk, changes={NAME: OTHER}, at=AT)
    restore_records(actor=SYSTEM, binned_ids=[Binned.objects.get(record_id=pairs[2][0].pk).pk])
    for merge in (*merges[:3], merges[4]):
        undo_merge(actor=SYSTEM, merge_id=merge.pk, at=AT)
    assert [held(two.pk) for _one, two in pairs] == [f"{CARD}-{n}" for n in range(5)]
    # What was entered since stays as entered.
    assert [held(one.pk) for one, _two in pairs] == ["", OTHER, "", "", OTHER]


def test_copies_go_in_pieces_and_no_look_goes_over_other_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes something meanwhile waits for a piece, and never for the whole."""
    for module in (copies, audit):
        monkeypatch.setattr(module, "PIECE", 2)
    monkeypatch.setattr(own_copies, "BATCH", 1)
    made = create()
    user = User.objects.create(username="ada", name="Ada")
    for number in range(3):
        SavedView.objects.create(user=user, page="customers", name=str(number), query=f"f={NAME}:is:{CARD}")
    with acting(SYSTEM, origin="test"):
        gone = [add(f"{CARD}-{number}") for number in range(3)]
        bin_records(actor=SYSTEM, kind=CODE, record_ids=[one.pk for one in gone], at=AT)
    change(made, is_sealed=True)
    with acting(SYSTEM, origin="task"), CaptureQueriesContext(connection) as asked:
        moving.move_values(definition_id=made.pk)
    assert places_of(BARE) == []
    told = [one["sql"] for one in asked]
    for begins in ("UPDATE accounts_savedview", "SELECT audit_erase_naming"):
        assert sum(one.startswith(begins) for one in told) >= 2
    restore_records(actor=SYSTEM, binned_ids=binned())
    assert [held(one.pk) for one in gone] == [f"{CARD}-{number}" for number in range(3)]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        rows = SealedValue.objects.filter(field=NAME, customer_id__gt=1).order_by("customer_id")[:500]
        assert "customers_sealed_field" in rows.explain()


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_planner_and_the_files_keep_no_sample_and_no_old_row() -> None:
    with acting(SYSTEM, origin="test"):
        made = create()
        for number in range(4):
            add(CARD, f"p{number}")
    sampled = "SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE %s OR histogram_bounds::text LIKE %s"
    with connections["owner"].cursor() as owner:
        owner.execute("ANALYZE customers_customer")
        owner.execute(sampled, [f"%{BARE}%"] * 2)
        assert owner.fetchone() != (0,)
        with acting(SYSTEM, origin="test"):
            change(made, is_sealed=True)
            FieldDefinition.objects.update(moving_since=AT)
            tasks.resume_moving(timestamp=0)
            tasks.resume_moving(timestamp=0)
        assert FieldDefinition.objects.get().moving_since is None
        owner.execute(sampled, [f"%{BARE}%"] * 2)
        assert owner.fetchone() == (0,)
        owner.execute("SELECT last_vacuum IS NOT NULL FROM pg_stat_all_tables WHERE relname = 'customers_customer'")
        assert owner.fetchone() == (True,)


def test_what_it_was_before_and_what_was_asked_of_it_goes_too() -> None:
    """Options of a choice that it once was, rules of quality that list its values, and digests without a key."""
    made = create()
    customer = add()
    definitions.lock(RECORD)
    for kind in (Kind.CHOICE, Kind.TEXT):
        converting.convert_field(actor=SYSTEM, pk=made.pk, kind=kind, drops_misfits=False)
    assert held(customer.pk) == CARD
    rule = ruling.put_rule(actor=SYSTEM, at=AT, label="Known", field=NAME, ask="listed", values=[CARD])
    ruling.put_rule(actor=SYSTEM, at=AT, rule_id=rule.pk, values=[CARD, OTHER])
    run = quality.Run.objects.create(as_of=AT.date(), started_at=AT, heartbeat_at=AT)
    Finding = quality.Finding
    for name in (f"own.{rule.pk}", f"{NAME}.shared", "city.shared"):
        Finding.objects.create(rule=name, item_id=customer.pk, stamp="0" * 16, run_id=run.pk)
    made.refresh_from_db()
    change(made, is_sealed=True)
    with acting(SYSTEM, origin="task"):
        moving.move_values(definition_id=made.pk)
    assert [places_of(text) for text in (BARE, OTHER)] == [[], []]
    assert list(Finding.objects.values_list("rule", flat=True)) == ["city.shared"]
    assert Entry.objects.filter(table_name="metadata_fielddefinition", action="update").exists()
