"""The database captures what changed, whoever changed it: single edits, bulk statements, nothing else."""

import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils.timezone import now

from zhike.accounts.models import Role, User
from zhike.audit.models import Entry, Payload, Unsealed
from zhike.audit.selectors.reading import image_in
from zhike.audit.triggers import CHUNK, FEW
from zhike.core.acting import acting
from zhike.core.actor import EVERYWHERE, Actor
from zhike.customers.models import Customer, CustomerFacts, Identifier, Stage

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.usefixtures("history")]

ANN = Actor(user_id=7, name="Ann", request_id="r-1", grants={"customers.view_customer": EVERYWHERE})


def customer(name: str, **more: Any) -> Customer:
    return Customer(name=name, name_normal=name, name_pinyin=name, created_at=now(), updated_at=now(), **more)


def text_of(entry: Entry) -> Any:
    return json.loads(Payload.objects.get(pk=entry.pk).texts[0] or "")


def the_last() -> Entry:
    return Entry.objects.latest("id")


def test_an_edit_is_one_entry_with_what_changed_before_and_after() -> None:
    made = customer("张三", city="上海")
    made.save()
    with acting(ANN, origin="web"):
        Customer.objects.filter(pk=made.pk).update(city="杭州", version=2, updated_at=now())
    entry = the_last()
    assert (entry.action, entry.table_name, entry.subject) == ("update", "customers_customer", "customers_customer")
    assert (entry.actor_id, entry.origin, entry.request, entry.ids) == (7, "web", "r-1", [made.pk])
    assert text_of(entry) == {"before": {"city": "上海"}, "after": {"city": "杭州"}}
    assert Unsealed.objects.filter(pk=entry.pk).exists()


def test_an_edit_of_what_follows_from_the_rest_is_no_entry() -> None:
    made = customer("张三")
    made.save()
    before = Entry.objects.count()
    Customer.objects.filter(pk=made.pk).update(version=5, updated_at=now(), city="")
    CustomerFacts.objects.create(customer=made, run_id=1, as_of=now().date(), stage=Stage.NEW, relationship="suspect")
    assert Entry.objects.count() == before


def test_a_deleted_row_is_kept_whole_and_belongs_to_its_record() -> None:
    made = customer("张三")
    made.save()
    mark = Identifier.objects.create(
        customer=made, kind="phone", value="138 0000 0000", value_normal="x", strength=2, created_at=now()
    )
    mark_id = mark.pk
    mark.delete()
    entry = the_last()
    assert (entry.action, entry.ids, entry.subject, entry.subject_ids) == (
        "delete",
        [mark_id],
        "customers_customer",
        [made.pk],
    )
    assert text_of(entry)["before"]["value"] == "138 0000 0000"


def test_what_is_rolled_back_never_was() -> None:
    before = Entry.objects.count()
    with transaction.atomic():
        customer("张三").save()
        assert Entry.objects.count() == before + 1
        transaction.set_rollback(True)
    assert Entry.objects.count() == before == Payload.objects.count() == Unsealed.objects.count()


@pytest.mark.parametrize("count", [FEW, FEW + 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_many_rows_share_entries_and_none_is_left_out(count: int) -> None:
    many = [customer(f"客户,“{number}”\n") for number in range(count)]
    Customer.objects.bulk_create(many, batch_size=count)
    inserted = Entry.objects.filter(table_name="customers_customer", action="insert")
    expected = count if count <= FEW else -(-count // CHUNK)
    assert inserted.count() == expected
    ids = [row_id for entry in inserted.order_by("id") for row_id in entry.ids]
    assert sorted(ids) == sorted(one.pk for one in many)
    Customer.objects.update(city="北京")
    updated = Entry.objects.filter(table_name="customers_customer", action="update")
    assert updated.count() == expected
    assert sorted(row_id for entry in updated for row_id in entry.ids) == sorted(ids)
    Customer.objects.filter(pk__gt=0).delete()
    deleted = Entry.objects.filter(table_name="customers_customer", action="delete")
    assert sorted(row_id for entry in deleted for row_id in entry.ids) == sorted(ids)
    if count > FEW:
        first = updated.order_by("id")[0]
        payload = Payload.objects.get(pk=first.pk)
        assert len(payload.texts) == first.text_count == first.row_count == min(count, CHUNK)
        assert first.fields is not None
        assert "city" in first.fields


def test_many_rows_tell_of_own_fields_only_where_one_changed() -> None:
    many = [customer(f"客户{number}", custom={"size": number, "note": "一直如此"}) for number in range(FEW + 2)]
    Customer.objects.bulk_create(many)
    last = many[-1].pk
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET city = '西安', custom ="
            " CASE WHEN id = %s THEN custom || '{\"size\": 99}' ELSE custom END",
            [last],
        )
    entry = Entry.objects.get(table_name="customers_customer", action="update")
    texts = dict(zip(entry.ids, Payload.objects.get(pk=entry.pk).texts, strict=True))
    told = {pk: image_in(entry, text or "") for pk, text in texts.items()}
    assert told.pop(last) == ({"city": "", "custom.size": FEW + 1}, {"city": "西安", "custom.size": 99})
    assert all(images == ({"city": ""}, {"city": "西安"}) for images in told.values())
    assert [pk for pk, text in texts.items() if "一直如此" in (text or "")] == [last]


def test_a_reason_comes_last() -> None:
    with acting(ANN, reason="打错了"):
        customer("张三").save()
    entry = the_last()
    assert (entry.row_count, entry.text_count) == (1, 2)
    assert Payload.objects.get(pk=entry.pk).texts[1] == "打错了"


def test_permissions_are_business_data_and_secrets_are_not_kept() -> None:
    user = User.objects.create(username="ann", password="md5$secret")
    role = Role.objects.create(code="x", name="X")
    assert "password" in (entry := text_of(Entry.objects.get(table_name="accounts_user")))["after"]
    assert "secret" not in json.dumps(entry)
    user.roles.add(role)
    given = the_last()
    assert (given.table_name, given.subject, given.subject_ids) == ("accounts_user_roles", "accounts_user", [user.pk])
    User.objects.update(password="md5$other")
    assert text_of(the_last()) == {"before": {"password": "•••"}, "after": {"password": "•••"}}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_entry SELECT * FROM audit_entry",
        "UPDATE audit_entry SET actor_id = 1",
        "DELETE FROM audit_entry",
        "UPDATE audit_payload SET texts = '{}'",
        "DELETE FROM audit_unsealed",
        "DELETE FROM audit_leaf",
        "DELETE FROM audit_head",
        "DELETE FROM audit_entry_default",
        "UPDATE audit_payload_default SET texts = '{}'",
        "SELECT audit_write('update', 'x', 'x', '{}', NULL, NULL, '{}')",
        "SELECT audit_record('update', 'x', '{}', '{}')",
        "ALTER TABLE customers_customer DISABLE TRIGGER audit_update",
        "SET session_replication_role = replica",
    ],
)
def test_the_application_can_only_add_events(statement: str) -> None:
    customer("张三").save()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_new_month_gets_its_partitions_closed() -> None:
    with connections["owner"].cursor() as owner:
        owner.execute("SELECT audit_make_partitions(5)")
        owner.execute("SELECT max(tablename) FROM pg_tables WHERE starts_with(tablename, 'audit_entry_2')")
        newest = owner.fetchone()[0]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {newest}")  # noqa: S608
