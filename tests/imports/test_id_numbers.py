"""ID numbers in files: encrypted from the first staging table on, and taken back as they were."""

from collections.abc import Callable

import pytest
from django.db import connection
from stdnum.cn import ric

from zhike.audit.models import Payload
from zhike.core.actor import SYSTEM
from zhike.customers.exchange import match
from zhike.customers.models import Customer, SealedValue
from zhike.customers.sealed import read_sealed
from zhike.customers.services import people, sealing
from zhike.exchange import services
from zhike.exchange.models import Import, ImportChange
from zhike.exchange.registry import RecordsMoved
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.services import definitions

from datetime import UTC, datetime  # isort: skip

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
HEADER = ("客户编号", "姓名", "身份证号")
Bring = Callable[..., Import]


def number(place: int) -> str:
    stem = f"11010119900307{place:03d}"
    return stem + ric.calc_check_digit(f"{stem}0")


ONE, TWO, OTHER = number(11), number(12), number(13)
BAD = ONE[:-1] + ("1" if ONE[-1] != "1" else "2")


def counts(job: Import) -> tuple[int, int, int, int]:
    """New, updated, unchanged, refused."""
    return job.new_count, job.updated_count, job.unchanged_count, job.refused_count


def held() -> dict[str, str]:
    """Name → number as it opens."""
    return {
        row.customer.name: read_sealed("id_number", row.customer_id)
        for row in SealedValue.objects.select_related("customer")
    }


def written() -> str:
    """Whatever stands in the staging tables, about the import, in its undo data and in the history."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'")
        texts = []
        for (name,) in cursor.fetchall():
            cursor.execute(f"SELECT string_agg(row_to_json(t)::text, '') FROM staging.\"{name}\" AS t")  # noqa: S608
            texts.append(str(cursor.fetchone()))
    tables = (Import, ImportChange, SealedValue, Payload)
    return "".join([*texts, *(str(list(table._default_manager.values())) for table in tables)])


def test_numbers_are_kept_encrypted_all_the_way_and_taken_back(bring: Bring) -> None:
    rows = [
        HEADER,
        ("A1", "王伟", f"{ONE[:6]} {ONE[6:]}"),
        ("A2", "李娜", TWO),
        ("A3", "张三", BAD),
        ("A4", "赵六", ""),
    ]
    checked = bring(rows, apply=False)
    assert counts(checked) == (3, 0, 0, 1)
    [refused] = checked.refused_rows
    assert (refused["reason"], refused["value"][3:14]) == ("id_number_invalid", "*" * 11)
    assert not any(one[6:14] in written() for one in (ONE, TWO, BAD))
    assert checked.refused_file is not None
    assert BAD in checked.refused_file.read_text(encoding="utf-8-sig")

    first = services.apply_import(actor=SYSTEM, import_id=checked.pk, at=AT)
    assert first.created["id_numbers"] == 2
    assert held() == {"王伟": ONE, "李娜": TWO}
    assert counts(bring(rows)) == (0, 0, 3, 1)

    # A later file says otherwise of one; its undoing survives that the keys were renewed meanwhile.
    second = bring([HEADER, ("A1", "王伟", OTHER), ("A4", "赵六", number(14)), ("A1", "王伟", "")])
    assert counts(second)[:2] == (0, 2)
    assert held() == {"王伟": OTHER, "李娜": TWO, "赵六": number(14)}
    sealing.rotate_keys(at=AT, with_index=True)
    assert not any(one[6:14] in written() for one in (ONE, TWO, BAD, OTHER))
    services.undo_import(actor=SYSTEM, import_id=second.pk, at=AT)
    assert held() == {"王伟": ONE, "李娜": TWO}
    services.undo_import(actor=SYSTEM, import_id=first.pk, at=AT)
    assert not SealedValue.objects.exists()
    assert not Customer.objects.exists()


def test_undo_leaves_a_number_that_was_edited_since(bring: Bring) -> None:
    bring([HEADER, ("A1", "王伟", ONE)])
    second = bring([HEADER, ("A1", "王伟", OTHER)])
    wang = Customer.objects.get()
    sealing.put_id_number(actor=SYSTEM, customer_id=wang.pk, value=TWO, at=AT)
    undone = services.undo_import(actor=SYSTEM, import_id=second.pk, at=AT)
    assert held() == {"王伟": TWO}
    assert [one["reason"] for one in undone.kept] == ["edited"]


@pytest.mark.parametrize("column", ["身份证", "ID number"])
def test_the_column_is_recognised_by_its_name(bring: Bring, column: str) -> None:
    job = bring([("姓名", column), ("王伟", ONE)], apply=False)
    assert job.mapping[column] == "id_number"
    assert ONE[3:14] not in str(job.sample)


def test_a_companys_own_encrypted_field_comes_in_the_same_way(bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    made = definitions.create_field(
        actor=SYSTEM, at=AT, record="customers.customer", kind=Kind.TEXT, label="卡号", is_sealed=True, is_required=True
    )
    FieldDefinition.objects.filter(pk=made.pk).update(is_unique=True)
    definitions.lock("customers.customer")
    header, cards = ("客户编号", "姓名", "卡号"), ("6222-0812-3456", "6222-0899-1111")
    rows = [header, ("A1", "王伟", cards[0]), ("A2", "李娜", cards[1]), ("A3", "张三", cards[0]), ("A4", "赵六", "")]
    checked = bring(rows, apply=False)
    assert checked.mapping["卡号"] == "custom.ka_hao"
    assert counts(checked) == (2, 0, 0, 2)
    assert {one["reason"] for one in checked.refused_rows} == {"own_taken", "own_missing"}
    assert not any(card in written() for card in cards)
    first = services.apply_import(actor=SYSTEM, import_id=checked.pk, at=AT)
    assert first.created["sealed_values"] == 2
    assert counts(bring(rows[:3])) == (0, 0, 2, 0)
    second = bring([header, ("A1", "王伟", "6222-0877")])
    assert counts(second)[:2] == (0, 1)
    assert counts(bring([header, ("A1", "王伟", cards[1])], apply=False))[3] == 1
    wang = Customer.objects.get(name="王伟")
    assert (wang.custom, read_sealed("custom.ka_hao", wang.pk)) == ({}, "6222-0877")
    services.undo_import(actor=SYSTEM, import_id=second.pk, at=AT)
    assert read_sealed("custom.ka_hao", wang.pk) == cards[0]
    assert not any(card in written() for card in (*cards, "6222-0877"))

    # What somebody else took meanwhile is neither brought in nor brought back.
    third = bring([header, ("A1", "王伟", "6222-0855")])
    other = people.create_customer(actor=SYSTEM, at=AT, name="Bo", custom={"custom.ka_hao": cards[0]})
    undone = services.undo_import(actor=SYSTEM, import_id=third.pk, at=AT)
    assert (undone.kept_count, read_sealed("custom.ka_hao", wang.pk)) == (1, "6222-0855")
    monkeypatch.setattr(match, "refuse_taken", lambda *_told, **_more: None)
    with pytest.raises(RecordsMoved):
        bring([header, ("A1", "王伟", cards[0])])
    assert SealedValue.objects.filter(field="custom.ka_hao", customer__in=[wang, other]).count() == 2
    assert read_sealed("custom.ka_hao", wang.pk) == "6222-0855"
