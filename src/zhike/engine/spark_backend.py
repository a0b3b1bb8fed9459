"""Ibis on Spark with rows as Arrow, both ways.

Ibis goes by pandas, which turns whole numbers with a null among them into binary fractions and takes decimals one by
one; Spark speaks Arrow since its release 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ibis.backends.pyspark import Backend
from ibis.formats.pyarrow import PyArrowData

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    import pyarrow as pa
    from pyspark.sql import DataFrame


class SparkBackend(Backend):
    """Ibis's backend, for one session."""

    def frame(self, rows: ir.Expr, *, params: Mapping[ir.Scalar, Any] | None = None, limit: Any = None) -> DataFrame:
        """The rows as Spark has them, not computed yet."""
        self._run_pre_execute_hooks(rows)
        return self._session.sql(self.compile(rows.as_table(), params=params, limit=limit))

    def to_pyarrow(
        self,
        expr: ir.Expr,
        /,
        *,
        params: Mapping[ir.Scalar, Any] | None = None,
        limit: int | str | None = None,
        **_others: Any,
    ) -> pa.Table:
        rows = self.frame(expr, params=params, limit=limit).toArrow()
        return expr.__pyarrow_result__(PyArrowData.convert_table(rows, expr.as_table().schema()))

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows).createOrReplaceTempView(op.name)
