"""Order files: lines, orders, the customers and products they name, and the two real files."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from django.db.models import Sum

from zhike.commerce.models import Order, OrderLine, Product
from zhike.commerce.selectors import get_totals
from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer
from zhike.exchange import services
from zhike.exchange.models import Import
from zhike.recovery import services as recovery
from zhike.recovery.models import Binned

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
HEADER = ("订单号", "下单时间", "客户编号", "商品编码", "商品名称", "数量", "单价")
LINES = [
    ("N1", "2026-11-01 10:00", "A1", "P1", "茶", "2", "9.95"),
    ("N2", "2026-11-01 11:00", "A2", "P1", "茶", "1", "9.95"),
    ("N1", "2026-11-01 10:00", "A1", "P2", "杯", "1", "30.000001"),
    ("N1", "2026-11-01 10:00", "A1", "P1", "茶", "1", "9.95"),
    ("C3", "2026-11-02", "", "P2", "杯", "-1", "30"),
]
Bring = Callable[..., Import]
Digests = Callable[[], dict[str, str]]


def counts(job: Import) -> tuple[int, int, int, int]:
    """New, updated, unchanged, refused."""
    return job.new_count, job.updated_count, job.unchanged_count, job.refused_count


def test_lines_that_stand_apart_make_one_order(bring: Bring) -> None:
    job = bring([HEADER, *LINES])
    assert counts(job) == (5, 0, 0, 0)
    assert job.created == {"customers": 2, "identifiers": 2, "products": 2, "orders": 3, "lines": 5}
    assert job.amount == Decimal("39.800001")
    order = Order.objects.get(number="N1")
    assert (order.total_amount, order.line_count, order.kind) == (Decimal("59.850001"), 3, "sale")
    assert order.placed_at == datetime(2026, 11, 1, 2, tzinfo=UTC)
    assert order.customer is not None
    assert order.customer.name == "A1"
    found = order.lines.order_by("pk").values_list("product__code", "occurrence", "quantity")
    assert list(found) == [("P1", 1, 2), ("P2", 1, 1), ("P1", 2, 1)]
    refund = Order.objects.get(number="C3")
    assert (refund.kind, refund.customer_id, refund.total_amount) == ("refund", None, -30)


def test_the_same_lines_again_change_nothing_in_whatever_order_they_stand(bring: Bring, digests: Digests) -> None:
    bring([HEADER, *LINES])
    before = digests()
    assert counts(bring([HEADER, *LINES])) == (0, 0, 5, 0)
    assert digests() == before


def test_a_corrected_and_an_added_line_renew_the_sum(bring: Bring, digests: Digests) -> None:
    bring([HEADER, *LINES])
    before = digests()
    job = bring(
        [
            HEADER,
            ("N2", "2026-11-01 11:00", "A2", "P1", "茶", "3", "9.95"),
            ("N2", "2026-11-01 11:00", "A2", "P3", "壶", "1", "100"),
        ]
    )
    assert counts(job) == (1, 1, 0, 0)
    order = Order.objects.get(number="N2")
    assert (order.total_amount, order.line_count, order.version) == (Decimal("129.85"), 2, 2)
    services.undo_import(actor=SYSTEM, import_id=job.pk, at=AT)
    assert digests() == before


def test_equal_purchases_without_a_number_survive(bring: Bring) -> None:
    rows = [
        ("客户编号", "日期", "金额"),
        ("7", "20260101", "9.90"),
        ("8", "20260101", "9.9"),
        ("7", "20260101", "9.90"),
    ]
    job = bring(rows)
    assert job.created == {"customers": 2, "identifiers": 2, "orders": 3, "lines": 3}
    assert counts(bring(rows)) == (0, 0, 3, 0)
    assert counts(bring([*rows, ("7", "20260101", "9.9")])) == (1, 0, 3, 0)


def test_rows_that_cannot_be_are_refused_and_the_rest_goes_in(bring: Bring) -> None:
    header = ("订单号", "下单时间", "客户编号", "金额", "币种")
    job = bring(
        [
            header,
            ("N1", "2023-02-30", "A1", "5", ""),
            ("N2", "2023-02-28", "A1", "", ""),
            ("N3", "2023-02-28", "A1", "5", "金币"),
            ("N4", "2023-02-28", "A1", "5", "usd"),
            ("N" * 101, "2023-02-28", "A1", "5", ""),
        ]
    )
    assert counts(job) == (1, 0, 0, 4)
    assert Order.objects.get().currency == "USD"
    assert job.refused_file is not None
    lines = job.refused_file.read_text("utf-8").splitlines()
    assert len(lines) == 5
    assert "100" in lines[-1].rpartition(",")[2]


def test_undo_takes_orders_customers_and_products_back(bring: Bring, digests: Digests) -> None:
    nothing = digests()
    job = bring([HEADER, *LINES])
    undone = services.undo_import(actor=SYSTEM, import_id=job.pk, at=AT)
    assert undone.kept_count == 0
    assert digests() == nothing


def test_undo_leaves_what_a_later_import_built_upon(bring: Bring) -> None:
    first = bring([HEADER, *LINES])
    bring([HEADER, ("N1", "2026-11-01 10:00", "A1", "P9", "碗", "1", "5")])
    undone = services.undo_import(actor=SYSTEM, import_id=first.pk, at=AT)
    kept = {(kept["table"], kept["label"], kept["reason"]) for kept in undone.kept}
    assert ("commerce_order", "N1", "edited") in kept
    assert ("customers_customer", "A1", "used") in kept
    order = Order.objects.get()
    assert (order.number, order.line_count, order.lines.count()) == ("N1", 4, 4)
    assert order.total_amount == order.lines.aggregate(sum=Sum("amount"))["sum"]


def test_products_of_an_order_in_the_bin_outlive_the_undo_of_their_import(bring: Bring) -> None:
    job = bring([HEADER, *LINES])
    order = Order.objects.get(number="N1")
    was = sorted(order.lines.values_list("pk", "product_id", "occurrence", "amount"))
    recovery.bin_records(actor=SYSTEM, kind="commerce.order", record_ids=[order.pk], at=AT)
    services.undo_import(actor=SYSTEM, import_id=job.pk, at=AT)
    assert not Order.objects.exists()
    assert Product.objects.count() == 2
    recovery.restore_records(actor=SYSTEM, binned_ids=[Binned.objects.get().pk])
    assert sorted(OrderLine.objects.values_list("pk", "product_id", "occurrence", "amount")) == was
    assert Order.objects.get().total_amount == order.total_amount


def test_order_files_name_customers_by_phone_too(bring: Bring) -> None:
    bring([("客户编号", "姓名", "手机"), ("A1", "王伟", "13800138000")])
    bring(
        [("订单号", "下单时间", "收货人", "手机", "金额"), ("N1", "2026-11-01", "王伟", "138-0013-8000", "88")],
        name="shop.csv",
    )
    assert Order.objects.get().customer == Customer.objects.get(name="王伟")


# --- real files ----------------------------------------------------------------------------------------------------


def test_cdnow_comes_in_whole(bring: Bring, trial_data: Path) -> None:
    file = trial_data / "cdnow" / "CDNOW_master.txt"
    job = bring(file)
    # Counted straight from the file.
    rows = [line.split() for line in file.read_text("ascii").splitlines()[1:]]
    amount = sum(Decimal(row[3]) for row in rows)
    assert (job.kind, counts(job)) == ("orders", (69_659, 0, 0, 0))
    assert Customer.objects.count() == len({row[0] for row in rows}) == 23_570
    assert Order.objects.count() == OrderLine.objects.count() == len(rows) == 69_659
    assert job.amount == amount
    totals = get_totals(actor=SYSTEM)
    assert (totals["orders"], Decimal(totals["amount"])) == (69_659, amount)
    assert counts(bring(file)) == (0, 0, 69_659, 0)


def test_online_retail_comes_in_whole_whatever_the_format(bring: Bring, trial_data: Path, tmp_path: Path) -> None:
    file = trial_data / "online_retail" / "online_retail.parquet"
    frame = pl.read_parquet(file)
    job = bring(file)
    assert counts(job) == (541_909, 0, 0, 0)
    assert Customer.objects.count() == 4_372
    assert Order.objects.count() == 25_900
    assert OrderLine.objects.count() == 541_909
    assert Product.objects.count() == 4_070
    assert job.amount == Decimal("9747747.934")
    assert Decimal(get_totals(actor=SYSTEM)["amount"]) == Decimal("9747747.934")
    anonymous = frame.filter(pl.col("CustomerID").is_null()).height
    assert OrderLine.objects.filter(order__customer=None).count() == anonymous == 135_080
    table = tmp_path / "online_retail.csv"
    table.write_bytes(frame.write_csv().encode("gb18030"))
    assert counts(bring(table)) == (0, 0, 541_909, 0)


def test_a_workbook_gives_what_the_parquet_gives(bring: Bring, trial_data: Path, tmp_path: Path) -> None:
    frame = pl.read_parquet(trial_data / "online_retail" / "online_retail.parquet").head(20_000)
    sheet, same = tmp_path / "online_retail.xlsx", tmp_path / "online_retail.parquet"
    frame.write_excel(sheet)
    frame.write_parquet(same)
    job = bring(same)
    assert counts(bring(sheet)) == (0, 0, 20_000, 0)
    assert job.amount == exact_amount(frame)


def exact_amount(frame: pl.DataFrame) -> Decimal:
    pairs: list[tuple[Any, Any]] = list(frame.select("Quantity", "UnitPrice").iter_rows())
    return sum((Decimal(quantity) * Decimal(repr(price)) for quantity, price in pairs), Decimal(0))
