"""One thing done to many customers: what changes, what is refused, what a cancelled run leaves, and the way back."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone, translation
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.audit.models import Entry
from zhike.bulk import saying, selectors, tasks
from zhike.bulk.models import Act, Outcome, Selection, Verb
from zhike.bulk.services import carrying, choosing, undoing
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.core.fields import FieldClosed
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.operators import Asking
from zhike.customers.models import Customer, CustomerTag
from zhike.customers.services import collaborators, people, tags
from zhike.customers.services.bin import CODE
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.services import definitions
from zhike.recovery.models import Binned

pytestmark = pytest.mark.django_db
CODES = [f"customers.{verb}_customer" for verb in ("view", "create", "edit", "delete")]
RECORD = "customers.customer"


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def person(name: str, *, edit: Scope = Scope.ALL, view: Scope = Scope.ALL) -> Actor:
    grants = dict.fromkeys(CODES, edit) | {"customers.view_customer": view}
    role = accounts.put_role(actor=SYSTEM, code=name, name=name, grants=grants)
    user = User.objects.create(username=name, name=name, locale="en")
    user.roles.set([role])
    return actor_of(user)


def plant(count: int, **more: Any) -> list[Customer]:
    return [
        people.create_customer(actor=SYSTEM, at=timezone.now(), name=f"Guest {number}", **{"city": "Wuhan", **more})
        for number in range(count)
    ]


def choose(actor: Actor, verb: Verb, change: Mapping[str, Any], **chosen: Any) -> Selection:
    selection = choosing.choose(actor=actor, verb=verb, at=timezone.now(), **(chosen or {"query": {}}))
    if verb is Verb.DELETE:
        return selection
    return choosing.enter_change(actor=actor, selection_id=selection.pk, change=change, at=timezone.now())


def do(actor: Actor, verb: Verb, change: Mapping[str, Any], **chosen: Any) -> Act:
    """The whole of it, as the worker would do it."""
    with acting(actor, origin="web"):
        act = carrying.start_act(actor=actor, selection_id=choose(actor, verb, change, **chosen).pk, at=timezone.now())
    tasks.carry_out(act_id=act.pk, user_id=actor.user_id)
    return Act.objects.get(pk=act.pk)


def edit(actor: Actor, change: Mapping[str, Any], **chosen: Any) -> Act:
    return do(actor, Verb.EDIT, {"fields": change}, **chosen)


def undo(actor: Actor, act: Act) -> Act:
    with acting(actor, origin="web"):
        undoing.start_undo(actor=actor, act_id=act.pk, at=timezone.now())
    tasks.take_back(act_id=act.pk, user_id=actor.user_id)
    return Act.objects.get(pk=act.pk)


def work_off(task: str) -> int:
    """What waits in the queue, as the worker would do it; how many jobs that were."""
    waiting = list(ProcrastinateJob.objects.filter(task_name=task, status="todo").order_by("pk"))
    for job in waiting:
        getattr(tasks, task.removeprefix("bulk."))(**job.args)
    ProcrastinateJob.objects.filter(pk__in=[job.pk for job in waiting])._raw_delete(using="default")
    return len(waiting)


def counts(act: Act) -> tuple[int, int, int]:
    return act.changed_count, act.same_count, act.refused_count


def cities() -> Counter[str]:
    return Counter(Customer.objects.values_list("city", flat=True))


def test_all_that_match_change_but_those_out_of_reach_and_come_back_unless_edited_since(db: None) -> None:
    seller = person("seller", edit=Scope.OWN)
    mine, others = plant(4, owner=seller.user_id), plant(2)
    plant(1, city="Xi'an", owner=seller.user_id)
    people.edit_customer(actor=SYSTEM, customer_id=mine[0].pk, changes={"channel": "fair"}, at=timezone.now())
    with acting(seller, origin="web"):
        chosen = choose(seller, Verb.EDIT, {"fields": {"channel": "fair"}}, query={"f": "all(city:is:Wuhan)"})
        shown = selectors.preview_act(actor=seller, selection=chosen, at=timezone.now())
    assert (shown.changed, shown.same, shown.refused) == (3, 1, [("Not yours to change", 2)])
    assert [one.said[0].after for one in shown.examples] == ["fair"] * 3
    act = edit(seller, {"channel": "fair"}, query={"f": "all(city:is:Wuhan)"})
    assert counts(act) == (3, 1, 2)
    assert act.finished_at is not None
    assert Customer.objects.filter(channel="fair").count() == 4
    assert set(act.records.filter(outcome=Outcome.CLOSED).values_list("record_id", flat=True)) == {
        one.pk for one in others
    }
    entries = Entry.objects.filter(table_name="customers_customer", request=f"bulk-{act.pk}")
    assert {entry.actor_id for entry in entries} == {seller.user_id}
    people.edit_customer(actor=SYSTEM, customer_id=mine[1].pk, changes={"channel": "web"}, at=timezone.now())
    people.edit_customer(actor=SYSTEM, customer_id=mine[2].pk, changes={"city": "Xi'an"}, at=timezone.now())
    act = undo(seller, act)
    assert (act.undone_count, act.kept_count) == (2, 1)
    assert act.records.get(record_id=mine[1].pk).undone == Outcome.EDITED
    told = Customer.objects.in_bulk([one.pk for one in mine])
    assert [told[one.pk].channel for one in mine] == ["fair", "web", "", ""]
    assert told[mine[2].pk].city == "Xi'an"
    with pytest.raises(undoing.NothingToUndo), acting(seller):
        undoing.start_undo(actor=seller, act_id=act.pk, at=timezone.now())


def test_a_cancelled_run_leaves_whole_batches_and_a_killed_one_goes_on(db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(carrying, "AT_ONCE", 0)
    monkeypatch.setitem(carrying.BATCH, Verb.EDIT, 2)
    boss = person("boss")
    plant(5)
    with acting(boss, origin="web"):
        act = carrying.start_act(
            actor=boss, selection_id=choose(boss, Verb.EDIT, {"fields": {"city": "Xi'an"}}).pk, at=timezone.now()
        )
        for _step in ("the set is laid down", "the first batch"):
            assert carrying.go_on(actor=boss, act_id=act.pk, at=timezone.now())
        assert cities() == {"Wuhan": 3, "Xi'an": 2}
        Act.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    ProcrastinateJob.objects.all()._raw_delete(using="default")
    tasks.resume(timestamp=0)
    assert work_off("bulk.carry_out") == 1
    act.refresh_from_db()
    assert (cities(), counts(act), act.done_count) == ({"Xi'an": 5}, (5, 0, 0), 5)
    with acting(boss, origin="web"):
        second = carrying.start_act(
            actor=boss, selection_id=choose(boss, Verb.EDIT, {"fields": {"city": "Lhasa"}}).pk, at=timezone.now()
        )
        carrying.go_on(actor=boss, act_id=second.pk, at=timezone.now())
        carrying.go_on(actor=boss, act_id=second.pk, at=timezone.now())
        carrying.cancel_act(actor=boss, act_id=second.pk, at=timezone.now())
    tasks.carry_out(act_id=second.pk, user_id=boss.user_id)
    assert cities() == {"Xi'an": 3, "Lhasa": 2}
    with pytest.raises(carrying.NothingWaits), acting(boss):
        carrying.cancel_act(actor=boss, act_id=second.pk, at=timezone.now())
    second = undo(boss, Act.objects.get(pk=second.pk))
    assert (cities(), second.undone_count) == ({"Xi'an": 5}, 2)


def test_a_company_s_own_fields_follow_their_rules(db: None) -> None:
    boss = person("boss")
    put: Any = {"record": RECORD, "actor": SYSTEM, "at": timezone.now()}
    definitions.create_field(**put, kind=Kind.TEXT, label="Card", key="card")
    FieldDefinition.objects.update(is_unique=True)
    size = definitions.create_field(**put, kind=Kind.NUMBER, label="Size", key="size", rules={"most": 100})
    definitions.create_field(
        **put, kind=Kind.TEXT, label="Tax", key="tax", is_required=True,
        shown_when={"field": "kind", "is": ["organisation"]},
    )  # fmt: skip
    boss = actor_of(User.objects.get(username="boss"))
    plant(2, custom={"custom.tax": "A"})
    plant(1, kind="organisation", custom={"custom.tax": "B"})
    for name, value in (("custom.size", "101"), ("custom.size", "many"), ("custom.card", "1"), ("custom.none", "1")):
        with pytest.raises(ValidationError) as refusal:
            edit(boss, {name: value})
        assert list(refusal.value.message_dict) == [name]
    act = edit(boss, {"custom.size": "12.50"})
    assert counts(act) == (3, 0, 0)
    assert {str(one.custom["size"]) for one in Customer.objects.all()} == {"12.5"}
    assert counts(edit(boss, {"custom.size": "12.5"})) == (0, 3, 0)
    emptied = edit(boss, {"custom.tax": ""})
    assert counts(emptied) == (2, 0, 1)
    assert emptied.records.get(outcome=Outcome.REQUIRED).record_id == Customer.objects.get(kind="organisation").pk
    emptied, act = undo(boss, emptied), undo(boss, act)
    assert sorted(one.custom["tax"] for one in Customer.objects.all()) == ["A", "A", "B"]
    assert not any("size" in one.custom for one in Customer.objects.all())
    again = edit(boss, {"custom.size": 7})
    definitions.archive_field(actor=SYSTEM, pk=size.pk, at=timezone.now())
    with pytest.raises(ValidationError):
        undo(boss, again)
    assert {one.custom["size"] for one in Customer.objects.all()} == {7}


def test_customers_go_to_others_by_whoever_holds_them(db: None) -> None:
    seller, boss = person("seller", view=Scope.OWN, edit=Scope.OWN), person("boss")
    team = accounts.create_team(actor=SYSTEM, name="East", parent=None)
    leaver = User.objects.create(username="leaver", name="leaver")
    plant(2, owner=seller.user_id)
    [shared] = plant(1, owner=leaver.pk)
    collaborators.put_collaborator(
        actor=SYSTEM, customer_id=shared.pk, user_id=seller.user_id or 0, may_edit=True, at=timezone.now()
    )
    given = {"owner": boss.user_id, "team": team.pk}
    with acting(seller):
        chosen = choose(seller, Verb.ASSIGN, {"fields": given})
        assert selectors.preview_act(actor=seller, selection=chosen, at=timezone.now()).is_given_away
    act = do(seller, Verb.ASSIGN, {"fields": given})
    assert counts(act) == (2, 0, 1)
    assert act.records.get(outcome=Outcome.GUEST).record_id == shared.pk
    assert Customer.objects.filter(owner=boss.user_id, team=team).count() == 2
    act = undo(seller, act)
    assert (act.undone_count, act.kept_count) == (0, 2), "nobody takes back what they could not take by hand"
    act = do(boss, Verb.ASSIGN, {"fields": {"owner": boss.user_id}})
    assert counts(act) == (1, 2, 0)
    User.objects.filter(pk=leaver.pk).update(is_active=False)
    act = undo(boss, act)
    assert act.records.get(outcome=Outcome.CHANGED).undone == Outcome.LEFT
    with pytest.raises(ValidationError):
        do(boss, Verb.ASSIGN, {"fields": {"owner": leaver.pk}})


def test_tags_come_and_go_and_what_was_tagged_since_stays(db: None) -> None:
    boss = person("boss")
    first, second, third = plant(3, tags=["old"])
    tags.set_tags(actor=SYSTEM, customer_id=third.pk, names=[f"t{number}" for number in range(50)], at=timezone.now())
    tags.set_tags(actor=SYSTEM, customer_id=second.pk, names=["new"], at=timezone.now())
    act = do(boss, Verb.TAG, {"add": [" new ", "new"], "remove": ["old"]})
    assert counts(act) == (1, 1, 1)
    assert act.records.get(record_id=third.pk).outcome == Outcome.MANY
    assert tags.list_tags_of(customer_id=first.pk) == ["new"]
    tags.set_tags(actor=SYSTEM, customer_id=first.pk, names=["new", "later"], at=timezone.now())
    act = undo(boss, act)
    assert tags.list_tags_of(customer_id=first.pk) == ["later", "old"]
    assert tags.list_tags_of(customer_id=second.pk) == ["new"]
    assert CustomerTag.objects.count() == 53
    for change in ({}, {"add": ["x"], "remove": ["x"]}, {"add": ["y" * 51]}):
        with pytest.raises(ValidationError):
            do(boss, Verb.TAG, change)


def test_deleted_ones_come_back_but_those_that_somebody_restored(db: None) -> None:
    seller = person("seller", edit=Scope.OWN)
    mine = plant(3, owner=seller.user_id)
    plant(1)
    act = do(seller, Verb.DELETE, {}, query={"q": "Guest"})
    assert counts(act) == (3, 0, 1)
    assert Customer.objects.count() == 1
    Binned.objects.filter(kind=CODE, record_id=mine[0].pk).delete()
    act = undo(seller, act)
    assert (act.undone_count, act.kept_count) == (2, 1)
    assert {one.pk for one in mine[1:]} < set(Customer.objects.values_list("pk", flat=True))


def test_closed_fields_and_others_choices_are_refused_and_nothing_changes(db: None) -> None:
    boss, stranger = person("boss"), person("stranger")
    plant(1)
    levels = {f"{RECORD}.city": Sight.READ, f"{RECORD}.note": Sight.HIDDEN, f"{RECORD}.tags": Sight.HIDDEN}
    accounts.put_field_access(actor=SYSTEM, role=User.objects.get(username="stranger").roles.get(), levels=levels)
    stranger = actor_of(User.objects.get(username="stranger"))
    for name in ("city", "note"):
        with pytest.raises(FieldClosed):
            edit(stranger, {name: "x"})
    with pytest.raises(FieldClosed):
        do(stranger, Verb.TAG, {"add": ["x"]})
    with pytest.raises(FilterInvalid):
        edit(stranger, {"channel": "x"}, query={"f": "all(tag:filled)"})
    with pytest.raises(ValidationError):
        edit(boss, {"name": "all the same"})
    with pytest.raises(choosing.NobodyChosen):
        choosing.choose(actor=boss, verb=Verb.EDIT, at=timezone.now())
    with pytest.raises(PermissionDenied):
        choosing.choose(actor=Actor(user_id=stranger.user_id, name=""), verb=Verb.EDIT, at=timezone.now(), ids=[1])
    chosen = choose(boss, Verb.EDIT, {"fields": {"city": "Xi'an"}})
    with pytest.raises(Selection.DoesNotExist):
        carrying.start_act(actor=stranger, selection_id=chosen.pk, at=timezone.now())
    assert (cities(), Act.objects.count()) == ({"Wuhan": 1}, 0)


def test_another_kind_gives_other_normal_forms(db: None) -> None:
    boss = person("boss")
    [firm] = plant(1)
    Customer.objects.update(name="杭州西湖食品有限公司")
    act = edit(boss, {"kind": "organisation"}, ids=[firm.pk])
    firm.refresh_from_db()
    assert (counts(act), firm.name_normal) == ((1, 0, 0), "杭州西湖食品")
    undo(boss, act)
    firm.refresh_from_db()
    assert (firm.kind, firm.name_normal) == ("person", "杭州西湖食品有限公司")


def test_the_pages_lead_from_the_list_to_the_result_and_back(db: None) -> None:
    person("boss")
    person("seller", view=Scope.OWN, edit=Scope.OWN)
    customers = plant(3)
    client, other = Client(), Client()
    client.force_login(User.objects.get(username="boss"))
    other.force_login(User.objects.get(username="seller"))
    assert "data-bulk-all" in client.get("/customers/").content.decode()
    assert client.post("/bulk/choose/", {"verb": "edit"}).status_code == 422
    prepare = client.post("/bulk/choose/", {"verb": "edit", "id": [one.pk for one in customers]}).headers["Location"]
    assert other.get(prepare).status_code == 404
    assert "New value" in client.get(f"{prepare}?field=city").content.decode()
    assert client.post(prepare, {"field": "birthday_on", "value": "tomorrow"}).status_code == 422
    assert client.post(prepare, {"field": "city", "value": "Xi'an"}).status_code == 302
    assert "preview/" in client.get(prepare).content.decode()
    assert ">3<" in client.get(f"{prepare}count/").content.decode()
    assert "Change 3 customers" in client.get(f"{prepare}preview/").content.decode()
    address = client.post(f"{prepare}start/").headers["Location"]
    page = client.get(address).content.decode()
    assert "Xi&#x27;an" in page
    assert "Guest 1" in page
    assert client.get(prepare).status_code == 404
    assert other.get(address).status_code == 404
    assert address in client.get("/bulk/").content.decode()
    assert address not in other.get("/bulk/").content.decode()
    assert "Edit many customers" in client.get(f"/customers/{customers[0].pk}/time-line/").content.decode()
    entry = Entry.objects.filter(table_name="customers_customer", action="update").first()
    assert entry is not None
    assert address in client.get(f"/bin/changes/{entry.pk}/").content.decode()
    assert client.post(f"{address}undo/").status_code == 302
    assert cities() == {"Wuhan": 3}
    for verb, change in (("assign", {"owner": User.objects.get(username="seller").pk}), ("tag", {"add": "a, b"})):
        prepare = client.post("/bulk/choose/", {"verb": verb, "all": "1", "query": "q=Guest"}).headers["Location"]
        assert "Guest" in client.get(prepare).content.decode()
        assert client.post(prepare, change).status_code == 302
        client.post(f"{prepare}start/")
    prepare = client.post("/bulk/choose/", {"verb": "delete", "all": "1", "query": ""}).headers["Location"]
    assert "Move 3 customers" in client.get(f"{prepare}preview/").content.decode()


def test_what_was_searched_for_is_told_to_those_who_read_where_it_may_stand(db: None) -> None:
    boss = person("boss")
    plant(1)
    act = edit(boss, {"channel": "fair"}, query={"q": "Guest"})
    readers = [boss, person("reader"), person("outsider")]
    role = User.objects.get(username="outsider").roles.get()
    accounts.put_field_access(actor=SYSTEM, role=role, levels={f"{RECORD}.phone": Sight.MASKED})
    readers[2] = actor_of(User.objects.get(username="outsider"))
    said = [saying.say_chosen(act, Asking(actor=one, now=timezone.now(), zone=ZoneInfo(one.zone))) for one in readers]
    assert said == [["Found by “Guest”"]] * 2 + [["A filter that your role does not see"]]
