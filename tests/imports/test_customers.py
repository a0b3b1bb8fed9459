"""Customer files: whom a row means, what it changes, and how it is taken back."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import Customer, CustomerSearch, Identifier
from zhike.customers.services import collaborators, people
from zhike.exchange import engine, services
from zhike.exchange.models import Import
from zhike.exchange.progress import ImportCancelled

from datetime import UTC, datetime  # isort: skip

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
HEADER = ("客户编号", "姓名", "手机", "邮箱", "城市")
FIRST = [
    HEADER,
    ("A1", "王伟", "13800138000", "wang@example.com", "上海"),
    ("A2", "李娜", "13900139000", "", "杭州"),
    ("A3", "深圳市腾飞科技有限公司", "0755-86013388", "", "深圳"),
]
Bring = Callable[..., Import]
Digests = Callable[[], dict[str, str]]


def counts(job: Import) -> tuple[int, int, int, int]:
    """New, updated, unchanged, refused."""
    return job.new_count, job.updated_count, job.unchanged_count, job.refused_count


def user(name: str, scope: Scope, *permissions: str) -> Actor:
    grants = dict.fromkeys(
        permissions
        or (
            "customers.view_customer",
            "customers.create_customer",
            "customers.edit_customer",
            "exchange.import_file",
            "exchange.view_import",
        ),
        scope,
    )
    role = accounts.put_role(actor=SYSTEM, code=name, name=name, grants=grants)
    return actor_of(
        accounts.create_user(actor=SYSTEM, username=name, name=name, password="long enough for all", roles=[role])
    )


def test_a_file_makes_customers_with_identifiers_search_and_kind(bring: Bring) -> None:
    job = bring(FIRST)
    assert counts(job) == (3, 0, 0, 0)
    assert job.created == {"customers": 3, "identifiers": 7}
    wang = Customer.objects.get(name="王伟")
    assert (wang.kind, wang.city, wang.name_pinyin) == ("person", "上海", "wang wei")
    found = wang.identifiers.order_by("pk").values_list("kind", "system", "value_normal", "strength", "is_primary")
    assert list(found) == [
        ("external", "file", "A1", 3, True),
        ("phone", "", "+8613800138000", 2, True),
        ("email", "", "wang@example.com", 2, True),
    ]
    assert Customer.objects.get(name__endswith="有限公司").kind == "organisation"
    assert Identifier.objects.get(value="0755-86013388").strength == Identifier.Strength.WEAK
    assert CustomerSearch.objects.filter(grams__contains=["腾飞"]).count() == 1
    assert CustomerSearch.objects.count() == 3


def test_the_same_file_again_changes_nothing(bring: Bring, digests: Digests) -> None:
    bring(FIRST)
    before = digests()
    assert counts(bring(FIRST)) == (0, 0, 3, 0)
    assert digests() == before


def test_a_preview_counts_and_writes_nothing(bring: Bring, digests: Digests) -> None:
    bring(FIRST)
    before = digests()
    job = bring([HEADER, ("A1", "王伟", "", "", "北京"), ("A9", "新人", "", "", "")], apply=False)
    assert counts(job) == (1, 1, 0, 0)
    assert job.status == Import.Status.PREVIEWED
    assert digests() == before
    assert counts(services.apply_import(actor=SYSTEM, import_id=job.pk, at=AT)) == (1, 1, 0, 0)


def test_blank_cells_erase_nothing_and_later_values_win(bring: Bring) -> None:
    bring(FIRST)
    job = bring([HEADER, ("A1", "", "", "new@example.com", ""), ("A2", "李娜娜", "13900139000", "", "苏州")])
    assert counts(job) == (0, 2, 0, 0)
    wang = Customer.objects.get(name="王伟")
    assert wang.city == "上海"
    assert wang.identifiers.filter(kind="email").count() == 2
    assert wang.identifiers.get(kind="email", is_primary=True).value == "wang@example.com"
    li = Customer.objects.get(name="李娜娜")
    assert (li.city, li.version, li.name_pinyin) == ("苏州", 2, "li na na")
    assert "李娜娜" in li.search.text
    assert "new@example.com" in wang.search.text


def test_rows_that_mean_one_customer_are_merged_in_their_order(bring: Bring) -> None:
    rows = [
        HEADER,
        ("B1", "张三", "13800000001", "", "上海"),
        ("", "张三丰", "13800000001", "z@example.com", ""),
        ("B1", "", "", "", "北京"),
        ("B1", "张三丰", "", "", "北京"),
    ]
    job = bring(rows)
    # The second brings an e-mail, the last the name and city that stand; the third says nothing that is left.
    assert counts(job) == (1, 2, 1, 0)
    zhang = Customer.objects.get()
    assert (zhang.name, zhang.city) == ("张三丰", "北京")
    assert zhang.identifiers.count() == 3
    assert CustomerSearch.objects.get().customer_id == zhang.pk
    assert counts(bring(rows)) == (0, 0, 4, 0)


def test_a_phone_that_two_customers_hold_is_refused_with_its_reason(bring: Bring, digests: Digests) -> None:
    bring([HEADER, ("C1", "甲", "13800000001", "", ""), ("C2", "乙", "13800000001", "", "")])
    assert Customer.objects.count() == 2
    before = digests()
    job = bring([("姓名", "手机"), ("丙", "13800000001"), ("丁", "13800000002")], name="other.csv", apply=False)
    assert counts(job) == (1, 0, 0, 1)
    assert digests() == before
    assert job.refused_file is not None
    lines = job.refused_file.read_text("utf-8").splitlines()
    assert lines[0] == "姓名,手机,拒绝原因"
    assert lines[1].startswith("丙,13800000001,有多位客户")


def test_another_source_meets_the_same_customer_by_phone(bring: Bring) -> None:
    bring(FIRST)
    job = bring([("会员号", "手机"), ("M77", "138 0013 8000")], source="shop")
    assert counts(job) == (0, 1, 0, 0)
    wang = Customer.objects.get(name="王伟")
    assert set(wang.identifiers.filter(kind="external").values_list("system", "value")) == {
        ("file", "A1"),
        ("shop", "M77"),
    }
    # Who carries another id of the same source is somebody else, whatever the phone says.
    assert counts(bring([("会员号", "手机"), ("M78", "13800138000")], source="shop")) == (1, 0, 0, 0)


def test_an_id_and_a_credit_code_of_two_customers_are_refused(bring: Bring) -> None:
    header = ("客户编号", "企业名称", "统一社会信用代码")
    bring([header, ("D1", "甲", "91110000600037341L"), ("D2", "乙", "")])
    job = bring([header, ("D2", "乙", "91110000600037341L")])
    assert counts(job) == (0, 0, 0, 1)
    assert Customer.objects.get(name="甲").kind == "organisation"


def test_rows_with_nothing_but_a_name_are_known_again(bring: Bring) -> None:
    rows = [("姓名", "城市"), ("赵一", "上海"), ("钱二", "北京"), ("赵一", "上海")]
    assert counts(bring(rows)) == (2, 0, 1, 0)
    assert counts(bring(rows)) == (0, 0, 3, 0)
    assert counts(bring([("姓名", "城市"), ("", "上海")])) == (0, 0, 0, 1)


def test_tags_and_owners_come_along(bring: Bring) -> None:
    seller = user("seller", Scope.OWN)
    header = ("客户编号", "姓名", "标签", "负责人")
    job = bring([header, ("E1", "甲", "大客户，华东", "seller"), ("E2", "乙", "", "nobody")])
    assert counts(job) == (1, 0, 0, 1)
    customer = Customer.objects.get()
    assert customer.owner_id == seller.user_id
    assert set(customer.customer_tags.values_list("tag__name", flat=True)) == {"大客户", "华东"}
    assert counts(bring([header, ("E1", "甲", "华东", "")])) == (0, 0, 1, 0)
    assert counts(bring([header, ("E1", "甲", "新标签", "")])) == (0, 1, 0, 0)


def test_undo_brings_everything_back(bring: Bring, digests: Digests) -> None:
    nothing = digests()
    first = bring(FIRST)
    before = digests()
    second = bring(
        [
            (*HEADER, "标签"),
            ("A1", "王伟伟", "13700000000", "", "北京", "老客户"),
            ("A2", "", "", "li@example.com", "", ""),
            ("A4", "新人", "13600000000", "", "", "新客户"),
        ]
    )
    assert counts(second) == (1, 2, 0, 0)
    assert digests() != before
    undone = services.undo_import(actor=SYSTEM, import_id=second.pk, at=AT)
    assert (undone.status, undone.kept_count) == (Import.Status.UNDONE, 0)
    assert digests() == before
    services.undo_import(actor=SYSTEM, import_id=first.pk, at=AT)
    assert digests() == nothing


def test_undo_lists_what_was_edited_since_and_leaves_it_alone(bring: Bring) -> None:
    bring(FIRST)
    job = bring(
        [
            HEADER,
            ("A1", "王伟", "", "", "北京"),
            ("A2", "李娜", "", "", "北京"),
            ("A4", "新人", "", "", "北京"),
            ("A5", "路人", "", "", ""),
        ]
    )
    wang, new = Customer.objects.get(name="王伟"), Customer.objects.get(name="新人")
    for customer in (wang, new):
        people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes={"note": "当面谈过"}, at=AT)
    undone = services.undo_import(actor=SYSTEM, import_id=job.pk, at=AT)
    assert {(kept["id"], kept["reason"]) for kept in undone.kept} == {(wang.pk, "edited"), (new.pk, "edited")}
    wang.refresh_from_db()
    assert (wang.city, wang.note) == ("北京", "当面谈过")
    assert Customer.objects.get(name="李娜").city == "杭州"
    assert new.identifiers.count() == 1
    assert not Customer.objects.filter(name="路人").exists()


def test_a_customer_used_since_stays(bring: Bring) -> None:
    job = bring(FIRST)
    wang = Customer.objects.get(name="王伟")
    wang.activities.create(kind="note", happened_at=AT, text="打过电话", created_at=AT)
    undone = services.undo_import(actor=SYSTEM, import_id=job.pk, at=AT)
    assert [(kept["id"], kept["reason"]) for kept in undone.kept] == [(wang.pk, "used")]
    assert list(Customer.objects.values_list("name", flat=True)) == ["王伟"]
    assert wang.identifiers.count() == 3


def test_customers_out_of_reach_are_refused_in_words_that_tell_nothing(bring: Bring, digests: Digests) -> None:
    bring(FIRST)
    before = digests()
    seller = user("seller", Scope.OWN)
    job = bring(
        [HEADER, ("", "某人", "13800138000", "", "北京"), ("", "新人", "13600000000", "", "北京")], actor=seller
    )
    assert counts(job) == (1, 0, 0, 1)
    text = job.refused_file.read_text("utf-8") if job.refused_file else ""
    assert "不能修改这条记录" in text
    assert "王伟" not in text
    assert Customer.objects.get(name="新人").owner_id == seller.user_id
    Customer.objects.get(name="新人").delete()
    CustomerSearch.objects.filter(customer__name="新人").delete()
    assert digests()["customers_customer"] == before["customers_customer"]
    wang = Identifier.objects.get(value_normal="A1").customer
    collaborators.put_collaborator(actor=SYSTEM, customer_id=wang.pk, user_id=seller.user_id or 0, may_edit=True, at=AT)
    taking = [(*HEADER, "负责人"), ("A1", "王伟", "", "", "北京", "seller")]
    assert counts(bring(taking, actor=seller, source="file")) == (0, 0, 0, 1)
    assert counts(bring([HEADER, ("A1", "王伟", "", "", "北京")], actor=seller, source="file")) == (0, 1, 0, 0)
    assert not Import.objects.visible_to(user("other", Scope.OWN)).exists()


def test_who_may_not_import_changes_nothing(bring: Bring, tmp_path: Path) -> None:
    guest = user("guest", Scope.ALL, "customers.view_customer")
    with pytest.raises(PermissionDenied):
        bring(FIRST, actor=guest)
    assert not Import.objects.exists()
    assert not Customer.objects.exists()
    job = bring(FIRST)
    other = user("other", Scope.OWN)
    with pytest.raises(Import.DoesNotExist):
        services.undo_import(actor=other, import_id=job.pk, at=AT)
    assert Customer.objects.count() == 3


def test_a_cancelled_import_writes_nothing_and_can_go_on(bring: Bring, digests: Digests) -> None:
    before = digests()
    job = bring(FIRST, apply=False)
    assert services.cancel_import(actor=SYSTEM, import_id=job.pk, at=AT).status == Import.Status.CANCELLED
    assert digests() == before
    assert counts(services.resume_import(actor=SYSTEM, import_id=job.pk, at=AT)) == (3, 0, 0, 0)


def test_cancelling_ends_a_statement_that_is_running(bring: Bring, digests: Digests) -> None:
    before = digests()
    job = bring(FIRST, apply=False)
    with connection.cursor() as cursor:
        # The merge has to wait for this lock until somebody cancels it.
        cursor.execute("SELECT pg_advisory_lock(%s, 0)", [engine.MERGE_LOCK])
    failures: list[BaseException] = []

    def work() -> None:
        try:
            services.apply_import(actor=SYSTEM, import_id=job.pk, at=AT)
        except ImportCancelled as stop:
            failures.append(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=copy_context().run, args=[work])
    thread.start()
    while Import.objects.get(pk=job.pk).status != Import.Status.APPLYING:
        pass
    services.cancel_import(actor=SYSTEM, import_id=job.pk, at=AT)
    thread.join(timeout=20)
    assert [type(failure) for failure in failures] == [ImportCancelled]
    assert Import.objects.get(pk=job.pk).status == Import.Status.CANCELLED
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [engine.MERGE_LOCK])
    assert digests() == before


def test_imports_at_once_neither_deadlock_nor_double(bring: Bring) -> None:
    rows = [HEADER, *((f"F{number}", f"客户{number}", f"138{number:08d}", "", "上海") for number in range(200))]
    turned = [HEADER, *reversed(rows[1:])]
    jobs = [bring(rows if at % 2 else turned, apply=False) for at in range(4)]
    failures: list[BaseException] = []

    def work(import_id: int) -> None:
        try:
            services.apply_import(actor=SYSTEM, import_id=import_id, at=AT)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=copy_context().run, args=[work, job.pk]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Customer.objects.count() == CustomerSearch.objects.count() == 200
    done = [counts(Import.objects.get(pk=job.pk)) for job in jobs]
    assert sorted(done) == [(0, 0, 200, 0)] * 3 + [(200, 0, 0, 0)]


def test_one_import_is_never_worked_on_twice(bring: Bring) -> None:
    job = bring(FIRST, apply=False)
    held = connection.copy()
    with held.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [engine.IMPORT_LOCK, job.pk])
        with pytest.raises(engine.ImportBusy):
            services.apply_import(actor=SYSTEM, import_id=job.pk, at=AT)
    held.close()
    assert not Customer.objects.exists()


def test_search_rows_lost_between_two_commits_are_made_when_the_import_goes_on(bring: Bring, digests: Digests) -> None:
    job = bring(FIRST)
    before = digests()
    # As a process leaves it that dies after the records are committed and before their search rows are.
    CustomerSearch.objects.all().delete()
    Import.objects.filter(pk=job.pk).update(status=Import.Status.APPLYING, applied_at=None)
    assert services.resume_import(actor=SYSTEM, import_id=job.pk, at=AT).status == Import.Status.APPLIED
    assert digests() == before
