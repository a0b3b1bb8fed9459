"""Follow-ups and notes in the search box, by their words, as far back as `sought.NEWEST_NOTES`."""

from collections.abc import Iterable

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.finder import Asked, Found, Kind, Rank
from zhike.core.text import grams, marking
from zhike.customers.guarded import ACTIVITY, shown_name
from zhike.customers.models import Activity

MOST = 30
AROUND = 24  # characters of the text before what was found
LONGEST = 120
_FOUND = "SELECT * FROM customers_notes_found(%s::text[], %s::text[], %s)"


def find(asked: Asked) -> list[Found]:
    words = asked.folded.split()
    if not words or not fields.reads(asked.actor, [ACTIVITY]) or any(_is_too_short(word) for word in words):
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, [_patterns(words), _patterns(asked.typed.lower().split()), MOST])
        ids = [pk for (pk,) in cursor.fetchall()]
    if not ids:
        return []
    rows = Activity.objects.visible_to(asked.actor).filter(pk__in=ids).select_related("customer").order_by("-pk")
    found = [_found(asked.actor, row, words, asked.typed) for row in rows]
    return [one for one in found if one is not None]


def _is_too_short(word: str) -> bool:
    return len(word) < (3 if word.isascii() else 2)


def _patterns(words: Iterable[str]) -> list[str]:
    return [f"%{grams.escape(word)}%" for word in words]


def _found(actor: Actor, row: Activity, words: list[str], typed: str) -> Found | None:
    """None where the words stand in what the actor does not see of the text, such as a masked number."""
    text = " ".join(fields.shown_within(actor, row.text).split())
    if not all(word in grams.fold(text) for word in words):
        return None
    start = max(0, min((start for start, _end in marking.spans(text, typed)), default=0) - AROUND)
    shown = ("…" if start else "") + text[start : start + LONGEST]
    on = timezone.localtime(row.happened_at).date().isoformat()
    return Found(
        title=shown,
        detail=f"{shown_name(actor, row.customer.name)} · {on}",
        url=reverse("show_customer", args=[row.customer_id]),
        rank=Rank.WITHIN,
    )


KIND = Kind(
    key="customers.activity",
    label=_("Follow-ups and notes"),
    icon="note",
    order=40,
    permission="customers.view_customer",
    find=find,
)
