"""A company's own fields that are stored encrypted: in the clear nowhere, and of use all the same."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone, translation
from tests.privacy.sealed import (
    API,
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
from zhike.accounts.models import IdempotentRequest, User
from zhike.accounts.services import put_field_access, put_role
from zhike.bulk.models import Verb
from zhike.bulk.services import choosing
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.core.fields import COVERED
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.registry import get
from zhike.customers.guarded import RECORD
from zhike.customers.listing import KEY
from zhike.customers.models import Activity, Customer, CustomerSearch, SealedValue
from zhike.customers.selectors import records, sealed_values
from zhike.customers.services import activities, people, reveals, sealing
from zhike.customers.services.bin import CODE
from zhike.duplicates.services.merging import merge_customers
from zhike.duplicates.services.undoing import undo_merge
from zhike.exports.models import Export, Schedule
from zhike.exports.rhythm import Rhythm
from zhike.exports.selectors import find_actor
from zhike.exports.services import scheduling
from zhike.exports.services.starting import Wanted
from zhike.insight.sources import sources
from zhike.metadata import indexes
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.permissions import MANAGE
from zhike.privacy.selectors.requests import collect
from zhike.privacy.selectors.transfer import transfer_archive
from zhike.privacy.services.erasing import erase_person
from zhike.quality.subjects import measured_own
from zhike.recovery.services import RestoreCollides, bin_records, restore_records

pytestmark = pytest.mark.django_db
EXPORTS = ("customers.view_customer", "customers.export_customer")


def test_a_value_stands_in_no_table_and_is_shown_changed_and_found() -> None:
    create(is_sealed=True)
    one, two = add(), add(OTHER, "Bo")
    edit = people.edit_customer(actor=SYSTEM, customer_id=two.pk, changes={NAME: CARD}, at=AT)
    assert (held(one.pk), held(two.pk)) == (CARD, CARD)
    assert Customer.objects.get(pk=two.pk).custom == {}
    assert [places_of(text) for text in (BARE, OTHER)] == [[], []]
    assert CARD[:9] not in CustomerSearch.objects.get(pk=one.pk).text
    assert COVERED in Activity.objects.get(pk=edit.change_id).text
    with pytest.raises(activities.ChangeOverwritten):
        activities.undo_change(actor=SYSTEM, activity_id=edit.change_id or 0, at=AT)
    assert sealed_values.find_by_value(actor=SYSTEM, field=NAME, value=f" {CARD} ") == [two.pk, one.pk]
    [mark] = sealed_values.marks_of(actor=SYSTEM, field=NAME, value=CARD)
    assert listed(SYSTEM, f"all({NAME}:is:{mark})") == [two.pk, one.pk]
    people.edit_customer(actor=SYSTEM, customer_id=two.pk, changes={NAME: ""}, at=AT)
    assert (held(two.pk), listed(SYSTEM, f"all({NAME}:filled:)")) == ("", [one.pk])


def test_it_is_no_oracle_and_computes_nothing() -> None:
    create(is_sealed=True)
    add()
    for asked in (f"{NAME}:is:{CARD}", f"{NAME}:has:6222", f"{NAME}:starts:6222"):
        with pytest.raises(FilterInvalid):
            listed(SYSTEM, f"all({asked})")
    parts = get(KEY)
    assert NAME in parts.columns
    assert NAME not in parts.sorts
    assert not any(NAME in known for known in (parts.groupings, parts.sums))
    assert measured_own() == []
    assert not [one for source in sources() for one in source.columns if one.name == "custom" or "seal" in one.name]
    with pytest.raises(ValidationError):
        create(Kind.FORMULA, "Length", rules={"formula": "{Card}"})
    for kind in (Kind.DATE, Kind.MONEY, Kind.CHOICE):
        with pytest.raises(ValidationError):
            create(kind, "No", is_sealed=True)
    with pytest.raises(ValidationError):
        create(Kind.TEXT, "No", is_sealed=True, default="x")
    with pytest.raises(ValidationError):
        choosing.enter_change(
            actor=SYSTEM,
            selection_id=choosing.choose(actor=SYSTEM, verb=Verb.EDIT, at=AT, query={}).pk,
            change={"fields": {NAME: CARD}},
            at=AT,
        )


def test_who_sees_it_masked_neither_finds_by_it_nor_writes_it_and_reveals_it_with_a_reason() -> None:
    create(is_sealed=True)
    customer = add()
    masked = clerk(reveals.REVEAL)
    with acting(masked):
        told = records.get_record(actor=masked, customer_id=customer.pk)
        assert told["custom"]["card"] not in ("", CARD)
        assert BARE not in str(told)
        assert told["withheld"][NAME] == "masked"
        assert NAME not in dict(sealed_values.list_asked(actor=masked))
        with pytest.raises(FilterInvalid):
            listed(masked, f"all({NAME}:filled:)")
        with pytest.raises(PermissionDenied):
            people.edit_customer(actor=masked, customer_id=customer.pk, changes={NAME: OTHER}, at=AT)
        seen = reveals.reveal_field(
            actor=masked, customer_id=customer.pk, name=NAME, reason="asked by phone", at=timezone.now()
        )
    assert (seen.value, seen.left is not None) == (CARD, True)
    assert places_of(BARE) == []


def test_who_does_not_write_a_field_is_not_told_what_it_says_now() -> None:
    create(care="sensitive")
    customer = add()
    one, _two = (people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes={NAME: text}, at=AT)
                 for text in (OTHER, CARD))  # fmt: skip
    masked = clerk()
    with acting(masked), pytest.raises(PermissionDenied) as refusal:
        activities.undo_change(actor=masked, activity_id=one.change_id or 0, at=AT)
    assert BARE not in str(refusal.value)


def test_a_value_that_only_one_may_have_is_refused_whatever_key_it_lies_under() -> None:
    made = create(is_sealed=True)
    add(), add(OTHER, "Bo")
    third = add(CARD, "Cy")
    with pytest.raises(indexes.HasDoubles) as refusal:
        change(made, is_unique=True, is_sealed=True)
    assert [(one.value, one.count) for one in refusal.value.doubles] == [(COVERED, 2)]
    people.edit_customer(actor=SYSTEM, customer_id=third.pk, changes={NAME: ""}, at=AT)
    assert change(made, is_unique=True, is_sealed=True).index == Index.NONE
    sealing.field_keys.make(sealing.FieldKey.Use.INDEX, at=AT)
    with pytest.raises(ValidationError) as taken:
        people.edit_customer(actor=SYSTEM, customer_id=third.pk, changes={NAME: CARD}, at=AT)
    assert list(taken.value.message_dict) == [NAME]
    with pytest.raises(ValidationError):
        add(OTHER, "Di")


def test_new_keys_a_merge_its_undo_and_the_bin_carry_it() -> None:
    create(is_sealed=True)
    one, two = add(), add("", "Bo")
    before = bytes(SealedValue.objects.get(customer=one).sealed)
    done = sealing.rotate_keys(at=AT, with_index=True)
    assert (done.values, done.keys_retired) == (1, 2)
    assert bytes(SealedValue.objects.get(customer=one).sealed) != before
    assert sealed_values.find_by_value(actor=SYSTEM, field=NAME, value=CARD) == [one.pk]
    merge = merge_customers(actor=SYSTEM, survivor_id=two.pk, record_ids=[one.pk], at=AT)
    assert held(two.pk) == CARD
    undo_merge(actor=SYSTEM, merge_id=merge.pk, at=AT)
    assert (held(one.pk), held(two.pk)) == (CARD, "")
    moved = bin_records(actor=SYSTEM, kind=CODE, record_ids=[one.pk], at=AT)
    assert places_of(BARE) == []
    assert moved is not None
    restore_records(actor=SYSTEM, binned_ids=binned())
    assert held(one.pk) == CARD


def test_after_new_keys_a_filter_from_before_says_so_and_stops_what_follows_it() -> None:
    create(is_sealed=True)
    add()
    number = "110101199003074258"
    sealing.put_id_number(actor=SYSTEM, customer_id=Customer.objects.get().pk, value=number, at=AT)
    user = User.objects.create(username="ada", name="Ada")
    user.roles.set([put_role(actor=SYSTEM, code="all", name="All", grants=dict.fromkeys(EXPORTS, Scope.ALL))])
    put_field_access(actor=SYSTEM, role=user.roles.get(), levels={f"{RECORD}.{NAME}": Sight.WRITE})
    actor = find_actor(user.pk)
    assert actor is not None
    asked = [f"all({field}:is:{','.join(sealed_values.marks_of(actor=SYSTEM, field=field, value=value))})"
             for field, value in ((NAME, CARD), ("id_number", number))]  # fmt: skip
    wanted = Wanted(kind=KEY, format="csv", query=f"f={asked[0]}", reason="for the bank")
    draft = scheduling.Draft(name="Cards", wanted=wanted, rhythm=Rhythm(every="daily", at=time(8)))
    made = scheduling.create_schedule(actor=actor, draft=draft, at=AT)
    assert [len(listed(SYSTEM, one)) for one in asked] == [1, 1]
    # As soon as there is a second key not everybody would be found.
    field_keys.make(field_keys.Use.INDEX, at=AT)
    renewed = [sealed_values.marks_of(actor=SYSTEM, field=NAME, value=CARD)]
    sealing.rotate_keys(at=AT, with_index=True)
    renewed.append(sealed_values.marks_of(actor=SYSTEM, field=NAME, value=CARD))
    for one in (*asked, f"all({NAME}:is:{','.join(renewed[0])})", f"all({NAME}:is:{'0' * 64})"):
        with translation.override("en"), pytest.raises(FilterInvalid, match="renewed"):
            listed(SYSTEM, one)
    assert len(listed(SYSTEM, f"all({NAME}:is:{','.join(renewed[1])})")) == 1
    with acting(SYSTEM, origin="task"):
        assert scheduling.run_due(at=AT + timedelta(days=2)) == 0
    made.refresh_from_db()
    assert (made.stopped, Export.objects.exists()) == (Schedule.Stopped.LIST_CHANGED, False)


def test_a_value_taken_meanwhile_stays_behind_when_its_customer_comes_back() -> None:
    made = create(is_sealed=True)
    change(made, is_unique=True, is_sealed=True)
    with acting(SYSTEM, origin="test"):
        one = add()
        bin_records(actor=SYSTEM, kind=CODE, record_ids=[one.pk], at=AT)
        add(CARD, "Bo")
        with pytest.raises(RestoreCollides):
            restore_records(actor=SYSTEM, binned_ids=binned())
        restore_records(actor=SYSTEM, binned_ids=binned(), leave_out=True)
    assert (held(one.pk), SealedValue.objects.count()) == ("", 1)


def test_an_answer_that_is_kept_for_a_second_request_is_kept_encrypted(client: Client) -> None:
    create(is_sealed=True)
    role = put_role(actor=SYSTEM, code="all", name="All", grants=dict.fromkeys(API, Scope.ALL))
    put_field_access(actor=SYSTEM, role=role, levels={f"{RECORD}.{NAME}": Sight.WRITE})
    user = User.objects.create(username="ada", name="Ada")
    user.roles.set([role])
    client.force_login(user)
    asked = [
        client.post("/api/v1/customers", {"name": "Ada", "custom": {"card": CARD}}, "application/json",
                    headers={"Idempotency-Key": "one"})
        for _time in range(2)
    ]  # fmt: skip
    assert [answer.status_code for answer in asked] == [201, 201]
    assert asked[0].content == asked[1].content
    assert CARD.encode() in asked[0].content
    kept = IdempotentRequest.objects.get()
    assert CARD.encode() not in bytes(kept.body)
    # Nor can it be tried out by whoever knows the rest of the request.
    request = b"POST /api/v1/customers \n" + json.dumps({"name": "Ada", "custom": {"card": CARD}}).encode()
    assert kept.digest != hashlib.sha256(request).hexdigest()


def test_a_guess_is_answered_alike_whether_right_or_wrong() -> None:
    create(is_sealed=True)
    create(label="Memo", care="sensitive", key="memo")
    customer = add()
    people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes={"custom.memo": CARD}, at=AT)
    masked = replace(clerk(), sights={**clerk().sights, f"{RECORD}.custom.memo": Sight.MASKED})
    for name in (NAME, "custom.memo"):
        for guess in (CARD, OTHER):
            with acting(masked), pytest.raises(PermissionDenied):
                people.edit_customer(actor=masked, customer_id=customer.pk, changes={name: guess}, at=AT)


def test_the_person_gets_it_and_an_erasure_takes_it() -> None:
    create(is_sealed=True)
    customer = add()
    parts = collect(actor=SYSTEM, customer_id=customer.pk)
    assert [row for part in parts for row in part.rows if CARD in row]
    with zipfile.ZipFile(io.BytesIO(transfer_archive(actor=SYSTEM, customer_id=customer.pk))) as archive:
        assert CARD in archive.read("data.json").decode()
    erase_person(actor=SYSTEM, customer_id=customer.pk, at=AT)
    assert not SealedValue.objects.exists()


def test_its_pages_design_it_enter_it_find_it_and_let_it_out(client: Client) -> None:
    grants = ("view", "create", "edit", "export")
    everything = dict.fromkeys((*(f"customers.{one}_customer" for one in grants), MANAGE, reveals.REVEAL), Scope.ALL)
    role = put_role(actor=SYSTEM, code="all", name="All", grants=everything)
    user = User.objects.create(username="ada", name="Ada", locale="en")
    user.roles.set([role])
    client.force_login(user)
    shape = {"label": "Card", "care": "plain", "is_sealed": "on", "is_filtered": "on"}
    new = "/settings/fields/of/customers.customer/new/?kind=text"
    assert client.post(new, {**shape, "default": "x"}).status_code == 422
    assert client.post(new, shape).status_code == 302
    made = FieldDefinition.objects.get()
    assert (made.is_sealed, made.care, made.index) == (True, "sensitive", "none")
    page = client.get(f"/settings/fields/{made.pk}/").content.decode()
    assert "is_sealed" in page
    assert "is_filtered" not in page
    assert "Encrypted" in client.get("/settings/fields/").content.decode()

    customer = add()
    assert BARE not in client.get(f"/customers/{customer.pk}/").content.decode()
    assert NAME not in client.get("/customers/find/id-number/").content.decode()
    told = client.post(f"/customers/{customer.pk}/reveal/{NAME}/", {"reason": "asked by phone"}).content.decode()
    assert CARD in told
    put_field_access(actor=SYSTEM, role=role, levels={f"{RECORD}.{NAME}": Sight.WRITE})
    assert CARD in client.get(f"/customers/{customer.pk}/").content.decode()
    assert CARD in client.get(f"/customers/?cols=name,{NAME}").content.decode()
    saved = client.post(f"/customers/{customer.pk}/edit/{NAME}/", {"value": OTHER, "was": CARD})
    assert (saved.status_code, held(customer.pk)) == (200, OTHER)
    found = client.post("/customers/find/id-number/", {"field": NAME, "value": OTHER})
    assert OTHER not in found["Location"]
    assert "Ada" in client.get(found["Location"]).content.decode()
    assert client.get("/customers/", {"f": f"all({NAME}:is:{OTHER})"}).status_code == 400
    assert places_of("0899-1111") == []
