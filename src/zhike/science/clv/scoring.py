"""A fitted model's answers for every customer; computed once for each history, however many customers share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zhike.science.clv.histories import KEYS, Floats, Histories

if TYPE_CHECKING:
    import ibis.expr.types as ir


class RepeatModel(Protocol):
    """What every fitted model of repeat purchases answers. name: its own, which may be that of a reduced one."""

    @property
    def name(self) -> str: ...

    def p_alive(self, histories: Histories) -> Floats: ...

    def expected_purchases(self, histories: Histories, *, time: float) -> Floats: ...


def score_repeat_purchases(rows: ir.Table, model: RepeatModel, *, weeks: float) -> ir.Table:
    """How likely each customer still is one, and how often they are expected to buy.

    rows: of :func:`zhike.science.purchases.calibrated_summary`, asked twice, so computed already where it is costly.
    weeks: how far to look, from the day of the histories.
    Returns customer_id, p_alive (0 to 1) and expected_purchases.
    """
    import ibis
    import pyarrow as pa

    distinct = rows.select(*KEYS).distinct().to_pyarrow()
    histories = Histories.of_arrow(distinct)
    answers = pa.table(
        {
            **{name: distinct[name] for name in KEYS},
            "p_alive": model.p_alive(histories),
            "expected_purchases": model.expected_purchases(histories, time=weeks),
        }
    )
    return rows.inner_join(ibis.memtable(answers), KEYS).select("customer_id", "p_alive", "expected_purchases")
