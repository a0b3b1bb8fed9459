"""The queue of pairs to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.paging import Count, Page, Rows, count_up_to
from zhike.customers.guarded import NAME, key
from zhike.customers.models import Customer
from zhike.duplicates.models import Pair, PairQuerySet, Scan
from zhike.exchange.models import Import

# What a scan compares: what people call it, and the fields that it tells of.
EVIDENCE: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "name": (_("Name"), ("name",)),
    "phone": (_("Phone"), ("phone",)),
    "email": (_("E-mail"), ("email",)),
    "birthday": (_("Birthday"), ("birthday_on",)),
    "address": (_("Address"), ("address",)),
    "city": (_("City"), ("city",)),
    "code": (_("Unified social credit code"), ("uscc",)),
}
STRONG = 2.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a field says. tone: "good" for the same, "bad" for two, "" for hardly anything."""

    label: str
    weight: float
    tone: str


@dataclass(frozen=True, kw_only=True)
class PairRow:
    """A pair as the reader sees it. percent: of the probability, rounded down so that only the certain is 100."""

    pk: int
    first_id: int
    second_id: int
    first: str
    second: str
    percent: str
    evidence: list[Evidence]
    state: str


@dataclass(frozen=True, kw_only=True)
class Around:
    """Where a pair stands in the queue: the one before and the one behind, by number."""

    before: int | None
    behind: int | None


def list_pairs(*, actor: Actor, page: Page, of_import: Import | None = None) -> Rows[PairRow]:
    """Open pairs of which the actor sees both, the likeliest first; of_import: with somebody whom it brought."""
    cut = list_open(actor=actor, page=page, of_import=of_import)
    return Rows(items=show_pairs(actor, cut.items), next_cursor=cut.next_cursor)


def list_open(*, actor: Actor, page: Page, of_import: Import | None = None) -> Rows[Pair]:
    """The same, as they are."""
    return page.of(_open_pairs(actor, of_import), by=("-probability", "-pk"))


def list_pairs_of(*, actor: Actor, customer_id: int, most: int = 5) -> list[PairRow]:
    """Open pairs with a customer whom the caller has found visible."""
    mine = Q(first_id=customer_id) | Q(second_id=customer_id)
    rows = Pair.objects.visible_to(actor).filter(mine, state=Pair.State.OPEN).order_by("-probability", "-pk")
    return show_pairs(actor, list(rows[:most]))


def count_pairs(*, actor: Actor, of_import: Import | None = None) -> Count:
    return count_up_to(_open_pairs(actor, of_import))


def _open_pairs(actor: Actor, of_import: Import | None) -> PairQuerySet:
    rows = Pair.objects.visible_to(actor).filter(state=Pair.State.OPEN)
    if of_import is None:
        return rows
    first, count = of_import.reserved.get(Customer._meta.db_table, (0, 0))
    made = range(first, first + count)
    return rows.filter(
        Q(first_id__gte=made.start, first_id__lt=made.stop) | Q(second_id__gte=made.start, second_id__lt=made.stop)
    )


def get_pair(*, actor: Actor, pair_id: int) -> Pair:
    """:raises Pair.DoesNotExist: there is none, or not for this actor"""
    return Pair.objects.visible_to(actor).get(pk=pair_id)


def first_pair(*, actor: Actor) -> Pair | None:
    rows = Pair.objects.visible_to(actor).filter(state=Pair.State.OPEN)
    return rows.order_by("-probability", "-pk").first()


def pair_among(*, actor: Actor, customer_ids: Sequence[int]) -> int | None:
    """The likeliest open pair of two of these."""
    rows = Pair.objects.visible_to(actor).filter(first_id__in=customer_ids, second_id__in=customer_ids)
    return rows.filter(state=Pair.State.OPEN).order_by("-probability", "-pk").values_list("pk", flat=True).first()


def around(*, actor: Actor, pair: Pair) -> Around:
    rows = Pair.objects.visible_to(actor).filter(state=Pair.State.OPEN)
    behind = Q(probability__lt=pair.probability) | Q(probability=pair.probability, pk__lt=pair.pk)
    before = Q(probability__gt=pair.probability) | Q(probability=pair.probability, pk__gt=pair.pk)
    return Around(
        before=rows.filter(before).order_by("probability", "pk").values_list("pk", flat=True).first(),
        behind=rows.filter(behind).order_by("-probability", "-pk").values_list("pk", flat=True).first(),
    )


def latest_scan() -> Scan | None:
    return Scan.objects.order_by("-pk").first()


def latest_worths() -> Scan | None:
    """The newest scan that came to its end."""
    return Scan.objects.filter(step=Scan.Step.DONE).order_by("-pk").first()


def show_pairs(actor: Actor, pairs: list[Pair]) -> list[PairRow]:
    ids = {one for pair in pairs for one in (pair.first_id, pair.second_id)}
    names = dict(Customer.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "name"))
    return [
        PairRow(
            pk=pair.pk,
            first_id=pair.first_id,
            second_id=pair.second_id,
            first=fields.shown(actor, NAME, names.get(pair.first_id, "")),
            second=fields.shown(actor, NAME, names.get(pair.second_id, "")),
            percent=percent_of(pair.probability),
            evidence=evidence_of(actor, pair),
            state=pair.state,
        )
        for pair in pairs
    ]


def evidence_of(actor: Actor, pair: Pair) -> list[Evidence]:
    """What speaks for and against, the heaviest first; only of fields that the actor reads."""
    return [
        Evidence(
            label=str(EVIDENCE[name][0]),
            weight=weight,
            tone="good" if weight >= STRONG else "bad" if weight <= -STRONG else "",
        )
        for name, weight in weights_of(actor, pair).items()
    ]


def weights_of(actor: Actor, pair: Pair) -> dict[str, float]:
    """What each field says, the heaviest first; only of fields that the actor reads."""
    heaviest = sorted(pair.weights.items(), key=lambda item: -abs(item[1]))
    return {
        name: weight
        for name, weight in heaviest
        if name in EVIDENCE and fields.reads(actor, [key(one) for one in EVIDENCE[name][1]])
    }


def percent_of(probability: float) -> str:
    hundredths = int(probability * 10000)
    return f"{hundredths / 100:g}%" if hundredths < 9999 else "> 99.99%"
