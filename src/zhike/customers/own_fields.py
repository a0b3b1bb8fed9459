"""Fields that a company adds to its customers: what they may depend on, and how they are kept and told of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.fields import COVERED, require_write
from zhike.core.merging import successor_of
from zhike.core.personal import list_others
from zhike.customers.guarded import COMPUTED, NAME, RECORD, key
from zhike.customers.labels import LABELS
from zhike.customers.models import EDIT, Customer, Grade, Relationship, SealedValue
from zhike.customers.permissions import REVEAL
from zhike.customers.sealed import read_sealed
from zhike.customers.services.changes import Change
from zhike.customers.shelf import CustomerShelf, keep_a_while
from zhike.customers.vault import CustomerVault, list_sealed
from zhike.metadata import registry
from zhike.metadata.filed import FILES, entries
from zhike.metadata.formulas.nodes import Source
from zhike.metadata.kinds import HOLDER, Known, NotOfItsKind, read_back, read_value, written
from zhike.metadata.models import Kind
from zhike.metadata.saying import say_all, say_by_itself
from zhike.metadata.selectors import design_of
from zhike.metadata.services.values import put_values

PREFIX = f"{HOLDER}."
AMOUNT_OF_ORDERS = ("commerce.order.amount",)
GRADES: Mapping[str, str | Promise] = dict(Grade.choices)
# What formulas can read, by name.
_READABLE = {
    "name": Kind.TEXT,
    "kind": Kind.CHOICE,
    "relationship": Kind.CHOICE,
    "channel": Kind.TEXT,
    "country": Kind.TEXT,
    "province": Kind.TEXT,
    "city": Kind.TEXT,
    "birthday_on": Kind.DATE,
}
_FIGURES = {
    "amount": Kind.MONEY,
    "order_count": Kind.NUMBER,
    "first_order_on": Kind.DATE,
    "last_order_on": Kind.DATE,
    "grade": Kind.CHOICE,
}


def define() -> None:
    """Let customers have fields of the company's own; called once when the app is ready."""
    registry.register(
        registry.Designed(
            key=RECORD,
            label=_("Customer"),
            model=Customer,
            name="name",
            name_field=NAME,
            url_name="show_customer",
            edit=EDIT,
            conditions=list_conditions,
            readable=list_readable,
            vault=CustomerVault(),
            shelf=CustomerShelf(),
            reveal=REVEAL,
            successor=successor_of,
            merged_into=list_others,
        )
    )


def list_conditions() -> Sequence[tuple[str, str | Promise, Sequence[tuple[str, str]]]]:
    """What a customer has itself that fields can depend on."""
    return [
        ("kind", LABELS["kind"], [(value, str(label)) for value, label in Customer.Kind.choices]),
        ("relationship", LABELS["relationship"], [(value, str(label)) for value, label in Relationship.choices]),
    ]


def list_readable() -> Sequence[Source]:
    """What a customer has itself that formulas can read."""
    choices = {
        "kind": dict(Customer.Kind.choices),
        "relationship": dict(Relationship.choices),
    }
    own = [
        Source(
            name=name,
            label=str(LABELS[name]),
            kind=kind,
            guards=(key(name),),
            path=name,
            options={value: (str(label), value) for value, label in choices.get(name, {}).items()},
        )
        for name, kind in _READABLE.items()
    ]
    figures = [
        Source(
            name=name,
            label=str(COMPUTED[name]),
            kind=kind,
            guards=(key(name), *(AMOUNT_OF_ORDERS if name == "amount" else ())),
            path=f"facts__{name}",
            options={value: (str(label), value) for value, label in GRADES.items()} if name == "grade" else {},
        )
        for name, kind in _FIGURES.items()
    ]
    added = Source(name="created_at", label=str(_("Created")), kind=Kind.MOMENT, guards=(), path="created_at")
    return [*own, added, *figures]


def plain_of(customer: Customer) -> dict[str, str]:
    return {"kind": customer.kind, "relationship": customer.relationship}


def _written(field: str, values: Mapping[str, Any]) -> str:
    known = design_of(RECORD).every.get(field.removeprefix(PREFIX))
    return written(known, values.get(known.key)) if known else ""


def is_own(field: str) -> bool:
    return field.startswith(PREFIX)


def written_in(customer: Customer, field: str) -> str:
    """As forms and change records hold it; empty for a field that is gone."""
    known = design_of(RECORD).every.get(field.removeprefix(PREFIX))
    if known is None:
        return ""
    # Where the vault has nothing, it may lie in the record still.
    kept = read_sealed(known.name, customer.pk) if known.is_sealed and customer.pk else ""
    return kept or _written(field, customer.custom)


def says(customer: Customer, field: str, text: str) -> bool:
    """Whether the field holds what a form or a change record says; links were once written without their mark."""
    known, now = known_of(field, archived=True), written_in(customer, field)
    return now == (f"#{text.removeprefix('#')}" if text and known and known.kind is Kind.RECORD else text)


def known_of(field: str, *, archived: bool = False) -> Known | None:
    """The field in use behind "custom.k". archived: also one that is not in use any more."""
    design = design_of(RECORD)
    return (design.every if archived else design.known).get(field.removeprefix(PREFIX)) if is_own(field) else None


def said(field: str, text: str) -> str:
    """What a change record holds, as people read it; what is masked stays as it is."""
    known = design_of(RECORD).every[field.removeprefix(PREFIX)]
    try:
        return say_by_itself(known, read_value(known, text))
    except NotOfItsKind:
        return text


def said_change(field: str, before: str, after: str) -> tuple[str, str]:
    """Before and after; of several files only those that came or went."""
    if design_of(RECORD).every[field.removeprefix(PREFIX)].kind not in FILES:
        return said(field, before), said(field, after)
    was, now = (entries(text or "[]") for text in (before, after))
    if was is not None and now is not None:
        left, came = ([one for one in was if one not in now], [one for one in now if one not in was])
        before, after = (json.dumps(one) if one else "" for one in (left, came))
    return said(field, before), said(field, after)


def shown_in(actor: Actor, customer: Customer, known: Known) -> str:
    """One value of a customer without what the actor does not see."""
    return say_all({known.key: known}, customer.custom, actor)[known.key]


def decides(known: Known) -> bool:
    """Whether other fields, or sections, are shown or computed by what stands in this one."""
    design = design_of(RECORD)
    conditions = [one.shown_when for one in design.known.values()] + [one.shown_when for one in design.sections]
    is_read = any(known.name in formula.uses for formula in design.formulas.values())
    return is_read or any(one.get("field") == known.name for one in conditions)


@dataclass(frozen=True, kw_only=True)
class Put:
    """What `put` changed. sealed: encrypted fields by name, in the clear, empty where they go."""

    changes: list[Change]
    sealed: Mapping[str, str]

    def keep(self, customer: Customer, *, at: datetime) -> None:
        """Encrypt what has to be, once the customer is saved and has a number; in the same transaction. What files are
        taken out stay for a while."""
        for change in self.changes:
            known = known_of(change.field)
            if known and known.kind in FILES:
                keep_a_while(change.before, change.after, at=at)
        for field, text in self.sealed.items():
            if text:
                CustomerVault().put(field, {customer.pk: text})
            else:
                SealedValue.objects.filter(customer=customer, field=field).delete()


def put(*, actor: Actor, customer: Customer, changes: Mapping[str, Any]) -> Put:
    """Change own fields of a customer who is saved afterwards, and then told to `Put.keep`. changes: by "custom.k".

    :raises ValidationError, zhike.core.fields.FieldClosed: as for `put_values`
    """
    sealed = {one.key: one for one in list_sealed()}
    for one in sealed.values():
        if one.name in changes:
            require_write(actor, one.path)
    before = {field: written_in(customer, field) for field in changes}
    opened = {
        key: read_back(sealed[key], before[field])
        for field in changes
        if before[field] and (key := field.removeprefix(PREFIX)) in sealed
    }
    found = put_values(
        actor=actor,
        record=RECORD,
        current={**customer.custom, **opened},
        changes={field.removeprefix(PREFIX): value for field, value in changes.items()},
        plain=plain_of(customer),
        pk=customer.pk,
    )
    kept = {one.name: written(one, found.get(key)) for key, one in sealed.items() if one.name in changes}
    made = []
    for field, was in before.items():
        now = kept[field] if field in kept else _written(field, found)
        if now != was:
            covered = {text: COVERED if text else "" for text in (was, now)} if field in kept else {}
            made.append(Change(field=field, before=covered.get(was, was), after=covered.get(now, now)))
    told = {change.field for change in made}
    customer.custom = {
        key: value
        for key, value in found.items()
        if f"{PREFIX}{key}" not in told & kept.keys() and (key not in opened or key in customer.custom)
    }
    return Put(changes=made, sealed={field: text for field, text in kept.items() if field in told})
