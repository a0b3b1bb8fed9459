"""One box for name, reading, initials, phone, e-mail and external id."""

from collections.abc import Sequence

from django.db.models import BooleanField, F, Func, Q, Value

from zhike.core.text import grams, pinyin


def compose(*, name: str, reading: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """What a customer is found by, and its pieces for the index. values: identifiers in normal form."""
    text = grams.search_text(name, reading, pinyin.initials_of(name, reading), values)
    return text, grams.grams(text)


def matching(typed: str, *, prefix: str = "search__") -> Q:
    """Customers whose search text holds every word typed: the index proposes, LIKE decides.

    prefix: path to the search row. Nothing that can be looked up finds nobody.
    """
    pieces = sorted({piece for term in grams.query(typed) for piece in term.grams})
    return Q(**{f"{prefix}grams__contains": pieces}) & holding(typed, prefix=prefix) if pieces else Q(pk__in=[])


def holding(typed: str, *, prefix: str = "search__") -> Q:
    """The same customers without the index, for a stretch of rows that is read anyway."""
    terms = grams.query(typed)
    return Q(*(Q(_like(f"{prefix}text", term.like)) for term in terms)) if terms else Q(pk__in=[])


def containing(text: str) -> Q:
    """Customers whose search text holds the pieces of `text` anywhere: a quick superset for a slower condition."""
    pieces = sorted(grams.grams(grams.fold(text).replace("#", " ")))
    return Q(search__grams__contains=pieces) if pieces else Q()


def _like(path: str, pattern: str) -> Func:
    return Func(F(path), Value(pattern), template="%(expressions)s", arg_joiner=" LIKE ", output_field=BooleanField())
