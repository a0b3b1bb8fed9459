"""Normal forms of whole columns: ordinary values in Polars, each odd one once in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zhike.core.text import normal
from zhike.core.text.normal import Checked

if TYPE_CHECKING:
    from polars import Series

PLAIN = r"^[!-&(-~\u4e00-\u9fff][!-~\u4e00-\u9fff]*( [!-~\u4e00-\u9fff]+)*$"
PLAIN_EMAIL = r"^[a-z0-9._+-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}$"
PLAIN_MOBILE = r"^(?:\+?86[ -]?)?(1[3-9][0-9]{9})$"


def check_distinct(values: Series, check: Callable[[str], Checked]) -> tuple[Series, Series]:
    """The normal forms and reasons of a column, asking once for each distinct value."""
    import polars as pl

    distinct = values.drop_nulls().unique()
    answers = [check(value) for value in distinct]
    normals = pl.Series([answer[0] for answer in answers], dtype=pl.String)
    reasons = pl.Series([answer[1] for answer in answers], dtype=pl.String)
    found = pl.DataFrame({"value": values}).join(
        pl.DataFrame({"value": distinct, "normal": normals, "reason": reasons}),
        on="value",
        how="left",
        maintain_order="left",
    )
    return found["normal"], found["reason"]


def check_rest(values: Series, done: Series, check: Callable[[str], Checked]) -> tuple[Series, Series]:
    """`done` where it is given; the others by the careful check."""
    import polars as pl

    rest = values.is_not_null() & done.is_null()
    if not rest.any():
        return done, pl.repeat(None, values.len(), dtype=pl.String, eager=True)
    normals, reasons = check_distinct(values.zip_with(rest, pl.Series([None], dtype=pl.String)), check)
    return done.zip_with(done.is_not_null(), normals), reasons


def check_texts(values: Series) -> tuple[Series, Series]:
    import polars as pl

    plain = values.str.contains(PLAIN)
    return check_rest(
        values, values.zip_with(plain.fill_null(False), pl.Series([None], dtype=pl.String)), normal.check_text
    )


def check_phones(values: Series, region: str = "CN") -> tuple[Series, Series]:
    import polars as pl

    if region != "CN":
        return check_distinct(values, lambda value: normal.check_phone(value, region))
    mobile = pl.Series(["+86"]) + values.str.extract(PLAIN_MOBILE)
    return check_rest(values, mobile, normal.check_phone)


def check_emails(values: Series) -> tuple[Series, Series]:
    import polars as pl

    lower = values.str.strip_chars().str.to_lowercase()
    plain = lower.str.contains(PLAIN_EMAIL).fill_null(False)
    return check_rest(values, lower.zip_with(plain, pl.Series([None], dtype=pl.String)), normal.check_email)


def check_codes(values: Series) -> tuple[Series, Series]:
    import polars as pl

    plain = values.str.contains(r"^[0-9A-Za-z_-]+$") & ~values.str.contains(r"^[0-9][eE][0-9]")
    nothing = pl.Series([None], dtype=pl.String)
    return check_rest(values, values.zip_with(plain.fill_null(False), nothing), normal.check_code)


def map_distinct(values: Series, form: Callable[[str], str]) -> Series:
    """The form of every value, made once for each distinct one: names, readings."""
    import polars as pl

    distinct = values.drop_nulls().unique()
    forms = pl.DataFrame({"value": distinct, "form": pl.Series(map(form, distinct), dtype=pl.String)})
    return pl.DataFrame({"value": values}).join(forms, on="value", how="left", maintain_order="left")["form"]
