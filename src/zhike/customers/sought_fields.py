"""Fields of the company's own in the search box: those that the design opens to it, and the searcher reads."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor, Sight
from zhike.core.text import grams, marking
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer, CustomerQuerySet
from zhike.customers.selectors.reaching import newest_reached
from zhike.metadata import guarding, pieces
from zhike.metadata.kinds import HOLDER, Known
from zhike.metadata.selectors import design_of

MOST = 30
CANDIDATES = 1000  # of each field; more have a frequent word
NEWEST = 2000  # of those whom one sees, are looked up one by one where a word is frequent
AROUND = 16  # characters of a value before what was found
LONGEST = 60
BEYOND = 2**63 - 1


def list_searched(actor: Actor) -> list[Known]:
    """A field that the actor does not read in full finds nobody, or finding would tell what it holds."""
    known = design_of(RECORD).known.values()
    return [one for one in known if one.is_searched and guarding.sight(actor, one) >= Sight.READ]


def find_by_fields(actor: Actor, typed: str) -> dict[int, str]:
    """Customers whom the actor sees, the newest first, to the field by which each was found."""
    searched, words = list_searched(actor), pieces.words_of(typed)
    if not searched or not words:
        return {}
    ids: set[int] = set()
    frequent: list[Known] = []
    with seeing_everything():
        for one in searched:
            # In no order: in that of the ids PostgreSQL would walk the table to find the first of them.
            held = list(Customer.objects.filter(pieces.having(one, words)).values_list("pk", flat=True)[:CANDIDATES])
            ids.update(_newest_saying(actor, one, words, held))
            if len(held) == CANDIDATES:
                frequent.append(one)
    # Of a frequent word the candidates may all be others' customers.
    newest = newest_reached(below=BEYOND, limit=NEWEST) if frequent else []
    for one in frequent:
        ids.update(_newest_saying(actor, one, words, newest))
    if not ids:
        return {}
    found = {}
    for pk, values in Customer.objects.visible_to(actor).filter(pk__in=ids).order_by("-pk").values_list("pk", HOLDER):
        told = next((said for one in searched if (said := _told(one, values.get(one.key), words, typed))), "")
        if told:
            found[pk] = told
    return found


def list_holding(actor: Actor, typed: str) -> list["QuerySet[Customer, Any]"]:
    """For each field the ids of all customers who have every word in it, whoever's they are."""
    searched, words = list_searched(actor), pieces.words_of(typed)
    if not words:
        return []
    rows: Sequence[CustomerQuerySet] = [
        Customer.objects.filter(pieces.having(one, words), pieces.saying(one, words)) for one in searched
    ]
    return [one.values("pk") for one in rows]


def _newest_saying(actor: Actor, one: Known, words: Sequence[pieces.Word], ids: Sequence[int]) -> list[int]:
    rows = Customer.objects.visible_to(actor).filter(pieces.saying(one, words), pk__in=ids)
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:MOST])


def _told(one: Known, value: object, words: Sequence[pieces.Word], typed: str) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or not pieces.is_said(grams.fold(text), words):
        return ""
    start = max(0, min((start for start, _end in marking.spans(text, typed)), default=0) - AROUND)
    return _("%(field)s: %(value)s") % {"field": one.named, "value": ("…" if start else "") + text[start:][:LONGEST]}
