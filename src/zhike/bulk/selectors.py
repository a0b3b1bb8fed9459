"""What an act would do, what acts did, and what became of each customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from zhike.bulk.models import Act, Outcome, Record, Selection, Verb
from zhike.bulk.plans import SAME, Plan, make_plan
from zhike.bulk.saying import Said, say_before
from zhike.bulk.services.choosing import own_selections, rows_of
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.lists.patience import find_at_once
from zhike.core.paging import Count as Counted
from zhike.core.paging import Page, Rows, count_up_to
from zhike.customers.guarded import shown_name
from zhike.customers.models import VIEW, Customer
from zhike.customers.services.tags import list_tags_of

EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Example:
    """One customer of the preview."""

    name: str
    url: str
    said: list[Said]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What carrying it out now would do. refused: why, and how many; is_given_away: not seen afterwards."""

    total: int
    changed: int
    same: int
    refused: list[tuple[str, int]]
    examples: list[Example]
    is_given_away: bool

    @property
    def refused_count(self) -> int:
        return sum(count for _why, count in self.refused)


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """What became of a customer. url: empty where it is out of sight. code: of `Outcome`, which `outcome` says in
    words."""

    record_id: int
    name: str
    url: str
    outcome: str
    code: str
    said: list[Said]


def get_selection(*, actor: Actor, selection_id: int) -> Selection:
    """:raises Selection.DoesNotExist: there is none, or it is somebody else's"""
    return own_selections(actor).get(pk=selection_id)


def count_chosen(*, actor: Actor, selection: Selection, at: datetime) -> Counted:
    """How many customers are meant, exact up to ten thousand.

    :raises zhike.core.lists.grammar.FilterInvalid: a field of the filter is gone, or it takes too long
    """
    rows = rows_of(actor=actor, chosen=selection, at=at)
    with seeing_everything():
        return find_at_once(lambda: count_up_to(rows))


def preview_act(*, actor: Actor, selection: Selection, at: datetime) -> Preview:
    """
    :raises PermissionDenied, ValidationError: as for `make_plan`
    :raises zhike.core.lists.grammar.FilterInvalid: a field of the filter is gone, or it takes too long
    """
    plan = make_plan(actor=actor, verb=Verb(selection.verb), change=selection.change, at=at)
    # Counted by the compiled predicate, which asks for the actor's reach.
    with seeing_everything():
        rows: Any = rows_of(actor=actor, chosen=selection, at=at).annotate(verdict=plan.verdict(actor))
        verdicts = rows.order_by().values_list("verdict").annotate(count=Count("pk"))
        counts = find_at_once(lambda: dict(verdicts))
        found = list(rows.filter(verdict="").order_by("-pk").values_list("pk", flat=True)[:EXAMPLES])
    labels = dict(Outcome.choices)
    refused = [(str(labels[code]), count) for code, count in counts.items() if code not in ("", SAME)]
    return Preview(
        total=sum(counts.values()),
        changed=counts.get("", 0),
        same=counts.get(SAME, 0),
        refused=sorted(refused, key=lambda one: -one[1]),
        examples=_examples(actor, plan, selection, found),
        is_given_away=_is_given_away(actor, plan),
    )


def _examples(actor: Actor, plan: Plan, selection: Selection, ids: Sequence[int]) -> list[Example]:
    rows: Any = Customer.objects.visible_to(actor).filter(pk__in=ids).annotate(before=plan.before)
    found = list(rows.order_by("-pk").values_list("pk", "name", "before"))
    said = say_before(actor, selection.change, [before for _pk, _name, before in found])
    if plan.verb is Verb.TAG:
        said = [_said_tags(list_tags_of(customer_id=pk), plan) for pk, _name, _before in found]
    return [
        Example(name=shown_name(actor, name), url=reverse("show_customer", args=[pk]), said=values)
        for (pk, name, _before), values in zip(found, said, strict=True)
    ]


def _said_tags(before: Sequence[str], plan: Plan) -> list[Said]:
    after = sorted({*before, *plan.add} - {*plan.remove})
    return [Said(label="", before="、".join(before), after="、".join(after))]


def _is_given_away(actor: Actor, plan: Plan) -> bool:
    """Whether those who are changed leave the actor's reach, wherever they were before."""
    owner, team = (plan.assignments.get(f"{name}_id", -1) for name in ("owner", "team"))
    return plan.gives and not actor.reach_of(VIEW).covers(owner_id=owner, team_id=team)


def get_act(*, actor: Actor, act_id: int) -> Act:
    """:raises Act.DoesNotExist: there is none, or not for this actor"""
    return Act.objects.visible_to(actor).select_related("user", "undo_by").get(pk=act_id)


def page_acts(*, actor: Actor, page: Page) -> Rows[Act]:
    """The latest first."""
    return page.of(Act.objects.visible_to(actor).select_related("user"), by=("-pk",))


def count_outcomes(*, act: Act) -> list[tuple[str, str, int]]:
    """Outcome, label and number of the customers of an act that the caller has found visible; after an undo, what
    became of them then."""
    column = "undone" if act.went_back else "outcome"
    counts = dict(act.records.order_by().values_list(column).annotate(count=Count("pk")))
    if act.went_back:
        for code, count in act.records.filter(undone="").order_by().values_list("outcome").annotate(count=Count("pk")):
            if code != Outcome.CHANGED:
                counts[code] = counts.get(code, 0) + count
        counts.pop("", None)
    return [(code, str(label), counts[code]) for code, label in Outcome.choices if code in counts]


def page_records(*, actor: Actor, act: Act, outcome: str, page: Page) -> Rows[RecordRow]:
    """The customers of which this became, by the names that the actor sees."""
    state = Q(undone=outcome) | Q(undone="", outcome=outcome) if act.went_back else Q(outcome=outcome)
    found = page.of(Record.objects.filter(state, act=act), by=("pk",))
    ids = [one.record_id for one in found.items]
    names = dict(Customer.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "name"))
    said = say_before(actor, act.change, [one.before if one.record_id in names else {} for one in found.items])
    labels = dict(Outcome.choices)
    return Rows(
        items=[
            RecordRow(
                record_id=one.record_id,
                name=shown_name(actor, names[one.record_id]) if one.record_id in names else f"#{one.record_id}",
                url=reverse("show_customer", args=[one.record_id]) if one.record_id in names else "",
                outcome=str(labels[one.undone or one.outcome]),
                code=one.undone or one.outcome,
                said=values if one.record_id in names and one.outcome == Outcome.CHANGED and one.before else [],
            )
            for one, values in zip(found.items, said, strict=True)
        ],
        next_cursor=found.next_cursor,
    )
