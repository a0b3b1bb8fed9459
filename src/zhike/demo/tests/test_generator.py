"""The demo company is the same every time, and looks like a company."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from stdnum.cn import uscc

from zhike.demo import files
from zhike.demo.plan import Plan
from zhike.demo.population import population

END = date(2026, 3, 14)
SMALL = Plan(customers=3_000, orders=21_000, end_on=END)


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    path = tmp_path_factory.mktemp("demo") / "customers.csv"
    files.write_customers(SMALL, path)
    return pl.read_csv(path, infer_schema=False).fill_null("")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    path = tmp_path_factory.mktemp("demo") / "orders.parquet"
    files.write_orders(SMALL, path)
    return pl.read_parquet(path).with_columns(
        amount=pl.col("金额").cast(pl.Decimal(20, 2)), placed_on=pl.col("下单时间").str.slice(0, 10).str.to_date()
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_same_seed_writes_the_same_files(tmp_path: Path, suffix: str) -> None:
    plan = Plan(customers=300, orders=1_500, end_on=END, seed=7)
    sums = []
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        both = tmp_path / folder / f"c.{suffix}", tmp_path / folder / f"o.{suffix}"
        files.write_customers(plan, both[0])
        files.write_orders(plan, both[1])
        sums.append([files.checksum(path) for path in both])
    assert sums[0] == sums[1]


def test_another_seed_makes_other_customers(tmp_path: Path) -> None:
    sums = set()
    for seed in (1, 2):
        files.write_customers(Plan(customers=100, orders=0, end_on=END, seed=seed), tmp_path / "c.csv")
        sums.add(files.checksum(tmp_path / "c.csv"))
    assert len(sums) == 2


@pytest.mark.parametrize("orders", [1, 13, 250, 5_000])
def test_exactly_the_orders_asked_for_are_made(tmp_path: Path, orders: int) -> None:
    plan = Plan(customers=250, orders=orders, end_on=END)
    files.write_orders(plan, tmp_path / "o.csv")
    lines = pl.read_csv(tmp_path / "o.csv", infer_schema=False)
    assert lines["订单号"].n_unique() == orders


def test_one_line_an_order_where_asked_for(tmp_path: Path) -> None:
    plan = Plan(customers=500, orders=4_000, end_on=END, mean_lines=1)
    assert files.write_orders(plan, tmp_path / "o.parquet") == 4_000


def test_customers_carry_valid_codes_and_distinct_numbers(customers: pl.DataFrame) -> None:
    assert customers["客户编号"].n_unique() == len(customers) == SMALL.customers
    codes = [code for code in customers["统一社会信用代码"] if code]
    assert len(set(codes)) == len(codes) > 300
    assert all(uscc.is_valid(code) for code in codes)
    firms = customers.filter(pl.col("客户类型") == "企业")
    assert 0.12 < len(firms) / len(customers) < 0.18


def test_the_customer_file_is_as_dirty_as_real_ones(customers: pl.DataFrame) -> None:
    phones = customers["手机号"]
    assert phones.str.contains("[０-９]").sum() > 5
    assert phones.str.contains(r"^\d{3} \d{4} \d{4}$").sum() > 20
    assert (phones == "").sum() > 100
    plain = phones.str.replace_all(r"[ \-]|^\+86 ", "").filter(phones != "")
    assert 10 < plain.len() - plain.n_unique() < 80
    assert customers["建档日期"].str.contains("/").sum() > 100


def test_orders_lie_in_the_months_asked_for(lines: pl.DataFrame) -> None:
    assert lines["placed_on"].min() == SMALL.first_on
    assert lines["placed_on"].max() == END


def test_value_is_heavy_tailed(lines: pl.DataFrame) -> None:
    spent = lines.filter(pl.col("客户编号") != "").group_by("客户编号").agg(pl.col("amount").cast(float).sum())
    amounts = np.sort(spent["amount"].to_numpy())[::-1]
    share = np.cumsum(amounts) / amounts.sum()
    assert 0.12 < share[len(amounts) // 100] < 0.40
    assert 0.65 < share[len(amounts) // 5] < 0.90


def test_customers_really_leave() -> None:
    gone = population(SMALL, 0).ends < SMALL.day_count - 120
    assert 0.3 < gone.mean() < 0.7


def test_those_who_left_buy_no_more(lines: pl.DataFrame) -> None:
    people = population(SMALL, 0)
    last_day = dict(zip(people.number.tolist(), np.maximum(people.ends, people.came + 1).tolist(), strict=True))
    sales = lines.filter(pl.col("订单号").str.starts_with("QH"), pl.col("客户编号") != "")
    numbers = (sales["客户编号"].str.slice(1).cast(int) - 1).to_list()
    days = (sales["placed_on"] - SMALL.first_on).dt.total_days().to_list()
    assert all(day < last_day[number] + 1 for number, day in zip(numbers, days, strict=True))


def test_seasons_show(lines: pl.DataFrame) -> None:
    by_day = lines.group_by("placed_on").agg(pl.col("订单号").n_unique().alias("orders"))
    counts: dict[date, int] = dict(by_day.iter_rows())
    ordinary = float(np.median(list(counts.values())))
    assert counts[date(2025, 11, 11)] > 2.5 * ordinary
    assert counts[date(2025, 6, 18)] > 2 * ordinary
    feast = [counts.get(date(2026, 2, day), 0) for day in range(16, 23)]  # New Year was on 17 February 2026
    assert sum(feast) / 7 < 0.6 * ordinary


def test_refunds_are_negative_and_anonymous_orders_are_kept(lines: pl.DataFrame) -> None:
    orders = lines.group_by("订单号").agg(pl.col("amount").sum(), pl.col("客户编号").first())
    refunds = orders.filter(pl.col("订单号").str.starts_with("TK"))
    assert len(refunds) == round(0.03 * SMALL.orders)
    assert (refunds["amount"] < 0).all()
    anonymous = orders.filter((pl.col("客户编号") == "") & pl.col("订单号").str.starts_with("QH"))
    assert abs(len(anonymous) / SMALL.orders - 0.05) < 0.002


def test_amounts_are_quantity_times_price(lines: pl.DataFrame) -> None:
    worked_out = lines["数量"].cast(pl.Int64) * lines["单价"].cast(pl.Decimal(20, 2))
    assert (worked_out.cast(pl.Decimal(20, 2)) == lines["amount"]).all()
