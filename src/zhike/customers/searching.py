"""One box for name, reading, initials, phone, e-mail, external id, city and province."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, TextField, Value
from django.db.models.functions import Lower, Replace

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.text import grams, pinyin
from zhike.customers.guarded import IDENTIFIER_KEYS, NAME, key
from zhike.customers.models import Identifier

_FOUND = "SELECT * FROM customers_found(%s::text[], %s::text[], %s, %s)"

# Where in the text of a search row each place stands.
_PLACES = {key("city"): "\n#[^\n@]*@([^=\n]*)[^\n]*$", key("province"): "\n#[^\n=]*=([^\n]*)$"}
# What the box looks into.
SEARCHED = (NAME, *IDENTIFIER_KEYS.values(), *_PLACES)
# What a search row is made of besides identifiers.
FOUND_BY = frozenset({"name", "kind", "city", "province"})


def compose(*, name: str, reading: str, values: Sequence[str], city: str, province: str) -> tuple[str, list[str]]:
    """What a customer is found by, and its pieces for the index. values: identifiers in normal form."""
    initials = pinyin.initials_of(name, reading)
    text = grams.search_text(name, reading, initials, values, city=city, province=province)
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


def in_sight(typed: str, actor: Actor, *, prefix: str = "search__") -> Q:
    """That every word is found in what the actor reads; everything where they read all that is searched.

    The text of a search row does not say which line is what, so names and identifiers are asked themselves.
    """
    if fields.reads(actor, SEARCHED):
        return Q()
    kinds = [kind for kind, field in IDENTIFIER_KEYS.items() if fields.reads(actor, [field])]
    names = fields.reads(actor, [NAME])
    places = [pattern for field, pattern in _PLACES.items() if fields.reads(actor, [field])]
    found = Q()
    for term in grams.query(typed):
        lowered = Lower("value_normal")
        held = Identifier.objects.filter(customer=OuterRef("pk"), kind__in=kinds).annotate(
            said=lowered, in_one_piece=_joined(lowered)
        )
        said = Q(_like("said", term.like)) | Q(_like("said", term.typed)) | Q(_like("in_one_piece", term.like))
        one = Q(Exists(held.filter(said))) if kinds else Q(pk__in=[])
        if names:
            name = _line(f"{prefix}text", "^[^\n]*")
            one |= Q(_like(name, term.like)) | Q(_like(_joined(name), term.like))
            # The last line holds what words and readings begin with.
            one |= Q(_like(_line(f"{prefix}text", "[^\n]*$"), term.like)) if term.like.startswith("%#") else Q()
            of_customer = prefix.removesuffix("search__") if prefix else "customer__"
            reading = Replace(f"{of_customer}name_pinyin", Value(" "), Value(""))
            one |= Q(_like(reading, term.like))
        for place in places:
            one |= Q(_like(_line(f"{prefix}text", place), term.like))
        found &= one
    return found


def _line(path: str, pattern: str) -> Func:
    return Func(F(path), Value(pattern), function="substring", output_field=TextField())


def _joined(said: Func) -> Func:
    return Func(said, function="zhike_joined", output_field=TextField())


def find_newest(typed: str, *, below: int, limit: int) -> list[int]:
    """The ids of the newest customers whom whoever acts sees and whose search text holds every word typed."""
    terms = grams.query(typed)
    pieces = sorted({piece for term in terms for piece in term.grams})
    if not pieces:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, [pieces, [term.like for term in terms], below, limit])
        return [key for (key,) in cursor.fetchall()]


def containing(text: str) -> Q:
    """Customers whose search text holds the pieces of `text` anywhere: a quick superset for a slower condition."""
    pieces = sorted(grams.grams(grams.fold(text).replace("#", " ")))
    return Q(search__grams__contains=pieces) if pieces else Q()


def _like(where: str | Func, pattern: str) -> Func:
    text = F(where) if isinstance(where, str) else where
    return Func(text, Value(pattern), template="%(expressions)s", arg_joiner=" LIKE ", output_field=BooleanField())
