"""Typed columns as text that loses nothing: what a person would have typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polars import DataFrame, DataType, Expr


def as_text(frame: DataFrame) -> DataFrame:
    """Every column as text; empty text counts as no value."""
    return frame.with_columns(_text(name, dtype) for name, dtype in frame.schema.items())


def _text(name: str, dtype: DataType) -> Expr:
    import polars as pl

    column = pl.col(name)
    if dtype == pl.String:
        text = column
    elif dtype.is_float():
        text = _float_text(column)
    elif isinstance(dtype, pl.Datetime):
        text = _datetime_text(column, has_zone=dtype.time_zone is not None)
    elif dtype == pl.Boolean:
        text = pl.when(column).then(pl.lit("true")).when(column.not_()).then(pl.lit("false"))
    elif isinstance(dtype, pl.Struct):
        text = column.struct.json_encode()
    elif isinstance(dtype, pl.List | pl.Array):
        text = pl.struct(column.alias("list")).struct.json_encode().str.strip_prefix('{"list":').str.strip_suffix("}")
    elif dtype == pl.Binary:
        text = column.bin.encode("hex")
    elif dtype == pl.Null:
        text = pl.lit(None, dtype=pl.String)
    else:
        text = column.cast(pl.String)
    return pl.when(text != "").then(text).alias(name)


def _float_text(column: Expr) -> Expr:
    """17850.0 as 17850; anything else as the shortest text that reads back as the same number."""
    import polars as pl

    whole = column.is_finite() & (column == column.round(0)) & (column.abs() < 2**53)
    return (
        pl.when(whole)
        .then(column.cast(pl.Int64, strict=False).cast(pl.String))
        .when(column.is_finite())
        .then(column.cast(pl.String))
    )


def _datetime_text(column: Expr, *, has_zone: bool) -> Expr:
    import polars as pl

    zone = "%:z" if has_zone else ""
    return (
        pl.when(column.dt.timestamp("us") % 1_000_000 == 0)
        .then(column.dt.strftime(f"%Y-%m-%d %H:%M:%S{zone}"))
        .otherwise(column.dt.strftime(f"%Y-%m-%d %H:%M:%S%.f{zone}"))
    )
