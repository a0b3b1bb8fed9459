"""Customers side by side, with the value that would stay of each field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.customers.choices import Relationship
from zhike.customers.guarded import conceal, key
from zhike.customers.models import Customer, CustomerFacts
from zhike.customers.selectors.record import ShownIdentifier, list_identifiers, list_tags
from zhike.duplicates.permissions import MERGE
from zhike.duplicates.ranking import ranks_of
from zhike.duplicates.rules import get_rules
from zhike.duplicates.survivorship import (
    DEFAULTS,
    JOINABLE,
    JOINED,
    UNIT_LABELS,
    UNITS,
    Party,
    chosen_by_rule,
    value_of,
)

MOST = 6
_KINDS = dict(Customer.Kind.choices)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One customer's value as the reader sees it. is_chosen: it is the one that stays unless somebody says else."""

    customer_id: int
    shown: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """A field across the customers. may_choose: whether the reader may write it. joins: by rule, all texts stay."""

    unit: str
    label: str
    cells: list[Cell]
    differs: bool
    may_choose: bool
    joins: bool


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the customers, for showing. order_count: None where the reader does not see it."""

    customer: Customer
    identifiers: list[ShownIdentifier]
    tags: list[str]
    order_count: int | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """survivor_id: proposed, or as it was asked for. may_merge: whether the reader may merge all of these."""

    sides: list[Side]
    survivor_id: int
    lines: list[Line] = field(default_factory=list)
    may_merge: bool = False


def compare(*, actor: Actor, customer_ids: Sequence[int], survivor_id: int | None = None) -> Comparison:
    """The customers whom the actor sees, in the order asked for; those that are not there are left out.

    survivor_id: which of them stays; where it is not given, the one with the most orders, then the oldest.
    """
    wanted = list(dict.fromkeys(customer_ids))[:MOST]
    rows = Customer.objects.visible_to(actor).select_related("owner", "team").filter(pk__in=wanted)
    found = {customer.pk: customer for customer in rows}
    there = [found[pk] for pk in wanted if pk in found]
    counts = dict(CustomerFacts.objects.filter(customer__in=found).values_list("customer", "order_count"))
    if survivor_id not in found:
        survivor_id = propose_survivor(there, counts)
    shown = {customer.pk: customer for customer in rows.all()}
    sees_counts = fields.reads(actor, [key("order_count")])
    sides = [
        Side(
            customer=conceal(actor, shown[customer.pk]),
            identifiers=list_identifiers(actor=actor, customer_id=customer.pk),
            tags=list_tags(actor=actor, customer_id=customer.pk),
            order_count=counts.get(customer.pk, 0) if sees_counts else None,
        )
        for customer in there
    ]
    if len(there) < 2:
        return Comparison(sides=sides, survivor_id=survivor_id)
    return Comparison(
        sides=sides,
        survivor_id=survivor_id,
        lines=_lines(actor, there, shown, survivor_id),
        may_merge=actor.may(MERGE) and Customer.objects.within(actor, MERGE).filter(pk__in=found).count() == len(found),
    )


def propose_survivor(customers: Sequence[Customer], order_counts: Mapping[int, int]) -> int:
    """0 where there are none."""
    best = sorted(customers, key=lambda one: (-order_counts.get(one.pk, 0), one.created_at, one.pk))
    return best[0].pk if best else 0


def _lines(actor: Actor, there: Sequence[Customer], shown: Mapping[int, Customer], survivor_id: int) -> list[Line]:
    rules = get_rules()
    ranks = ranks_of([customer.pk for customer in there], rules)
    parties = [Party(customer=one, rank=ranks[one.pk]) for one in sorted(there, key=lambda one: one.pk != survivor_id)]
    found = []
    for unit, columns in UNITS.items():
        names = {column.removesuffix("_id") for column in columns}
        sights = [fields.sight(actor, key(name)) for name in names]
        if Sight.HIDDEN in sights:
            continue
        rule = rules.by_unit.get(unit, DEFAULTS[unit])
        stays = chosen_by_rule(unit, rule, parties).customer.pk
        values = {value_of(one, unit) for one in there}
        found.append(
            Line(
                unit=unit,
                label=str(UNIT_LABELS[unit]),
                cells=[
                    Cell(customer_id=one.pk, shown=_shown(shown[one.pk], unit), is_chosen=one.pk == stays)
                    for one in there
                ],
                differs=len(values) > 1,
                may_choose=all(sight is Sight.WRITE for sight in sights),
                joins=rule == JOINED and unit in JOINABLE,
            )
        )
    return found


def _shown(customer: Customer, unit: str) -> str:
    match unit:
        case "kind":
            return str(_KINDS[customer.kind])
        case "relationship":
            return str(dict(Relationship.choices).get(customer.relationship, ""))
        case "owner":
            return " · ".join(str(part) for part in (customer.owner, customer.team) if part)
        case "place":
            parts = (customer.country, customer.province, customer.city)
            return " ".join(dict.fromkeys(part for part in parts if part))
    return str(getattr(customer, unit) or "")
