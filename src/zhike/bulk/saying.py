"""What an act does, in words: the field, the value before and the one after."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from zhike.accounts.models import Team, User
from zhike.bulk.models import Act, Selection, Verb
from zhike.bulk.services.choosing import parameters_of
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.lists import registry
from zhike.core.lists.conditions import describe
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import read_state
from zhike.customers.guarded import ALL_LABELS, RECORD, key
from zhike.customers.listing import KEY
from zhike.customers.models import Customer, Relationship
from zhike.customers.own_fields import PREFIX, is_own
from zhike.customers.searching import SEARCHED
from zhike.metadata.saying import say_by_itself
from zhike.metadata.selectors import design_of

_CHOICES: Mapping[str, Mapping[str, object]] = {
    "kind": dict(Customer.Kind.choices),
    "relationship": dict(Relationship.choices),
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """One value of a change. before: what it was; empty where nothing was there, or nobody asked."""

    label: str
    after: str
    before: str = ""


def label_of(name: str) -> str:
    """A field as people call it; its key where it is gone."""
    if not is_own(name):
        return str(ALL_LABELS.get(name, name))
    known = design_of(RECORD).every.get(name.removeprefix(PREFIX))
    return known.named if known else name


class Names:
    """Colleagues and teams by their ids, looked up together."""

    def __init__(self, values: Iterable[tuple[str, Any]]) -> None:
        wanted: dict[str, set[int]] = {"owner": set(), "team": set()}
        for name, value in values:
            if name in wanted and value not in (None, ""):
                wanted[name].add(int(value))
        self._known = {
            name: dict(rows.filter(pk__in=wanted[name]).values_list("pk", "name")) if wanted[name] else {}
            for name, rows in (("owner", User.objects.all()), ("team", Team.objects.all()))
        }

    def said(self, name: str, value: Any) -> str:
        if value in (None, ""):
            return ""
        if is_own(name):
            known = design_of(RECORD).every.get(name.removeprefix(PREFIX))
            return say_by_itself(known, value) if known else str(value)
        if name in self._known:
            return str(self._known[name].get(int(value), f"#{value}"))
        return str(_CHOICES.get(name, {}).get(value, value))


def say_change(actor: Actor, change: Mapping[str, Any]) -> list[Said]:
    """What is put in, as far as the actor reads the fields."""
    wanted = change.get("fields") or {}
    names = Names(wanted.items())
    said = [
        Said(label=label_of(name), after=names.said(name, value))
        for name, value in wanted.items()
        if fields.reads(actor, [key(name)])
    ]
    reads_tags = fields.reads(actor, [key("tags")])
    if change.get("add") and reads_tags:
        said.append(Said(label=_("Tags added"), after="、".join(change["add"])))
    if change.get("remove") and reads_tags:
        said.append(Said(label=_("Tags removed"), after="", before="、".join(change["remove"])))
    return said


def say_before(actor: Actor, change: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[list[Said]]:
    """Of each row, what it was and becomes. rows: column to value, as kept."""
    wanted = change.get("fields") or {}
    seen = [name for name in wanted if fields.reads(actor, [key(name)])]
    names = Names([(name, row.get(column_of(name))) for row in rows for name in seen] + list(wanted.items()))
    return [
        [
            Said(
                label=label_of(name),
                before=names.said(name, row.get(column_of(name))),
                after=names.said(name, wanted[name]),
            )
            for name in seen
        ]
        for row in rows
    ]


def column_of(name: str) -> str:
    return f"{name}_id" if name in ("owner", "team") else name


def say_chosen(chosen: Selection | Act, asking: Asking) -> list[str]:
    """The filter as sentences, as far as the reader may ask it."""
    if not chosen.query:
        return []
    closed = [_("A filter that your role does not see")]
    spec = registry.get(KEY)
    try:
        state = read_state(parameters_of(chosen.query), of=spec)
        found = [clause.sentence for clause in describe(state.tree, of=spec, asking=asking)]
    except FilterInvalid:
        return closed
    is_mine = chosen.user_id == asking.actor.user_id
    if state.search and not is_mine and not fields.reads(asking.actor, SEARCHED):
        return closed
    return [*([_("Found by “%(search)s”") % {"search": state.search}] if state.search else []), *found]


def title_of(verb: str) -> str:
    return {
        Verb.EDIT: _("Edit many customers"),
        Verb.ASSIGN: _("Assign many customers"),
        Verb.TAG: _("Tag many customers"),
        Verb.DELETE: _("Move many customers to the recycle bin"),
    }[Verb(verb)]
