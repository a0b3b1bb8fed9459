"""What is found for somebody, from every kind of thing that apps offer, the best first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zhike.core.actor import Actor
from zhike.core.finder import Asked, Found, Kind, Rank, list_kinds
from zhike.core.masking import ID_NUMBERS
from zhike.finder.models import Visit
from zhike.finder.services import HALF_LIFE_DAYS, KEPT

FEW = 3  # found as typed: of more, nobody has mistyped
MAX_TYPED = 100
SHOWN_RECENT = 8


@dataclass(frozen=True, kw_only=True)
class Group:
    """What was found of one kind. more_url: where there is more of it than is shown, or empty."""

    kind: Kind
    found: list[Found]
    more_url: str = ""

    @property
    def is_alike(self) -> bool:
        """Whether none of it is written as it was typed."""
        return all(one.rank is Rank.ALIKE for one in self.found)


def clean(typed: str) -> str:
    return typed.replace("\0", "").strip()[:MAX_TYPED]


def is_private(typed: str) -> bool:
    """Whether what was typed must stand in no address: an ID number."""
    return ID_NUMBERS.search(typed.replace(" ", "")) is not None


def find(*, actor: Actor, typed: str, at: datetime, limit: int = 6, kinds: Sequence[str] = ()) -> list[Group]:
    """What the actor finds by these words, group by group: those first whose best answers best.

    limit: of each kind. kinds: only these; all where none is named.
    """
    asked_kinds = [kind for kind in list_kinds(actor) if not kinds or kind.key in kinds]
    weights = _weights(actor, at)
    asked = {
        kind.key: Asked(actor=actor, typed=typed, weights=weights.get(kind.key, {}), limit=limit)
        for kind in asked_kinds
    }
    found = {kind.key: list(kind.find(asked[kind.key])) for kind in asked_kinds}
    if sum(map(len, found.values())) < FEW:
        for kind in asked_kinds:
            if kind.find_alike is not None and not _is_meant(found, kind):
                known = {one.url for one in found[kind.key]}
                alike = kind.find_alike(asked[kind.key])
                found[kind.key] += [one for one in alike if one.url not in known]
    groups = [_group(kind, found[kind.key], asked[kind.key]) for kind in asked_kinds if found[kind.key]]
    return sorted(groups, key=lambda group: group.found[0].rank)


def list_recent(*, actor: Actor, limit: int = SHOWN_RECENT) -> list[tuple[Kind, Found]]:
    """What the actor opened last, as far as they still see it."""
    kinds = {kind.key: kind for kind in list_kinds(actor) if kind.recall is not None}
    visits = list(
        Visit.objects.filter(user=actor.user_id, kind__in=kinds)
        .order_by("-opened_at")
        .values_list("kind", "record_id")[: 2 * limit]
    )
    ids: dict[str, list[int]] = defaultdict(list)
    for key, record_id in visits:
        ids[key].append(record_id)
    known = {}
    for key, wanted in ids.items():
        recall = kinds[key].recall
        if recall is not None:
            known.update({(key, one.record_id): one for one in recall(actor, wanted)})
    return [(kinds[visit[0]], known[visit]) for visit in visits if visit in known][:limit]


def _is_meant(found: dict[str, list[Found]], other: Kind) -> bool:
    """Whether something of another kind is plainly what was typed."""
    return any(one.rank <= Rank.START for key, several in found.items() if key != other.key for one in several)


def _weights(actor: Actor, at: datetime) -> dict[str, dict[int, float]]:
    """Kind → record → how often and lately the actor opened it."""
    weights: dict[str, dict[int, float]] = defaultdict(dict)
    visits = Visit.objects.filter(user=actor.user_id).order_by("-opened_at")
    for key, record_id, opened_at, weight in visits.values_list("kind", "record_id", "opened_at", "weight")[:KEPT]:
        age = (at - opened_at) / timedelta(days=HALF_LIFE_DAYS)
        weights[key][record_id] = weight * 0.5 ** max(age, 0.0)
    return weights


def _group(kind: Kind, found: list[Found], asked: Asked) -> Group:
    best = sorted(found, key=lambda one: (one.rank, -asked.weights.get(one.record_id or 0, 0.0)))
    is_more = kind.more is not None and best[0].rank is not Rank.ALIKE and not is_private(asked.typed)
    more_url = kind.more(asked.typed) if kind.more is not None and is_more else ""
    return Group(kind=kind, found=best[: asked.limit], more_url=more_url)
