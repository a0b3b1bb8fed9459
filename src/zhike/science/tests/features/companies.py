"""Companies with every source, made by chance, and the features once more by the word of their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import mean, stdev
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

SHANGHAI = ZoneInfo("Asia/Shanghai")
AS_OF = date(2026, 3, 31)
_MOMENT = pa.timestamp("us", tz="UTC")
_KEYS = {"customer_id": pa.int64(), "key": pa.string(), "at": _MOMENT}
SCHEMAS = {
    "orders": pa.schema({**_KEYS, "amount": pa.float64(), "known_at": _MOMENT}),
    "lines": pa.schema({**_KEYS, "amount": pa.float64(), "category": pa.string()}),
    "events": pa.schema({**_KEYS, "kind": pa.string()}),
    "tickets": pa.schema({**_KEYS, "resolved_at": _MOMENT, "is_complaint": pa.bool_(), "updated_at": _MOMENT}),
    "surveys": pa.schema({**_KEYS, "score": pa.int64()}),
    "loyalty": pa.schema({**_KEYS, "points": pa.int64()}),
}

type Rows = dict[str, list[dict[str, Any]]]


def company(seed: int, *, facts: int = 60) -> Rows:
    """Facts of a year and a half around the day, a third of them after it, some of nobody, some that came late."""
    chance = np.random.default_rng(seed)
    first = datetime(2025, 1, 1, tzinfo=UTC)

    def moment() -> datetime:
        return first + timedelta(minutes=int(chance.integers(0, 600 * 24 * 60)))

    rows: Rows = {}
    for name in SCHEMAS:
        rows[name] = []
        for number in range(facts):
            at = moment()
            row: dict[str, Any] = {
                "customer_id": None if chance.random() < 0.03 else int(chance.integers(1, 9)),
                "key": f"{name}-{number}",
                "at": at,
            }
            late = at + timedelta(days=int(chance.integers(0, 40)) if chance.random() < 0.3 else 0)
            rows[name].append(row | _values(name, chance, at, late))
    return rows


def _values(name: str, chance: Any, at: datetime, late: datetime) -> dict[str, Any]:
    amount = float(chance.integers(-40, 160)) / 4
    match name:
        case "orders":
            return {"amount": amount, "known_at": late}
        case "lines":
            return {"amount": amount, "category": str(chance.choice(["tea", "cups", "trays"]))}
        case "events":
            return {"kind": str(chance.choice(["visit", "search"]))}
        case "tickets":
            resolved = at + timedelta(days=20) if chance.random() < 0.6 else None
            return {"resolved_at": resolved, "is_complaint": bool(chance.random() < 0.4), "updated_at": late}
        case "surveys":
            return {"score": int(chance.integers(0, 11))}
    return {"points": int(chance.integers(-50, 100))}


def tables(rows: Rows) -> dict[str, ir.Table]:
    return {name: ibis.memtable(pa.Table.from_pylist(facts, schema=SCHEMAS[name])) for name, facts in rows.items()}


def slow_features(rows: Rows, customer: int, *, as_of: date) -> Mapping[str, Any]:
    """Some of the standard features of one customer, each as one would count it by hand."""

    def age(moment: datetime) -> int:
        return (as_of - moment.astimezone(SHANGHAI).date()).days

    def own(name: str) -> list[dict[str, Any]]:
        known = [row for row in rows[name] if row["customer_id"] == customer and age(row["at"]) >= 0]
        return [row for row in known if age(row.get("known_at") or row["at"]) >= 0]

    bought = [row for row in own("orders") if row["amount"] >= 0]
    days = sorted({age(row["at"]) for row in bought}, reverse=True)
    gaps = [before - after for before, after in pairwise(days)]
    spent: dict[str, float] = {}
    for row in own("lines"):
        if row["amount"] > 0:
            spent[row["category"]] = spent.get(row["category"], 0) + row["amount"]
    total = sum(spent.values())
    scores = sorted((row["at"], row["score"]) for row in own("surveys"))
    recent = [row for row in bought if age(row["at"]) < 91]
    before = [row for row in bought if 91 <= age(row["at"]) < 182]
    return {
        "recency_days": min(days, default=None),
        "tenure_days": max(days, default=None),
        "orders": len(bought),
        "orders_91d": len(recent),
        "orders_92_182d": len(before),
        "orders_trend": (len(recent) - len(before)) / (len(recent) + len(before)) if recent or before else None,
        "orders_same_season": sum(1 for row in bought if 274 <= age(row["at"]) < 365),
        "amount_91d": sum(row["amount"] for row in recent),
        "refunds_365d": sum(1 for row in own("orders") if row["amount"] < 0 and age(row["at"]) < 365),
        "weekend_orders": sum(1 for row in bought if row["at"].astimezone(SHANGHAI).weekday() >= 5),
        "purchase_days": len(days),
        "mean_gap_days": mean(gaps) if gaps else None,
        "gap_sd_days": stdev(gaps) if len(gaps) > 1 else None,
        "longest_gap_days": max(gaps, default=None),
        "silence_ratio": min(days) / mean(gaps) if gaps else None,
        "categories": len(spent),
        "largest_category_rate": max(spent.values()) / total if spent else None,
        "main_category": min(spent, key=lambda name: (-spent[name], name)) if spent else None,
        "events_30d": sum(1 for row in own("events") if age(row["at"]) < 30),
        "tickets_365d": sum(1 for row in own("tickets") if age(row["at"]) < 365),
        "open_tickets": sum(
            1
            for row in own("tickets")
            if row["resolved_at"] is None or age(row["resolved_at"]) < 0 or age(row["updated_at"]) < 0
        ),
        "last_score": scores[-1][1] if scores else None,
        "mean_score": mean(score for _, score in scores) if scores else None,
        "points_balance": sum(row["points"] for row in own("loyalty")),
        "days_since_points": min((age(row["at"]) for row in own("loyalty")), default=None),
    }
