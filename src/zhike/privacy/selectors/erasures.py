"""Who was erased, by number only: how far it is, what went, and whether the database's files are rid of it too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.personal import list_holdings, list_places
from zhike.privacy.models import Erasure, ScrubbedTable
from zhike.privacy.permissions import HANDLE
from zhike.privacy.selectors.inventory import table_title

MOST = 200
MEGABYTE = 1e6


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Something of which so much went, or is left."""

    label: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One erasure. number: the beginning of its reference. step: what is searched. is_running: look again soon."""

    erasure: Erasure
    number: str
    removed: Sequence[Piece]
    found: Sequence[Piece]
    step: str

    @property
    def pieces(self) -> int:
        return sum(piece.count for piece in self.removed)

    @property
    def is_running(self) -> bool:
        return self.erasure.state == Erasure.State.RECORDS

    @property
    def is_done(self) -> bool:
        return self.erasure.state == Erasure.State.DONE


@dataclass(frozen=True, kw_only=True)
class Held:
    """A table that waits to be written anew. megabytes: of its file. why: it was not yet."""

    label: str
    name: str
    megabytes: float
    why: str


@dataclass(frozen=True, kw_only=True)
class Files:
    """How it stands with the files of the database. waiting: erasures not out of them yet. last_at: of all tables.

    longest: seconds the slowest table was locked. is_by_hand: no night does it. limit: seconds a night may lock one.
    """

    waiting: int
    tables: int
    seconds: float
    longest: float
    last_at: datetime | None
    held: Sequence[Held]
    is_by_hand: bool
    limit: int


def list_erasures(*, actor: Actor) -> list[Row]:
    """The latest first."""
    require(actor, HANDLE)
    rows = Erasure.objects.select_related("requested_by").order_by("-erased_at", "-pk")[:MOST]
    labels = _labels()
    return [_row(one, labels) for one in rows]


def get_erasure(*, actor: Actor, erasure_id: int) -> Row:
    """:raises Erasure.DoesNotExist: there is none"""
    require(actor, HANDLE)
    return _row(Erasure.objects.select_related("requested_by").get(pk=erasure_id), _labels())


def get_files(*, actor: Actor) -> Files:
    """What the nights did, and what they could not."""
    require(actor, HANDLE)
    labels = _labels()
    written = ScrubbedTable.objects.exclude(scrubbed_at=None)
    told = written.aggregate(total=Sum("seconds"), longest=Max("seconds"), last=Max("scrubbed_at"))
    held = ScrubbedTable.objects.exclude(problem="").order_by("-size")
    return Files(
        waiting=Erasure.objects.filter(state=Erasure.State.DONE, scrubbed_at=None).count(),
        tables=written.count(),
        seconds=told["total"] or 0,
        longest=told["longest"] or 0,
        last_at=told["last"],
        held=[
            Held(
                label=labels.get(one.name, one.name),
                name=one.name,
                megabytes=one.size / MEGABYTE,
                why=str(one.get_problem_display()),
            )
            for one in held
        ],
        is_by_hand=not settings.SCRUB_LONGEST,
        limit=settings.SCRUB_LONGEST,
    )


def _row(one: Erasure, labels: Mapping[str, str]) -> Row:
    return Row(
        erasure=one,
        number=str(one.reference)[:8],
        removed=_pieces(one.removed, labels),
        found=_pieces(one.found, labels),
        step=_label(one.step, labels),
    )


def _pieces(counts: Mapping[str, int], labels: Mapping[str, str]) -> list[Piece]:
    return [Piece(label=_label(name, labels), count=counts[name]) for name in sorted(counts)]


def _label(name: str, labels: Mapping[str, str]) -> str:
    return labels.get(name) or labels.get(name.rpartition(".")[2]) or name


def _labels() -> dict[str, str]:
    """What people call tables and places."""
    tables = {model._meta.db_table: table_title(model) for model in apps.get_models()}
    held = {holding.model._meta.db_table: str(holding.label) for holding in list_holdings()}
    places = {place.name: str(place.label) for place in list_places()}
    return {**tables, **held, **places, "audit_payload": _("Contents of the change history")}
