"""Fields of files as a list's filters and columns."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Func, IntegerField, Q
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import IsNull
from django.utils.html import escape, format_html, format_html_join
from django.utils.translation import gettext, pgettext_lazy

from zhike.core.lists.operators import Asking
from zhike.core.lists.operators import Kind as Asked
from zhike.core.lists.registry import Column, Field
from zhike.metadata import filed, registry
from zhike.metadata.kinds import HOLDER, Known
from zhike.metadata.models import Kind
from zhike.metadata.sealed_parts import EMPTY

MOST_SHOWN = 3


def file_field(known: Known) -> Field:
    """Whether there is one, by the very words of the two indexes (`indexes.COUNT`), one for each answer. Of this
    expression PostgreSQL knows how often it is NULL, under policies too; of the operator `?` it knows nothing."""
    count = Func(KeyTransform(known.key, HOLDER), function="jsonb_array_length", output_field=IntegerField())

    def compiled(operator: str, _values: list[Any], _asking: Asking) -> Q:
        return Q(IsNull(count, operator == "empty"))

    return Field(
        key=known.name,
        label=known.lazily_named,
        kind=Asked.TEXT,
        reads=(known.path,),
        compile=compiled,
        operators=("filled", "empty"),
        section=pgettext_lazy("filter", "Own fields"),
    )


def file_column(known: Known) -> Column:
    alias = f"{HOLDER}_{known.key}"

    def opened(row: dict[str, Any]) -> None:
        """No list, of which a mask would leave nothing at all."""
        row[alias] = tuple(row[alias]) if row[alias] else None

    return Column(
        key=known.name,
        label=known.lazily_named,
        reads={alias: known.path},
        expressions={alias: KeyTransform(known.key, HOLDER)},
        opening=opened,
        cell=lambda row, style: _cell(known, row, row[alias]),
        text=lambda row: row[alias] if isinstance(row[alias], str) else filed.names(row[alias] or ()),
        is_default=False,
    )


def _cell(known: Known, row: Mapping[str, Any], value: Any) -> str:
    if not value:
        return EMPTY
    if isinstance(value, str):
        return escape(value)
    shelf = registry.shelf_of(known.record)
    shown = [(shelf.url(known.key, row["pk"], one["id"]), one["name"]) for one in value[:MOST_SHOWN]]
    small = [shelf.small_url(known.key, row["pk"], one["id"]) for one in value[:MOST_SHOWN]]
    if known.kind is Kind.IMAGE:
        links = format_html_join(
            "",
            '<a class="zk-thumb" href="{}" target="_blank" rel="noopener">'
            '<img src="{}" alt="{}" loading="lazy" decoding="async" data-small></a>',
            ((url, src, name) for (url, name), src in zip(shown, small, strict=True)),
        )
    else:
        links = format_html_join(gettext(", "), '<a href="{}" target="_blank" rel="noopener">{}</a>', shown)
    rest = len(value) - len(shown)
    more = format_html(' <span class="zk-quiet">+{}</span>', rest) if rest else ""
    # One piece also where a phone shows cells as lines of a card.
    return format_html("<span>{}{}</span>", links, more)
