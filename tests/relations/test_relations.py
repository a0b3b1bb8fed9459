"""Customers are joined, seen from both ends, masked, merged, deleted, brought back and erased with what joins them."""

import re
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from tests.relations.conftest import LATER, NOON, Make, Relate

from zhike.accounts.models import User
from zhike.audit.models import Entry
from zhike.core import personal
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import EXPORT, Customer
from zhike.customers.permissions import CONTAINED
from zhike.duplicates.services import merging, undoing
from zhike.privacy.services import erasing
from zhike.recovery import services as recovery
from zhike.recovery.models import Binned
from zhike.relations.models import Relation
from zhike.relations.selectors import graph, related
from zhike.relations.services import relating, restoring


def company(make: Make, name: str, **more: Any) -> Customer:
    return make(name, kind="organisation", **more)


def said(actor: Actor, one: Customer) -> list[tuple[str, str]]:
    return [(row.aspect, row.other.name) for row in related.list_related(actor=actor, customer_id=one.pk)]


def test_a_relation_has_a_name_from_each_end(make: Make, relate: Relate, boss: Actor) -> None:
    group, works, person = company(make, "江南集团"), company(make, "江南制造"), make("张伟")
    partner = make("李娜")
    relate(works, group, "parent")
    relate(works, person, "contact", role="decider", title="采购总监")
    relate(person, partner, "household")
    relate(partner, person, "referred")

    assert said(boss, group) == [("subsidiary", "江南制造")]
    assert said(boss, works) == [("parent", "江南集团"), ("contact", "张伟")]
    assert said(boss, person) == [("employer", "江南制造"), ("household", "李娜"), ("referrer", "李娜")]
    assert said(boss, partner) == [("household", "张伟"), ("referred", "张伟")]
    one = related.list_related(actor=boss, customer_id=person.pk)[0]
    assert (one.role_word, one.title, one.may_change) == ("Decision maker", "采购总监", True)


def test_what_cannot_be_is_refused(make: Make, relate: Relate) -> None:
    top, middle, below = (company(make, name) for name in ("甲公司", "乙公司", "丙公司"))
    person = make("张伟")
    relate(middle, top, "parent")
    relate(below, middle, "parent")
    before = list(Relation.objects.values())
    for one, other, aspect, refusal in (
        (top, top, "other", relating.RelationUnfit),
        (top, below, "parent", relating.ParentsInCircle),
        (top, middle, "parent", relating.ParentsInCircle),
        (top, middle, "subsidiary", relating.RelationKnown),
        (middle, top, "parent", relating.RelationKnown),
        (person, top, "parent", relating.RelationUnfit),
        (top, person, "employer", relating.RelationUnfit),
    ):
        with pytest.raises(refusal):
            relate(one, other, aspect)
    for details, name in (
        ({"role": "decider"}, "role"),
        ({"started_on": date(2026, 2, 1), "ended_on": date(2026, 1, 1)}, "ended_on"),
        ({"ended_on": date(2027, 1, 1)}, "ended_on"),
        ({"title": "长" * 61}, "title"),
    ):
        with pytest.raises(ValidationError) as refused:
            relate(person, top, "referrer", **details)
        assert list(refused.value.message_dict) == [name]
    assert list(Relation.objects.values()) == before


def test_the_database_itself_refuses_circles_and_doubles(make: Make, relate: Relate) -> None:
    top, below = company(make, "甲公司"), company(make, "乙公司")
    relate(below, top, "parent")
    for first, second, kind in ((top, below, "parent"), (top, top, "other"), (below, top, "parent")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Relation.objects.create(customer=first, other=second, kind=kind, created_at=NOON)
    # What is over is neither a double nor part of a circle.
    Relation.objects.create(customer=top, other=below, kind="parent", created_at=NOON, ended_on=NOON.date())


def test_edits_and_removals_are_taken_back(make: Make, relate: Relate, boss: Actor) -> None:
    works, person = company(make, "江南制造"), make("张伟")
    row = relate(works, person, "contact", role="buyer")
    with acting(boss):
        relating.edit_relation(
            actor=boss, relation_id=row.pk, details={"role": "decider", "ended_on": date(2026, 11, 1)}, at=LATER
        )
        entry = relating.last_entry(row)
        restoring.undo_entry(actor=boss, entry_id=entry, at=LATER)
        row.refresh_from_db()
        assert (row.role, row.ended_on) == ("buyer", None)
        relating.remove_relation(actor=boss, relation_id=row.pk)
        assert not Relation.objects.exists()
        restoring.undo_entry(actor=boss, entry_id=relating.last_entry(row), at=LATER)
        back = Relation.objects.get()
        assert (back.pk, back.role, back.customer_id, back.other_id) == (row.pk, "buyer", person.pk, works.pk)
        with pytest.raises(restoring.NothingToPutBack):
            restoring.undo_entry(actor=boss, entry_id=entry, at=LATER)


def test_all_of_very_many_are_listed_and_changed_and_the_picture_begins_with_what_goes_on(
    make: Make, relate: Relate, boss: Actor, monkeypatch: Any
) -> None:
    works, first = company(make, "江南制造"), make("张伟")
    row = relate(works, first, "contact")
    people = Customer.objects.bulk_create(
        Customer(name=f"客户{one}", created_at=NOON, updated_at=NOON) for one in range(210)
    )
    Relation.objects.bulk_create(
        Relation(customer=one, other=works, kind="work", ended_on=NOON.date(), created_at=NOON) for one in people
    )
    assert len(related.list_related(actor=boss, customer_id=works.pk)) == 211
    with acting(boss):
        relating.edit_relation(actor=boss, relation_id=row.pk, details={"role": "decider"}, at=LATER)
    assert related.get_related(actor=boss, customer_id=works.pk, relation_id=row.pk).role == "decider"
    monkeypatch.setattr(graph, "MOST_READ", 2)
    assert graph.read_graph(actor=boss, customer_id=works.pk).middle.below[0].who.name == "张伟"


def test_strangers_see_a_masked_name_and_change_nothing(make: Make, relate: Relate, boss: Actor, seller: Actor) -> None:
    owner, chief = seller.user_id, boss.user_id
    mine, theirs = make("张伟", owner=owner), company(make, "江南制造有限公司", owner=chief)
    far = company(make, "江南集团有限公司", owner=chief)
    row = relate(mine, theirs, "employer")
    relate(theirs, far, "parent")
    with acting(seller):
        shown = related.list_related(actor=seller, customer_id=mine.pk)
        assert [(one.other.name, one.other.url, one.other.owner, one.may_change) for one in shown] == [
            ("江******司", "", "boss", False)
        ]
        found = graph.read_graph(actor=seller, customer_id=mine.pk)
        assert [node.who.name for node in found.nodes] == ["张伟", "江******司"]
        with pytest.raises(PermissionDenied):
            relating.edit_relation(actor=seller, relation_id=row.pk, details={"title": "x"}, at=LATER)
        with pytest.raises(PermissionDenied):
            relating.remove_relation(actor=seller, relation_id=row.pk)
        with pytest.raises(Customer.DoesNotExist):
            relating.add_relation(
                actor=seller, customer_id=mine.pk, other_id=far.pk, aspect="referrer", details={}, at=LATER
            )
        assert Relation.objects.count() == 1  # the row between the other two is not there at all
    assert Relation.objects.count() == 2


def test_on_paper_others_stand_by_name_only_where_they_may_be_exported(make: Make, relate: Relate, boss: Actor) -> None:
    works, person = company(make, "江南制造"), make("张小伟")
    relate(person, works, "employer")
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    address = f"/relations/customers/{works.pk}/panel/"
    role = User.objects.get(pk=boss.user_id).roles.get()
    assert "张小伟" in client.get(address).content.decode()
    for grant, taken in ((False, []), (True, [[person.pk]])):
        role.grants.filter(permission=EXPORT).delete()
        if grant:
            role.grants.create(permission=EXPORT, scope=Scope.ALL)
        assert ("张小伟" in client.get(f"{address}?paper").content.decode()) is grant
        assert list(Entry.objects.filter(action=CONTAINED).values_list("ids", flat=True)) == taken


def test_the_picture_goes_two_steps_and_says_what_it_left_out(make: Make, relate: Relate, boss: Actor) -> None:
    group, works = company(make, "江南集团"), company(make, "江南制造")
    relate(works, group, "parent")
    people = [make(f"同事{number:02}") for number in range(9)]
    for one in people:
        relate(one, works, "employer")
    relate(people[0], people[8], "household")
    relate(people[0], group, "referrer")
    found = graph.read_graph(actor=boss, customer_id=group.pk)
    assert [node.who.name for node in found.middle.below] == ["江南制造", "同事00"]
    assert len(found.nodes) == 3 + graph.FAR_OF_ONE + 1
    assert found.left_out == 9 - 1 - 1 - graph.FAR_OF_ONE
    assert [tie.said for tie in found.ties] == ["同事08 → 江南制造: Works at", "同事00 → 江南制造: Works at"]
    for shape in (graph.WIDE, graph.NARROW):
        picture = graph.draw(found, shape)
        spots = {(box.x, box.y) for box in picture.boxes}
        assert len(spots) == len(found.nodes)
        assert all(box.x > 0 and box.x + shape.box < shape.width + 1 for box in picture.boxes)
        assert all(box.y + shape.high <= picture.height for box in picture.boxes)
    assert graph.cut("上海江南制造有限公司", 13) == "上海江南制…"
    assert [(one.key, count) for one, count in found.aspects] == [("subsidiary", 1), ("referred", 1)]
    only = graph.read_graph(actor=boss, customer_id=group.pk, aspect="referred")
    assert [node.who.name for node in only.middle.below] == ["同事00"]
    assert only.aspects == found.aspects


def test_a_merge_takes_relations_over_and_gives_them_back(make: Make, relate: Relate, boss: Actor) -> None:
    one, double, works = make("张伟"), make("张 伟"), company(make, "江南制造")
    partner = make("李娜")
    kept = relate(one, works, "employer", title="经理")
    same = relate(double, works, "employer", title="总监")
    between = relate(one, double, "household")
    moved = relate(partner, double, "household")
    before = sorted(Relation.objects.values_list("pk", "customer_id", "other_id"))
    with acting(boss):
        merge = merging.merge_customers(actor=boss, survivor_id=one.pk, record_ids=[double.pk], choices={}, at=LATER)
        assert sorted(Relation.objects.values_list("pk", "other_id")) == [(kept.pk, works.pk), (moved.pk, one.pk)]
        assert {same.pk, between.pk} == {
            row["id"] for row in Binned.objects.get(record_id=double.pk).rows["relations_relation"]
        }
        undoing.undo_merge(actor=boss, merge_id=merge.pk, at=LATER)
    assert sorted(Relation.objects.values_list("pk", "customer_id", "other_id")) == before


def test_a_merge_never_puts_a_company_above_itself(make: Make, relate: Relate, boss: Actor) -> None:
    top, middle, double = company(make, "甲公司"), company(make, "乙公司"), company(make, "甲 公司")
    relate(middle, top, "parent")
    relate(double, middle, "parent")
    with acting(boss):
        merge = merging.merge_customers(actor=boss, survivor_id=top.pk, record_ids=[double.pk], choices={}, at=LATER)
        assert list(Relation.objects.values_list("customer_id", "other_id")) == [(middle.pk, top.pk)]
        undoing.undo_merge(actor=boss, merge_id=merge.pk, at=LATER)
    assert Relation.objects.count() == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_relations_go_into_the_bin_and_come_back_in_whichever_order(
    make: Make, relate: Relate, boss: Actor, order: tuple[int, int]
) -> None:
    pair = company(make, "甲公司"), company(make, "乙公司")
    relate(pair[0], pair[1], "parent")
    relate(pair[1], pair[0], "referrer")
    before = list(Relation.objects.order_by("pk").values())
    with acting(boss):
        for one in pair:
            recovery.bin_records(actor=boss, kind="customers.customer", record_ids=[one.pk], at=LATER)
        assert not Relation.objects.exists()
        for place in order:
            binned = Binned.objects.get(record_id=pair[place].pk)
            recovery.restore_records(actor=boss, binned_ids=[binned.pk])
    assert list(Relation.objects.order_by("pk").values()) == before


def test_a_copy_names_other_persons_masked_and_an_erasure_leaves_nothing(
    make: Make, relate: Relate, boss: Actor
) -> None:
    person, partner, works = make("王小明"), make("李娜"), company(make, "江南制造")
    relate(person, partner, "household", note="王小明的妻子")
    relate(works, person, "contact")
    told = [
        row
        for holding in personal.list_holdings()
        if holding.model is Relation and holding.tell is not None
        for row in holding.tell(person.pk)
    ]
    assert [(row["kind"], row["other_id"]) for row in told] == [("Same household", "李*"), ("Works at", "江南制造")]
    with acting(SYSTEM):
        erasing.erase_person(actor=SYSTEM, customer_id=person.pk, at=LATER)
    assert not Relation.objects.exists()


def test_the_pages_show_add_edit_remove_and_undo(make: Make, boss: Actor) -> None:
    client = Client()
    user = User.objects.get(pk=boss.user_id)
    user.locale = "en"
    user.save(update_fields=["locale"])
    client.force_login(user)
    works, person = company(make, "江南制造"), make("张伟")
    address = f"/relations/customers/{works.pk}/"
    assert "nothing is written down yet" in client.get(f"{address}panel/").content.decode()
    found = client.post(f"{address}seek/", {"sought": "张伟"}).content.decode()
    assert f'value="{person.pk}"' in found
    assert client.post(address, {"aspect": "contact", "sought": "张"}).status_code == 422
    refused = client.post(address, {"aspect": "contact", "other": works.pk})
    assert (refused.status_code, "no relation with itself" in refused.content.decode()) == (422, True)
    added = client.post(address, {"aspect": "contact", "other": person.pk, "role": "buyer", "note": "先打电话"})
    assert added["Location"] == f"{address}#zk-related-title"
    row = Relation.objects.get()
    page = client.get(address).content.decode()
    assert page.count('<svg class="zk-graph') == 2
    assert "先打电话" in page
    assert "Buyer" in client.get(f"/relations/customers/{person.pk}/panel/").content.decode()
    late = client.post(f"{address}{row.pk}/", {"role": "decider", "ended_on": "2999-01-01"})
    assert re.search(r'id="id_ended_on_error">[^<]*The end lies in the future', late.content.decode())
    changed = client.post(f"{address}{row.pk}/", {"role": "decider", "title": "总监"})
    assert changed["Location"] == address
    assert f"{address}undo/{relating.last_entry(row)}/" in client.get(address).content.decode()
    same = client.post(f"{address}{row.pk}/", {"role": "decider", "title": "总监"}, follow=True).content.decode()
    assert ("Nothing was changed" in same, f"{address}undo/" in same) == (True, False)
    assert "Decision maker" in client.get(f"{address}panel/").content.decode()
    assert client.post(f"{address}{row.pk}/remove/").status_code == 302
    assert not Relation.objects.exists()
    client.post(f"{address}undo/{relating.last_entry(row)}/")
    assert Relation.objects.get().role == "decider"
    assert client.get(f"{address}999999/").status_code == 404
    history = client.get(f"/customers/{works.pk}/history/").content.decode()
    assert "A relation with this customer was added" in history
