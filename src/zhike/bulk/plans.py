"""What a change means for a customer, as conditions and assignments of one statement over thousands of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Coalesce, JSONObject
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from zhike.bulk.expressions import JsonIs, put_all
from zhike.bulk.models import Outcome, Verb
from zhike.core import fields as guarding
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.text import normal
from zhike.customers.guarded import RECORD, key
from zhike.customers.models import EDIT, Customer, CustomerTag
from zhike.customers.own_fields import PREFIX, is_own
from zhike.customers.services import people
from zhike.customers.services.bin import DELETE
from zhike.customers.services.tags import MAX_TAGS
from zhike.customers.tagging import require_by_hand
from zhike.metadata.kinds import Json
from zhike.metadata.selectors import design_of
from zhike.metadata.services.values import needing, read_for_many

SAME = "same"
REFERENCES = ("owner", "team")
# A name is one customer's own.
EDITABLE = tuple(name for name in people.FIELDS if name != "name")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """permission: what has to reach a record. same: that it is so already. rules: what else has to hold, by the outcome
    where it does not. before: the values that stand there, as JSON. gives: it may leave the reach of whoever does it.
    columns, own: what is assigned; values: by the names of the fields, as JSON.
    """

    verb: Verb
    permission: str
    same: Q | None = None
    rules: Sequence[tuple[Outcome, Q]] = ()
    before: Any = field(default_factory=JSONObject)
    assignments: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    gives: bool = False
    values: Mapping[str, Json] = field(default_factory=dict)
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def verdict(self, actor: Actor) -> Any:
        """Why a record stays as it is, by `Outcome` or `SAME`; empty where it does not."""
        told: Any = Value("")
        for outcome, held in reversed(self.rules):
            told = Case(When(held, then=told), default=Value(outcome.value))
        if self.same is not None:
            told = Case(When(self.same, then=Value(SAME)), default=told)
        return self._within(actor, told)

    def verdict_of_undo(self, actor: Actor) -> Any:
        """The same for taking it back: only where it still is as it was made."""
        told: Any = Value("")
        if self.gives and not actor.reach_of(self.permission).is_all:
            told = Case(When(_held(actor), then=told), default=Value(Outcome.GUEST.value))
        if self.same is not None:
            told = Case(When(self.same, then=told), default=Value(Outcome.EDITED.value))
        return self._within(actor, told)

    def _within(self, actor: Actor, told: Any) -> Any:
        if actor.reach_of(self.permission).is_all:
            return told
        reached = Customer.objects.all().reached_by(actor, self.permission)
        return Case(When(reached, then=told), default=Value(Outcome.CLOSED.value))


def make_plan(*, actor: Actor, verb: Verb, change: Mapping[str, Any], at: datetime) -> Plan:
    """
    :raises PermissionDenied, zhike.core.fields.FieldClosed: the actor may not do this to any record
    :raises ValidationError: by the field's name: nothing to do, no such field, not of its kind; a tag that has a rule
    """
    if verb is Verb.DELETE:
        require(actor, DELETE)
        return Plan(verb=verb, permission=DELETE)
    require(actor, EDIT)
    if verb is Verb.TAG:
        plan = _tagging(actor, change)
        require_by_hand((*plan.add, *plan.remove))
        return plan
    return _editing(actor, verb, change.get("fields") or {}, change.get("kinds") or {}, at)


def plan_of_undo(*, actor: Actor, verb: Verb, change: Mapping[str, Any]) -> Plan:
    """The plan of a change that was made, to take it back: whether it could be made today is not asked.

    :raises PermissionDenied, zhike.core.fields.FieldClosed: the actor may not do this to any record
    :raises ValidationError: by the field's name: it is gone, of another kind, or holds each value once by now
    """
    if verb is Verb.DELETE:
        require(actor, DELETE)
        return Plan(verb=verb, permission=DELETE)
    require(actor, EDIT)
    if verb is Verb.TAG:
        return _tagging(actor, change)
    wanted: Mapping[str, Any] = change["fields"]
    for name in wanted:
        if not is_own(name):
            guarding.require_write(actor, key(name))
    own = {name.removeprefix(PREFIX): value for name, value in wanted.items() if is_own(name)}
    known = design_of(RECORD).known
    for name in own:
        if name not in known or known[name].kind.value != change["kinds"].get(name) or known[name].is_unique:
            raise ValidationError({f"{PREFIX}{name}": [_("The field is not what it was, or gone.")]})
        guarding.require_write(actor, known[name].path)
    return _plan_of_edit(actor, verb, {name: value for name, value in wanted.items() if not is_own(name)}, own)


def kept_change(plan: Plan) -> dict[str, Any]:
    """The change as an act keeps it, from which the same plan can be made."""
    if plan.verb is Verb.DELETE:
        return {}
    if plan.verb is Verb.TAG:
        return {"add": list(plan.add), "remove": list(plan.remove)}
    known = design_of(RECORD).known
    return {"fields": dict(plan.values), "kinds": {name: known[name].kind.value for name in plan.own}}


def _editing(actor: Actor, verb: Verb, wanted: Mapping[str, Any], kinds: Mapping[str, str], at: datetime) -> Plan:
    if not wanted:
        raise ValidationError({"field": [_("Choose what to change.")]})
    plain = {name: value for name, value in wanted.items() if not is_own(name)}
    if set(plain) - set(EDITABLE):
        raise ValidationError({name: [_("There is no such field.")] for name in plain if name not in EDITABLE})
    for name in plain:
        guarding.require_write(actor, key(name))
    cleaned = people.clean(plain, at=at)
    own = read_for_many(
        actor=actor,
        record=RECORD,
        changes={name.removeprefix(PREFIX): value for name, value in wanted.items() if is_own(name)},
    )
    known = design_of(RECORD).known
    if any(known[name].kind.value != kind for name, kind in kinds.items()):
        raise ValidationError({"field": [_("The field is of another kind by now.")]})
    return _plan_of_edit(actor, verb, cleaned, own)


def _plan_of_edit(actor: Actor, verb: Verb, cleaned: Mapping[str, Any], own: Mapping[str, Json]) -> Plan:
    columns = {f"{name}_id" if name in REFERENCES else name: value for name, value in cleaned.items()}
    same = Q()
    for column, value in columns.items():
        same &= Q(**{f"{column}__isnull": True}) if value is None else Q(**{column: value})
    for name, value in own.items():
        same &= Q(JsonIs(name, value))
    gives = any(name in REFERENCES for name in cleaned)
    rules = [(Outcome.GUEST, _held(actor))] if gives and not actor.reach_of(EDIT).is_all else []
    rules += [(Outcome.REQUIRED, ~needed) for name, value in own.items() if (needed := needing(RECORD, name, value))]
    assignments: dict[str, Any] = dict(columns)
    if own:
        assignments["custom"] = put_all(dict(own))
    before: dict[str, Any] = {column: F(column) for column in columns}
    before |= {f"{PREFIX}{name}": KeyTransform(name, "custom") for name in own}
    return Plan(
        verb=verb,
        permission=EDIT,
        same=same,
        rules=rules,
        before=JSONObject(**before),
        assignments=assignments,
        columns=tuple(columns),
        own=tuple(own),
        gives=gives,
        values={
            **{name: value.isoformat() if isinstance(value, date) else value for name, value in cleaned.items()},
            **{f"{PREFIX}{name}": value for name, value in own.items()},
        },
    )


def _held(actor: Actor) -> Q:
    """Whose it is decides who reaches it; a guest on the record does not."""
    reach = actor.reach_of(EDIT)
    return Q(owner_id__in=list(reach.user_ids)) | Q(team_id__in=list(reach.team_ids))


def _tagging(actor: Actor, change: Mapping[str, Any]) -> Plan:
    guarding.require_write(actor, key("tags"))
    add, remove = (_words(change.get(name) or ()) for name in ("add", "remove"))
    if not add and not remove:
        raise ValidationError({"add": [_("Enter at least one tag.")]})
    if set(add) & set(remove):
        raise ValidationError({"add": [_("The same tag cannot come and go.")]})
    mine = CustomerTag.objects.filter(customer=OuterRef("pk"))
    same = Q()
    for name in add:
        same &= Q(Exists(mine.filter(tag__name=name)))
    if remove:
        same &= ~Q(Exists(mine.filter(tag__name__in=remove)))
    others = mine.exclude(tag__name__in=[*add, *remove]).order_by().values("customer").annotate(count=Count("pk"))
    rules: list[tuple[Outcome, Q]] = []
    if add:
        held = Coalesce(Subquery(others.values("count")), 0)
        rules.append((Outcome.MANY, Q(LessThanOrEqual(held, MAX_TAGS - len(add)))))
    return Plan(verb=Verb.TAG, permission=EDIT, same=same, rules=rules, add=add, remove=remove)


def _words(names: Sequence[str]) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word for name in names if (word := normal.one_line(str(name)))))
    if len(words) > MAX_TAGS or any(len(word) > 50 or "\0" in word for word in words):
        raise ValidationError({"add": [_("At most 50 tags of at most 50 characters each.")]})
    return words
