"""A check as every part of the app needs it, whoever made it: Zhike, or the company."""

from dataclasses import dataclass

from django.utils.functional import Promise

from zhike.quality.choices import Dimension, Item, Severity

type Label = str | Promise


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule that can find something.

    record, field: what it is about, in the registry of fields. sql: rows item_id, customer_id and value of what is not
    right, from the tables of `quality.reading`. reads: every field that a finding tells of. permission: what seeing
    findings takes besides, for every customer whom somebody sees. fix: which of `quality.fixes` mends it; empty: only
    people can. is_own: made by the company.
    """

    key: str
    record: str
    field: str
    dimension: Dimension
    severity: Severity
    label: Label
    meaning: Label
    sql: str
    reads: tuple[str, ...]
    item: Item = Item.CUSTOMER
    permission: str = ""
    fix: str = ""
    is_own: bool = False
