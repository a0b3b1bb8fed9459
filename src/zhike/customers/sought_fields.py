"""Fields of the company's own in the search box: those that the design opens to it, and the searcher reads."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext as _

from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor, Sight
from zhike.core.text import marking
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer, CustomerQuerySet
from zhike.customers.selectors.reaching import newest_reached
from zhike.metadata import guarding, searches
from zhike.metadata.kinds import HOLDER, Known
from zhike.metadata.searches import Asking
from zhike.metadata.selectors import design_of

MOST = 30
CANDIDATES = 1000  # of each field; more have a frequent word
NEWEST = 2000  # of those whom one sees, are looked up one by one where a word is frequent
STRETCH = 200  # are read at once; mostly enough of them have the words
AROUND = 16  # characters of a value before what was found
LONGEST = 60
BEYOND = 2**63 - 1

# What the field is called, as it stands before the value; and of the value what was found.
type Said = tuple[str, str]


def list_searched(actor: Actor) -> list[Known]:
    """A field that the actor does not read in full finds nobody, or finding would tell what it holds."""
    known = design_of(RECORD).known.values()
    return [one for one in known if one.is_searched and guarding.sight(actor, one) >= Sight.READ]


def find_by_fields(actor: Actor, typed: str) -> dict[int, Said]:
    """Customers whom the actor sees, the newest first, to the field by which each was found."""
    askings = _askings(actor, typed)
    found: dict[int, Said] = {}
    frequent: list[tuple[Known, Asking]] = []
    for one, asking in askings:
        with seeing_everything():
            # In no order: in that of the ids PostgreSQL would walk the table to find the first of them.
            held = list(Customer.objects.filter(asking.having()).values_list("pk", flat=True)[:CANDIDATES])
        _tell(actor, one, asking, typed, held, found)
        if len(held) == CANDIDATES:
            frequent.append((one, asking))
    # Of a frequent word the candidates may all be others' customers.
    newest = newest_reached(below=BEYOND, limit=NEWEST) if frequent else []
    for one, asking in frequent:
        _tell(actor, one, asking, typed, newest, found)
    return dict(sorted(found.items(), reverse=True))


def list_holding(actor: Actor, typed: str) -> list["QuerySet[Customer, Any]"]:
    """For each field the ids of all customers who have every word in it, whoever's they are."""
    rows: Sequence[CustomerQuerySet] = [
        Customer.objects.filter(asking.having(), asking.saying()) for _one, asking in _askings(actor, typed)
    ]
    return [one.values("pk") for one in rows]


def _askings(actor: Actor, typed: str) -> list[tuple[Known, Asking]]:
    words = searches.words_of(typed)
    asked = ((one, searches.ask(one, words)) for one in list_searched(actor))
    return [(one, asking) for one, asking in asked if asking is not None]


def _tell(actor: Actor, one: Known, asking: Asking, typed: str, ids: Sequence[int], found: dict[int, Said]) -> None:
    """Add the newest of these customers whom the actor sees and who have the words in this field."""
    left = MOST
    newest_first = sorted(ids, reverse=True)
    for start in range(0, len(newest_first), STRETCH):
        rows = Customer.objects.visible_to(actor).filter(pk__in=newest_first[start : start + STRETCH])
        held = rows.annotate(held=KeyTransform(one.key, HOLDER)).order_by("-pk").values_list("pk", "held")
        for pk, value in held:
            if told := asking.told(value):
                found.setdefault(pk, _shown(one, told, typed))
                left -= 1
                if not left:
                    return


def _shown(one: Known, told: str, typed: str) -> Said:
    start = max(0, min((start for start, _end in marking.spans(told, typed)), default=0) - AROUND)
    field = _("%(field)s: %(value)s") % {"field": one.named, "value": ""}
    return field, ("…" if start else "") + told[start:][:LONGEST]
