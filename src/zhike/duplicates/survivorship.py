"""Which value stays where records that become one say different things."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.customers.labels import LABELS
from zhike.customers.models import Customer
from zhike.customers.vault import list_sealed

# What belongs together: a city of one record beside the province of another would be nobody's place.
UNITS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "kind": ("kind",),
    "owner": ("owner_id", "team_id"),
    "channel": ("channel",),
    "relationship": ("relationship",),
    "place": ("country", "province", "city"),
    "birthday_on": ("birthday_on",),
    "note": ("note",),
}
UNIT_LABELS: Mapping[str, str | Promise] = {
    **{name: LABELS[name] for name in UNITS if name in LABELS},
    "owner": _("Owner and team"),
    "place": _("Region"),
}
SURVIVOR, FULLEST, NEWEST, TRUSTED, JOINED = "survivor", "fullest", "newest", "trusted", "joined"
RULES: Mapping[str, str | Promise] = {
    SURVIVOR: _("What the customer that stays says"),
    FULLEST: _("Most complete"),
    NEWEST: _("Edited last"),
    TRUSTED: _("Most trusted source"),
    JOINED: _("Both, one below the other"),
}
DEFAULTS: Mapping[str, str] = {**dict.fromkeys(UNITS, FULLEST), "name": SURVIVOR, "kind": SURVIVOR, "note": JOINED}
JOINABLE = ("note",)


@dataclass(frozen=True, kw_only=True)
class Party:
    """One of the records. rank: of its source, 0 the most trusted."""

    customer: Customer
    rank: int = 0


def rules_for(unit: str) -> list[str]:
    return [rule for rule in RULES if rule != JOINED or unit in JOINABLE]


def value_of(customer: Customer, unit: str) -> tuple[Any, ...]:
    return tuple(getattr(customer, column) for column in UNITS[unit])


def is_empty(value: Sequence[Any]) -> bool:
    return not any(part not in (None, "") for part in value)


def chosen_by_rule(unit: str, rule: str, parties: Sequence[Party]) -> Party:
    """Whose value stays. parties: the survivor first."""
    told = [one for one in parties if not is_empty(value_of(one.customer, unit))] or list(parties[:1])
    pick: Mapping[str, Callable[[], Party]] = {
        FULLEST: lambda: max(
            told, key=lambda one: sum(part not in (None, "") for part in value_of(one.customer, unit))
        ),
        NEWEST: lambda: max(told, key=lambda one: one.customer.updated_at),
        TRUSTED: lambda: min(told, key=lambda one: one.rank),
    }
    return pick[rule]() if rule in pick else parties[0]


def resolve(
    parties: Sequence[Party], *, rules: Mapping[str, str], choices: Mapping[str, int]
) -> dict[str, tuple[Any, Any]]:
    """Columns of the survivor that change, before and after. parties: the survivor first.

    rules: by unit, the rest by `DEFAULTS`. choices: unit to the record whose value somebody chose by hand.
    """
    survivor = parties[0].customer
    by_id = {one.customer.pk: one for one in parties}
    after: dict[str, Any] = {"created_at": min(one.customer.created_at for one in parties)}
    for unit, columns in UNITS.items():
        rule = rules.get(unit, DEFAULTS[unit])
        if unit in choices:
            after |= zip(columns, value_of(by_id[choices[unit]].customer, unit), strict=True)
        elif rule == JOINED and unit in JOINABLE:
            after[columns[0]] = _joined([getattr(one.customer, columns[0]) for one in parties])
        else:
            after |= zip(columns, value_of(chosen_by_rule(unit, rule, parties).customer, unit), strict=True)
    # Of the company's own fields the survivor keeps its values, and gets those that it has none for.
    # What is stored encrypted goes over by itself, also where it is only on its way there.
    sealed = {one.key for one in list_sealed()}
    own = [(one.customer, key, value) for one in reversed(parties) for key, value in one.customer.custom.items()]
    after["custom"] = {key: value for customer, key, value in own if customer is survivor or key not in sealed}
    return {
        column: (getattr(survivor, column), value)
        for column, value in after.items()
        if getattr(survivor, column) != value
    }


def _joined(texts: Sequence[str]) -> str:
    found: list[str] = []
    for text in texts:
        if text.strip() and not any(text.strip() in known for known in found):
            found.append(text.strip())
    return "\n\n".join(found)
