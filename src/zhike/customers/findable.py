"""Customers in the search box: by name, reading, initials, number, address, place, and by what was meant."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.finder import Asked, Found, Kind, Rank, rank_of
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.masking import ID_NUMBERS
from zhike.core.paging import Page
from zhike.core.text import alike, grams, pinyin
from zhike.core.text.spoken import is_read_as
from zhike.customers.guarded import IDENTIFIER_KEYS, NAME, key, shown_name
from zhike.customers.models import Customer, CustomerSearch, Identifier
from zhike.customers.sealed import ID_NUMBER, digests
from zhike.customers.searching import SEARCHED, in_sight
from zhike.customers.selectors.listing import find_customers, list_url
from zhike.customers.services.sealing import normal_id_number
from zhike.customers.sought_fields import find_by_fields

CITY = key("city")
PLACES = ("city", "province")
CANDIDATES = 30
MOST_READ = 300
OF_EACH_SPELLING = 12
_PINYIN = re.compile("[a-z]{3,}")
LAST = "\U0010ffff"
_SOUGHT = "SELECT * FROM customers_sought(%s::text[], %s::text[], %s, %s, %s, %s, %s::bigint[], %s)"
_ALIKE = "SELECT * FROM customers_alike(%s::jsonb, %s)"


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A customer as the actor reads it. numbers: identifiers in normal form to how they are shown. places: city and
    province, folded."""

    pk: int
    kind: str
    name: str
    texts: list[str]
    starts: list[str]
    numbers: dict[str, str]
    places: list[str]
    told: str


def find(asked: Asked) -> list[Found]:
    number = asked.typed.replace(" ", "")
    if ID_NUMBERS.fullmatch(number):
        return _by_id_number(asked, number)
    by_fields = find_by_fields(asked.actor, asked.typed)
    found = _by_text(asked)
    others = [pk for pk in by_fields if pk not in {one.record_id for one in found}]
    return found + [_told(one, Rank.WITHIN, *reversed(by_fields[one.pk])) for one in _read(asked.actor, others)]


def _by_text(asked: Asked) -> list[Found]:
    """By name, numbers and places; those of a place after the others, of whom it may leave none among the newest."""
    terms = grams.query(asked.typed)
    ids = _sought(asked, terms, [term.like for term in terms])
    if not _reads_everything(asked.actor):
        # Some of these were found by what the actor does not read, in place of others.
        ids = list(dict.fromkeys([*ids, *_listed(asked)]))
    candidates = _read(asked.actor, ids, asked.typed)
    others = [one for one in candidates if not _is_of_place(one, asked.folded)]
    if len(ids) >= CANDIDATES and len(others) < len(candidates):
        named = _sought(asked, terms, [term.like_before_places for term in terms])
        others = _read(asked.actor, list(dict.fromkeys([*(one.pk for one in others), *named])), asked.typed)
    first = {one.pk: one for one in [*others, *candidates]}
    return [_found(one, asked.folded) for one in first.values()]


def _sought(asked: Asked, terms: Sequence[grams.Term], patterns: list[str]) -> list[int]:
    pieces = sorted({piece for term in terms for piece in term.grams})
    if not pieces:
        return []
    name = asked.folded
    reading = name if name.isascii() and name.replace(" ", "").isalpha() else ""
    parameters = [pieces, patterns, name, name + LAST, reading, reading and reading + "{"]
    return _ask(_SOUGHT, [*parameters, list(asked.weights), CANDIDATES])[:MOST_READ]


def _is_of_place(one: _Candidate, folded: str) -> bool:
    """Whether every word is found, and one of them in no name and no number."""
    return any(
        not any(word in said for said in (*one.texts, *one.starts, *one.numbers, *map(grams.joined, one.numbers)))
        and any(word in place for place in one.places)
        for word in folded.split()
    )


def find_alike(asked: Asked) -> list[Found]:
    """By other spellings; only for those who read all that is searched, or nothing would say which field it was."""
    spellings = alike.spellings(asked.typed)
    if not spellings or not _reads_everything(asked.actor):
        return []
    # A place alone is no word of a name that was mistyped: “李 杭州” is not everybody in 杭州.
    wanted = json.dumps([{"pieces": one.term.grams, "pattern": one.term.like_before_places} for one in spellings])
    ids = _ask(_ALIKE, [wanted, OF_EACH_SPELLING])[: 8 * CANDIDATES]
    words = {spelling.word for spelling in spellings if spelling.word}
    if words:
        ids = _near(ids, words, [one for one in spellings if not one.word])
    candidates = _read(asked.actor, ids[:CANDIDATES])
    typed = asked.folded.replace(" ", "")
    # Whole syllables, begun ones and first letters in a mixture (zhangxm) are no slip.
    meant = [
        one for one in candidates if _PINYIN.fullmatch(typed) and any(is_read_as(text, typed) for text in one.texts)
    ]
    return [_told(one, Rank.START) for one in meant] or [_told(one, Rank.ALIKE) for one in candidates]


def recall(actor: Actor, ids: Sequence[int]) -> list[Found]:
    return [_told(one, Rank.WITHIN) for one in _read(actor, ids)]


def _ask(call: str, parameters: list[Any]) -> list[int]:
    """Distinct ids in the order in which they were found."""
    with connection.cursor() as cursor:
        cursor.execute(call, parameters)
        return list(dict.fromkeys(pk for (pk,) in cursor.fetchall()))


def _listed(asked: Asked) -> list[int]:
    asking = Asking(actor=asked.actor, now=timezone.now(), zone=timezone.get_current_timezone())
    state = State(search=asked.typed)
    return find_customers(actor=asked.actor, asking=asking, state=state, page=Page(size=CANDIDATES)).items


def _by_id_number(asked: Asked, number: str) -> list[Found]:
    if not fields.reads(asked.actor, [key(ID_NUMBER)]):
        return []
    try:
        wanted = digests(ID_NUMBER, normal_id_number(number))
    except ValidationError:
        return []
    rows = Customer.objects.visible_to(asked.actor).filter(
        sealed_values__field=ID_NUMBER, sealed_values__blind_index__in=wanted
    )
    return [_told(one, Rank.EXACT) for one in _read(asked.actor, list(rows.values_list("pk", flat=True)[:CANDIDATES]))]


def _near(ids: list[int], words: set[str], sure: list[alike.Spelling]) -> list[int]:
    """Those found by a half of the word whose other half is nearly right, the nearest first."""
    texts = dict(CustomerSearch.objects.filter(pk__in=ids).values_list("pk", "text"))
    patterns = [spelling.term.like.strip("%") for spelling in sure]
    slips: dict[int, int] = {}
    for pk, text in texts.items():
        if any(pattern in text for pattern in patterns):
            slips[pk] = 1
            continue
        fewest = min(alike.slips_between(word, line) for word in words for line in text.split("\n"))
        if fewest <= max(map(alike.most_slips, words)):
            slips[pk] = fewest
    return sorted(slips, key=lambda pk: (slips[pk], ids.index(pk)))


def _reads_everything(actor: Actor) -> bool:
    return fields.reads(actor, SEARCHED)


def _read(actor: Actor, ids: Sequence[int], typed: str = "") -> list[_Candidate]:
    """The customers of these ids whom the actor sees and, where something was typed, finds by what they read."""
    if not ids:
        return []
    rows = Customer.objects.visible_to(actor).filter(pk__in=ids)
    if typed:
        rows = rows.filter(in_sight(typed, actor))
    known = {row["pk"]: row for row in rows.values("pk", "kind", "name", "name_normal", "name_pinyin", *PLACES)}
    marks: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    kinds = [kind for kind, field in IDENTIFIER_KEYS.items() if fields.sight(actor, field)]
    held = Identifier.objects.filter(customer__in=list(known), kind__in=kinds).order_by("-is_primary", "pk")
    for mark in held.values("customer_id", "kind", "value", "value_normal"):
        marks[mark["customer_id"]].append(mark)
    return [_candidate(actor, known[pk], marks[pk]) for pk in ids if pk in known]


def _candidate(actor: Actor, row: Mapping[str, Any], marks: Sequence[Mapping[str, Any]]) -> _Candidate:
    numbers = {}
    for mark in marks:
        if fields.reads(actor, [IDENTIFIER_KEYS[mark["kind"]]]):
            numbers[grams.fold(mark["value_normal"])] = mark["value"]
    phone = next((mark["value"] for mark in marks if mark["kind"] == Identifier.Kind.PHONE), "")
    parts = [fields.shown(actor, IDENTIFIER_KEYS[Identifier.Kind.PHONE], phone), fields.shown(actor, CITY, row["city"])]
    texts, starts = [], []
    if fields.reads(actor, [NAME]):
        reading = row["name_pinyin"]
        others = [reading, pinyin.otherwise(row["name"], reading)]
        texts = [grams.fold(row["name"]), grams.fold(row["name_normal"]), *others]
        texts += [one.replace(" ", "") for one in others]
        starts = [pinyin.initials_of(row["name"], one) for one in others if one]
    return _Candidate(
        pk=row["pk"],
        kind=row["kind"],
        name=shown_name(actor, row["name"]),
        texts=texts,
        starts=starts,
        numbers=numbers,
        places=[grams.fold(row[name]) for name in PLACES if row[name] and fields.reads(actor, [key(name)])],
        told=" · ".join(part for part in parts if part),
    )


def _found(one: _Candidate, folded: str) -> Found:
    numbers = {**one.numbers, **{number.removeprefix("+86"): shown for number, shown in one.numbers.items()}}
    rank = rank_of(folded, [*one.texts, *numbers])
    if rank in (None, Rank.WITHIN) and any(start.startswith(folded) for start in one.starts):
        rank = Rank.START
    words = [word for word in folded.split() if not any(word in text for text in (*one.texts, *one.starts))]
    # What was found by a number shows that number, whichever of several it is.
    by = next((shown for number, shown in one.numbers.items() if any(_holds(number, word) for word in words)), "")
    return _told(one, Rank.WITHIN if rank is None else rank, by)


def _holds(number: str, word: str) -> bool:
    return word in number or (len(word) >= 3 and word.replace("-", "") in number)


def _told(one: _Candidate, rank: Rank, by: str = "", field: str = "") -> Found:
    """by: what was found. field: what stands before it."""
    is_told = not field and (not by or by in one.told)
    return Found(
        title=one.name,
        field=field,
        detail=one.told if is_told else " · ".join(part for part in (by, one.told) if part),
        url=reverse("show_customer", args=[one.pk]),
        rank=rank,
        record_id=one.pk,
        icon="building" if one.kind == Customer.Kind.ORGANISATION else "user",
    )


KIND = Kind(
    key="customers.customer",
    label=_("Customers"),
    icon="users",
    order=20,
    permission="customers.view_customer",
    find=find,
    find_alike=find_alike,
    recall=recall,
    page="show_customer",
    more=lambda typed: list_url(search=typed),
    is_customer=True,
)
