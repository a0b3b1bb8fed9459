"""Encrypted fields as a list's filters and columns."""

from typing import Any

from django.db.models import Q
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from zhike.core.fields import COVERED
from zhike.core.lists.operators import Asking
from zhike.core.lists.operators import Kind as Asked
from zhike.core.lists.registry import Column, Field
from zhike.metadata import registry
from zhike.metadata.kinds import HOLDER, Known
from zhike.metadata.models import Kind

EMPTY = SafeString('<span class="zk-quiet">—</span>')


def sealed_field(known: Known) -> Field:
    """By keyed digests alone: a value must stand in no address, so that it is asked for on a page of its own."""
    vault = registry.vault_of(known.record)

    def compiled(operator: str, values: list[Any], asking: Asking) -> Q:
        if operator == "is":
            return vault.marked(known.name, [str(one) for one in values])
        return vault.filled(known.name) if operator == "filled" else ~vault.filled(known.name)

    return Field(
        key=known.name,
        label=known.lazily_named,
        kind=Asked.TEXT,
        reads=(known.path,),
        compile=compiled,
        naming=lambda values: dict.fromkeys(values, COVERED),
        operators=("is", "filled", "empty"),
        section=pgettext_lazy("filter", "Own fields"),
        is_typed=False,
    )


def sealed_column(known: Known) -> Column:
    vault, alias = registry.vault_of(known.record), f"{HOLDER}_{known.key}"

    def opened(row: dict[str, Any]) -> None:
        row[alias] = vault.open_row(known.name, row, pk=row["pk"])

    return Column(
        key=known.name,
        label=known.lazily_named,
        reads={alias: known.path},
        expressions=vault.columns(known.name),
        opening=opened,
        cell=lambda row, style: escape(row[alias]) if row[alias] else EMPTY,
        text=lambda row: row[alias],
        is_default=False,
        edit=known.name if known.kind is not Kind.LONG_TEXT else "",
    )
