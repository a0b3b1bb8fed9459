"""Figures for the style guide: one of each kind."""

from decimal import Decimal

from zhike.ui import charts
from zhike.ui.charts import Datum, Figure, Level, Series, Unit

CNY = Unit(kind="money", currency="CNY")


def sample_charts() -> list[Figure]:
    return [_pyramid(), _by_grade(), _rfm(), _by_month(), _cohorts(), _forecast()]


def _pyramid() -> Figure:
    return charts.pyramid(
        title="1% 的重要客户带来 31.2% 的收入",
        subtitle="近 12 个月，20,000 位客户",
        level_title="价值等级",
        count_title="客户数",
        share_title="收入占比",
        levels=[
            Level(label="重要", count=200, share=Decimal("0.312"), href="?grade=top"),
            Level(label="次要", count=3_800, share=Decimal("0.441"), href="?grade=high"),
            Level(label="普通", count=6_000, share=Decimal("0.182"), href="?grade=normal"),
            Level(label="小客户", count=10_000, share=Decimal("0.065"), href="?grade=small"),
        ],
    )


def _by_grade() -> Figure:
    values = {"重要": "1284536.6", "次要": "1816702", "普通": "749355.1", "小客户": "267404.25"}
    return charts.bar(
        title="各价值等级的收入",
        subtitle="近 12 个月，人民币",
        columns=list(values),
        column_title="价值等级",
        unit=CNY,
        sideways=True,
        series=[Series(name="收入", data=[Datum(value=Decimal(value), href="?") for value in values.values()])],
    )


def _rfm() -> Figure:
    return charts.heatmap(
        title="近期又常来的客户最多",
        subtitle="客户数，R 与 F 各五分",
        row_title="R",
        column_title="F",
        columns=["1", "2", "3", "4", "5"],
        rows=[
            Series(
                name=str(r),
                data=[Datum(value=(r * f) ** 2 * 3 + 120 * (6 - r), href=f"?r={r}&f={f}") for f in range(1, 6)],
            )
            for r in range(5, 0, -1)
        ],
    )


def _by_month() -> Figure:
    months = [f"2025-{month:02}" for month in range(1, 13)]
    return charts.bar(
        title="每月收入",
        subtitle="近 12 个月，人民币",
        columns=months,
        column_title="月份",
        unit=CNY,
        series=[
            Series(name="收入", data=[Datum(value=180_000 + (place * 7919) % 97_000, href="?") for place in range(12)])
        ],
    )


def _cohorts() -> Figure:
    return charts.heatmap(
        title="首购后第 1 个月的复购率稳定在 30% 上下",
        subtitle="按首购月份分组，仍有下单的客户占比",
        row_title="首购月份",
        column_title="第几个月",
        columns=[str(month) for month in range(12)],
        unit=Unit(kind="percent", digits=0),
        rows=[
            Series(
                name=f"2025-{start + 1:02}",
                data=[
                    Datum(value=None if start + age > 11 else 1 if age == 0 else 0.34 / (1 + age * 0.22), href="?")
                    for age in range(12)
                ],
            )
            for start in range(12)
        ],
    )


def _forecast() -> Figure:
    months = [f"2025-{month:02}" for month in range(1, 13)]
    fitted = [
        Datum(value=520 + place * 14, low=500 + place * 8, high=540 + place * 20) for place, _month in enumerate(months)
    ]
    return charts.line(
        title="每月活跃客户",
        subtitle="位，阴影为 80% 区间",
        columns=months,
        column_title="月份",
        series=[
            Series(name="预计", data=fitted),
            Series(name="实际", data=[Datum(value=510 + place * 17 - place % 3 * 20) for place in range(12)]),
        ],
    )
