"""Merging moves everything that the database's catalogue knows of, and undoing gives it back."""

import json
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import translation
from tests.duplicates.conftest import LATER, NOON, Make

from zhike.commerce.models import Order
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor
from zhike.core.lists.operators import Asking
from zhike.core.merging import Stay
from zhike.customers.guarded import RECORD
from zhike.customers.models import Activity, Collaborator, Customer, CustomerFacts, CustomerTag, Identifier
from zhike.customers.sealed import read_sealed
from zhike.customers.services import activities, collaborators, identifiers, people, sealing, tags
from zhike.customers.services.identifiers import NewIdentifier
from zhike.duplicates.catalogue import list_declared, list_keys
from zhike.duplicates.guarding import WasMerged
from zhike.duplicates.models import Merge, MergedRecord, Settings
from zhike.duplicates.pointers import find_successor, list_given_up
from zhike.duplicates.selectors.merges import get_merge
from zhike.duplicates.services import merging, undoing
from zhike.metadata.listing import column_of, field_of
from zhike.metadata.models import Kind
from zhike.metadata.saying import say_all
from zhike.metadata.selectors import design_of
from zhike.metadata.services import definitions
from zhike.privacy.models import Consent, Minor, Purpose, Request
from zhike.privacy.services import consents, erasing
from zhike.recovery import services as recovery
from zhike.recovery.models import Binned


def merge(actor: Actor, into: Customer, *others: Customer, **choices: int) -> Merge:
    return merging.merge_customers(
        actor=actor, survivor_id=into.pk, record_ids=[one.pk for one in others], choices=choices, at=LATER
    )


def everything(*, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """All rows of all tables that point at customers, and the customers, without what counts edits."""
    found: dict[str, Any] = {}
    tables = {(key.table, key.row) for key in list_keys()} | {("customers_customer", "id")}
    with connection.cursor() as cursor:
        for table, row in sorted(tables):
            cursor.execute(
                f"SELECT to_jsonb(this_row)::text FROM {table} AS this_row ORDER BY {row}"  # noqa: S608
            )
            rows = [json.loads(text) for (text,) in cursor.fetchall()]
            found[table] = [
                {key: value for key, value in one.items() if key not in ("version", "updated_at", "changed_xid", *but)}
                for one in rows
            ]
    return found


def test_every_foreign_key_to_customers_says_what_a_merge_does_with_it(db: None) -> None:
    declared = {key.name for key, _rule in list_declared()}
    assert declared == {key.name for key in list_keys()}


def furnish(make: Make, boss: Actor) -> tuple[Customer, Customer]:
    """Two customers with a row in every table that points at one, alike and not alike."""
    first = make("张伟", phone="13800138000", tags=("VIP",), orders=2, note="early", city="上海", province="上海市")
    other = make("张 伟", phone="13800138000", tags=("VIP", "新客"), orders=1, note="late", channel="web")
    identifiers.add_identifier(
        actor=SYSTEM, customer_id=other.pk, new=NewIdentifier(kind="email", value="zw@example.com"), at=NOON
    )
    sealing.put_id_number(actor=SYSTEM, customer_id=other.pk, value="11010519491231002X", at=NOON)
    for one, may_edit in ((first, False), (other, True)):
        collaborators.put_collaborator(
            actor=SYSTEM, customer_id=one.pk, user_id=boss.user_id or 0, may_edit=may_edit, at=NOON
        )
        consents.mark_minor(actor=SYSTEM, customer_id=one.pk, is_under=True, guardian=f"of {one.pk}", at=NOON)
        purpose, _is_new = Purpose.objects.get_or_create(name="通知", defaults={"basis": "consent"})
        consents.record_consent(
            actor=SYSTEM, customer_id=one.pk, purpose=purpose, channel="sms", is_given=False, source="call", at=NOON
        )
        Request.objects.create(kind="copy", customer=one, received_on=NOON.date(), due_on=NOON.date())
    Minor.objects.filter(customer=other).update(noted_at=LATER)
    for one, custom in ((first, {"seats": Decimal("3.5")}), (other, {"seats": 5, "level": "high"})):
        one.custom = custom
        one.save()
    return first, other


def test_a_merge_moves_everything_the_catalogue_knows_of_and_undoing_gives_it_back(boss: Actor, make: Make) -> None:
    first, other = furnish(make, boss)
    before = everything(but=("text", "grams"))
    filled = {key.table for key in list_keys() if any(row[key.column] == other.pk for row in before[key.table])}
    assert len(filled) >= 11

    made = merge(boss, first, other)

    after = everything()
    left = {key.name for key in list_keys() if any(row[key.column] == other.pk for row in after[key.table])}
    assert left == set()
    touched = {*MergedRecord.objects.get(merge=made).moved, *(name for part in made.journal.values() for name in part)}
    assert touched == {key.name for key, rule in list_declared() if key.table in filled and not isinstance(rule, Stay)}
    first.refresh_from_db()
    assert (first.note, first.channel, first.city) == ("early\n\nlate", "web", "上海")
    assert first.custom == {"seats": Decimal("3.5"), "level": "high"}
    assert Order.objects.filter(customer=first).count() == 3
    facts = CustomerFacts.objects.get(customer=first)
    assert (facts.order_count, facts.amount) == (3, Decimal("31.5"))
    assert sorted(CustomerTag.objects.filter(customer=first).values_list("tag__name", flat=True)) == ["VIP", "新客"]
    kinds = Identifier.objects.filter(customer=first).values_list("kind", "is_primary")
    assert sorted(kinds) == [("email", True), ("phone", True)]
    assert Collaborator.objects.get(customer=first).may_edit
    assert Minor.objects.get(customer=first).guardian == f"of {other.pk}"
    assert Consent.objects.filter(customer=first).count() == 2
    assert read_sealed("id_number", first.pk) == "11010519491231002X"
    assert (find_successor(other.pk), list_given_up(first.pk)) == (first.pk, [other.pk])
    assert Binned.objects.get(record_id=other.pk).label == "张 伟"

    undone = undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)
    assert (undone.kept, undone.left) == ([], [])
    assert everything(but=("text", "grams")) == before
    assert read_sealed("id_number", other.pk) == "11010519491231002X"
    assert find_successor(other.pk) is None


def test_undoing_keeps_what_was_edited_since_and_what_came_since(boss: Actor, make: Make) -> None:
    first, other = make("张伟", phone="13800138000", orders=1), make("张维", tags=("新客",), orders=2, city="苏州")
    made = merge(boss, first, other)
    with acting(boss):
        note = Activity.objects.get(text="of 张维")
        activities.pin_activity(actor=boss, activity_id=note.pk, is_pinned=True)
        people.edit_customer(actor=boss, customer_id=first.pk, changes={"city": "无锡"}, at=LATER)
        tags.set_tags(actor=boss, customer_id=first.pk, names=["新客", "会员"], at=LATER)
    CustomerFacts.objects.filter(customer=first).update(order_count=5, amount=Decimal("52.5"))

    page = get_merge(actor=boss, merge_id=made.pk)
    assert {one.what for one in page.edited} == {"Follow-up or note", "Customer", "Tag"}
    undone = undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)

    assert undone.kept == ["city"]
    first.refresh_from_db()
    assert first.city == "无锡"
    note.refresh_from_db()
    assert (note.customer_id, note.is_pinned) == (other.pk, True)
    assert [one.tag.name for one in CustomerTag.objects.filter(customer=first)] == ["会员"]
    assert [one.tag.name for one in CustomerTag.objects.filter(customer=other)] == ["新客"]
    facts = {one.customer_id: one.order_count for one in CustomerFacts.objects.all()}
    assert facts == {first.pk: 3, other.pk: 2}
    with pytest.raises(undoing.MergeUndoneAlready):
        undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)


def test_many_go_into_one_and_the_first_of_what_is_alike_moves(boss: Actor, make: Make) -> None:
    keep, *others = make("A"), make("B", tags=("x",), orders=1), make("C", tags=("x", "y"), orders=1)
    before = everything(but=("text", "grams"))
    made = merge(boss, keep, *others)
    assert CustomerTag.objects.filter(customer=keep).count() == 2
    assert CustomerFacts.objects.get(customer=keep).order_count == 2
    undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)
    assert everything(but=("text", "grams")) == before


def test_a_survivor_that_is_merged_itself_comes_back_the_same_way(boss: Actor, make: Make) -> None:
    a, b, c = make("A", orders=1), make("B", orders=1), make("C", orders=1)
    before = everything(but=("text", "grams"))
    first = merge(boss, b, a)
    second = merge(boss, c, b)
    assert (find_successor(a.pk), find_successor(b.pk), list_given_up(c.pk)) == (c.pk, c.pk, [a.pk, b.pk])
    with pytest.raises(undoing.SurvivorMerged) as refusal:
        undoing.undo_merge(actor=boss, merge_id=first.pk, at=LATER)
    assert refusal.value.members == {"merge_id": second.pk}
    undoing.undo_merge(actor=boss, merge_id=second.pk, at=LATER)
    undoing.undo_merge(actor=boss, merge_id=first.pk, at=LATER)
    assert everything(but=("text", "grams")) == before
    # The other way round, once more.
    assert merge(boss, a, b, c).records.count() == 2


def test_a_cycle_and_nonsense_are_refused_and_change_nothing(boss: Actor, make: Make) -> None:
    a, b = make("A", orders=1), make("B")
    before = everything()
    there = [merging.Wanted(survivor_id=a.pk, record_ids=[b.pk]), merging.Wanted(survivor_id=b.pk, record_ids=[a.pk])]
    with pytest.raises(merging.MergeCycle):
        merging.merge_many(actor=boss, wanted=there, at=LATER)
    with pytest.raises(merging.MergeCycle):
        merge(boss, a, a)
    with pytest.raises(merging.NothingToMerge):
        merge(boss, a)
    with pytest.raises(merging.CustomerGone):
        merging.merge_customers(actor=boss, survivor_id=a.pk, record_ids=[99_999_999], at=LATER)
    with pytest.raises(ValidationError):
        merge(boss, a, b, name=99_999_999)
    assert everything() == before


def test_who_comes_second_is_told_so(boss: Actor, make: Make) -> None:
    a, b = make("甲"), make("乙")
    merge(boss, a, b)
    with pytest.raises(merging.MergedAlready, match="甲") as refusal:
        merge(boss, a, b)
    assert refusal.value.members == {"customer_id": a.pk}
    with pytest.raises(WasMerged, match="甲"):
        recovery.restore_records(actor=boss, binned_ids=[Binned.objects.get(record_id=b.pk).pk])


def test_undoing_says_what_became_of_the_survivor(boss: Actor, make: Make) -> None:
    a, b = make("甲", orders=1), make("乙", orders=2)
    made = merge(boss, a, b)
    recovery.bin_records(actor=boss, kind="customers.customer", record_ids=[a.pk], at=LATER)
    with pytest.raises(undoing.SurvivorBinned, match="甲"):
        undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)
    recovery.restore_records(actor=boss, binned_ids=[Binned.objects.get(record_id=a.pk).pk])
    undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)
    assert Order.objects.filter(customer=b).count() == 2

    again = merge(boss, a, b)
    recovery.bin_records(actor=boss, kind="customers.customer", record_ids=[a.pk], at=LATER)
    recovery.purge_records(actor=boss, binned_ids=[Binned.objects.get(record_id=a.pk).pk])
    with pytest.raises(undoing.SurvivorGone):
        undoing.undo_merge(actor=boss, merge_id=again.pk, at=LATER)
    # Nobody holds what was given up any more, so it comes back by itself, and may be merged anew.
    recovery.restore_records(actor=boss, binned_ids=[Binned.objects.get(record_id=b.pk).pk])
    assert merge(boss, b, make("丙")).survivor_id == b.pk


def test_undoing_after_the_days_in_the_bin_changes_nothing(boss: Actor, make: Make) -> None:
    a, b = make("甲"), make("乙", orders=1)
    made = merge(boss, a, b)
    recovery.purge_records(actor=boss, binned_ids=[Binned.objects.get(record_id=b.pk).pk])
    before = everything()
    with pytest.raises(undoing.RecordsGone):
        undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)
    assert everything() == before
    assert find_successor(b.pk) == a.pk


def test_whoever_is_erased_goes_with_what_was_merged_into_them(boss: Actor, make: Make) -> None:
    a, b, c = make("欧阳建国", phone="13800138000"), make("欧阳建国国", phone="13900139000"), make("丙")
    made = merge(boss, a, b)
    erasing.erase_person(actor=SYSTEM, customer_id=a.pk, at=LATER)
    assert not Customer.objects.filter(pk__in=[a.pk, b.pk]).exists()
    assert not Binned.objects.exists()
    assert not Merge.objects.exists()
    with pytest.raises(Merge.DoesNotExist):
        undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)
    with pytest.raises(merging.CustomerGone):
        merge(boss, c, b)


def test_one_merges_within_ones_scope_only(seller: Actor, make: Make) -> None:
    mine, also, theirs = make("A", owner=seller.user_id), make("B", owner=seller.user_id), make("C")
    with acting(seller):
        before = Customer.objects.count()
        with pytest.raises(merging.CustomerGone):
            merge(seller, mine, theirs)
        made = merge(seller, mine, also)
        assert Customer.objects.count() == before - 1
        assert get_merge(actor=seller, merge_id=made.pk).may_undo
    with pytest.raises(PermissionDenied):
        merge(replace(seller, grants={"customers.view_customer": seller.grants["customers.view_customer"]}), mine, also)


def test_rules_and_hands_decide_which_value_stays(boss: Actor, make: Make) -> None:
    old = make("A", city="上海", province="上海市", channel="shop")
    new = make("B", city="苏州", channel="web", relationship="client", birthday_on="1990-05-17")
    with acting(boss):
        people.edit_customer(actor=boss, customer_id=new.pk, changes={"channel": "app"}, at=LATER)
    Settings.objects.create(pk=1, rules={"channel": "newest", "birthday_on": "survivor"}, sources=["erp"])
    merge(boss, old, new, name=new.pk)
    old.refresh_from_db()
    assert (old.name, old.name_normal) == ("B", "b")
    assert (old.channel, old.birthday_on, old.relationship) == ("app", None, "client")
    assert (old.province, old.city) == ("上海市", "上海")


def test_fields_of_the_company_are_filled_up_and_given_back_key_by_key(boss: Actor, make: Make) -> None:
    first, other = make("A"), make("B")
    Customer.objects.filter(pk=first.pk).update(custom={"shoe": 42})
    Customer.objects.filter(pk=other.pk).update(custom={"shoe": 40, "club": "blue", "paid": Decimal("1.50")})
    made = merge(boss, first, other)
    first.refresh_from_db()
    assert first.custom == {"shoe": 42, "club": "blue", "paid": Decimal("1.50")}
    get_merge(actor=boss, merge_id=made.pk)
    Customer.objects.filter(pk=first.pk).update(custom={**first.custom, "club": "red"})
    undone = undoing.undo_merge(actor=boss, merge_id=made.pk, at=LATER)
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.custom, undone.kept) == ({"shoe": 42, "club": "red"}, ["custom.club"])
    assert other.custom == {"shoe": 40, "club": "blue", "paid": Decimal("1.50")}


def test_links_in_fields_follow_a_merge_and_say_when_nobody_is_there_any_more(make: Make) -> None:
    definitions.create_field(
        actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.RECORD, label="Partner", rules={"target": RECORD}
    )
    known = design_of(RECORD).known["partner"]
    first, other, holder = make("Ada"), make("Bo"), make("Cy")

    def put(**custom: object) -> None:
        changes = {f"custom.{key}": value for key, value in custom.items()}
        people.edit_customer(actor=SYSTEM, customer_id=holder.pk, changes=changes, at=LATER)

    def shown() -> list[str]:
        """On the page and in the list."""
        column = column_of(known)
        row = Customer.objects.annotate(**column.expressions).values("pk", *column.expressions).get(pk=holder.pk)
        if column.opening:
            column.opening(row)
        holder.refresh_from_db()
        assert column.text is not None
        return [say_all({"partner": known}, holder.custom, SYSTEM)["partner"], str(column.text(row))]

    put(partner=f"#{first.pk}")
    assert shown() == ["Ada", "Ada"]
    made = merge(SYSTEM, other, first)
    assert shown() == ["Bo", "Bo"]
    asked = field_of(known).compile
    assert asked is not None
    asking = Asking(actor=SYSTEM, now=LATER, zone=UTC)
    assert list(Customer.objects.filter(asked("is", [other.pk], asking))) == [holder]
    undoing.undo_merge(actor=SYSTEM, merge_id=made.pk, at=LATER)
    assert shown() == ["Ada", "Ada"]
    erasing.erase_person(actor=SYSTEM, customer_id=first.pk, at=LATER)
    gone = f"#{first.pk} (no longer there)"
    with translation.override("en"):
        assert shown() == [gone, gone]
        with pytest.raises(ValidationError, match="no longer there: it was deleted or erased"):
            people.create_customer(actor=SYSTEM, at=LATER, name="Di", custom={"custom.partner": first.pk})
    put(partner=first.pk)
    holder.refresh_from_db()
    assert holder.custom == {"partner": first.pk}
    put(partner="")
    holder.refresh_from_db()
    assert holder.custom == {}
