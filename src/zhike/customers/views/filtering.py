"""The editor of the list's filter: groups within groups of conditions, all, any or none of which must hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import drafts, registry
from zhike.core.lists.conditions import ME, compile_tree, in_words, mend
from zhike.core.lists.drafts import Fields, Path
from zhike.core.lists.grammar import EVERYTHING, MAX_CONDITIONS, Condition, FilterInvalid, Group
from zhike.core.lists.operators import OPERATORS, Asking, Kind
from zhike.core.lists.registry import List
from zhike.core.lists.state import State
from zhike.core.pages import go_to, render_page
from zhike.customers.kept_views import list_address
from zhike.customers.listing import KEY
from zhike.customers.selectors import sealed_values
from zhike.customers.views.asking import asking_of, read_list
from zhike.customers.views.listing import VIEW, state_parts

FEW_CHOICES = 12
_WIDGETS = {
    Kind.INTEGER: "number",
    Kind.AMOUNT: "number",
    Kind.DATE: "date",
    Kind.MOMENT: "date",
    Kind.TEXT: "text",
    Kind.CHOICE: "text",
    Kind.REFERENCE: "text",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One condition in the editor. widget: how its values are given; choices: value, label and whether chosen.

    suggested: words to type. kept: what cannot be asked any more, as it is spelt, with the reason.
    """

    name: str
    field: str = ""
    operator: str = ""
    operators: Sequence[tuple[str, str]] = ()
    widget: str = "none"
    days: str = ""
    values: Sequence[str] = ()
    choices: Sequence[tuple[str, str, bool]] = ()
    suggested: Sequence[str] = ()
    is_next: bool = False
    kept: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A group in the editor. name: its path, empty for the whole; word: what stands between two of its items."""

    name: str
    joiner: str
    word: str
    items: list["Block | Line"]
    can_hold_groups: bool
    is_next: bool
    is_block: bool = True


@needs(VIEW)
@require_GET
def edit_filter(request: ActorRequest) -> HttpResponse:
    """The editor for the list's filter; “apply” leads to the list, “say” answers with the filter in words."""
    asking, spec = asking_of(request), registry.get(KEY)
    fields = {key: one for key, one in spec.fields_for(request.actor).items() if one.is_typed}
    done, _sep, place = request.GET.get("do", "").partition("-")
    refusal: FilterInvalid | None = None
    try:
        state = read_list(request.GET.dict())
        draft = drafts.read_draft(request.GET, fields=fields) if done else state.tree
    except FilterInvalid as unreadable:
        refusal, state, draft = unreadable, State(), EVERYTHING
    if done == "say":
        return _say(request, state, drafts.finished(draft, fields=fields), asking)
    at = drafts.read_path(place)
    where: Path | None = None
    if at is not None and done and refusal is None:
        draft, where = drafts.change(draft, done=done, at=at, fields=fields)
    if not draft.items:
        draft, where = Group(draft.joiner, (drafts.first_of(fields),)), (0,)
    if done == "apply" and refusal is None:
        tree = drafts.finished(draft, fields=fields)
        try:
            compile_tree(tree, of=spec, asking=asking)
        except FilterInvalid as wrong:
            refusal = wrong
        else:
            return go_to(request, list_address(state.with_tree(tree).query()))
    context = {
        "hidden": [(name, value) for name, value in state_parts(state) if name != "f"],
        "block": _block(draft, (), where, fields, asking),
        "sections": _sections(fields),
        "sealed_fields": sealed_values.list_asked(actor=request.actor),
        "may_find_by_id_number": "id_number" in spec.fields_for(request.actor),
        "can_add": _count(draft) < MAX_CONDITIONS,
        "say_url": f"{reverse('edit_filter')}?do=say",
        "refusal": refusal,
    }
    return render_page(request, "customers/filter.html", context)


def _say(request: ActorRequest, state: State, tree: Group, asking: Asking) -> HttpResponse:
    """The filter as one sentence, with the number of those it finds."""
    spec = registry.get(KEY)
    try:
        compile_tree(tree, of=spec, asking=asking)
        sentence = in_words(tree, of=spec, asking=asking)
    except FilterInvalid as refusal:
        return render_page(request, "customers/filter_words.html", {"refusal": refusal})
    count_url = f"{reverse('count_customers')}?{state.with_tree(tree).query()}"
    return render_page(request, "customers/filter_words.html", {"sentence": sentence, "count_url": count_url})


def _count(draft: Group) -> int:
    return sum(_count(item) if isinstance(item, Group) else 1 for item in draft.items)


def _sections(fields: Fields) -> list[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for one in fields.values():
        found.setdefault(str(one.section) or _("Customer"), []).append((one.key, str(one.label)))
    return list(found.items())


def _block(group: Group, path: Path, where: Path | None, fields: Fields, asking: Asking) -> Block:
    items: list[Block | Line] = []
    for place, item in enumerate(group.items):
        at = (*path, place)
        if isinstance(item, Group):
            items.append(_block(item, at, where, fields, asking))
        elif item.field in fields and item.operator in fields[item.field].allowed:
            items.append(_line(item, at, at == where, fields, asking))
        else:
            items.append(_kept(item, at, asking))
    return Block(
        name=drafts.written(path),
        joiner=group.joiner,
        word=_("and") if group.joiner == "all" else _("or"),
        items=items,
        can_hold_groups=drafts.can_hold_groups(path),
        is_next=path == where,
    )


def _kept(item: Condition, at: Path, asking: Asking) -> Line:
    """What stands in the filter and is not offered here stays as it is until it is dropped."""
    spec: List = registry.get(KEY)
    alone = Group("all", (item,))
    reasons = mend(alone, of=spec, asking=asking).refusals
    said = reasons[0] if reasons else in_words(alone, of=spec, asking=asking)
    return Line(name=drafts.written(at), kept=str(item), reason=said)


def _line(condition: Condition, at: Path, is_next: bool, fields: Fields, asking: Asking) -> Line:
    known, operator = fields[condition.field], OPERATORS[condition.operator]
    values = list(condition.values)
    days = (values.pop(0) if values else drafts.DAYS) if known.is_within else ""
    is_typed = known.kind is Kind.TEXT
    offered: Sequence[tuple[str, str]] = known.choices(asking.actor) if operator.arity == "many" else ()
    if known.knows_me and offered:
        offered = [(ME, _("me")), *offered]
    widget = "none" if operator.arity == "none" else "number" if operator.arity == "days" else _WIDGETS[known.kind]
    chosen = dict.fromkeys(values)
    if offered and not is_typed:
        known_values = {value for value, _label in offered}
        beyond = [value for value in chosen if value not in known_values]
        labels = known.labels(beyond, asking.actor)
        offered = [*offered, *((value, labels.get(value, value)) for value in beyond)]
        widget = "choices" if len(offered) <= FEW_CHOICES else "select"
    elif operator.arity == "many":
        values = ["，".join(values)]
    else:
        values += [""] * ((2 if operator.arity == "pair" else 1) - len(values))
    return Line(
        name=drafts.written(at),
        field=known.key,
        operator=operator.key,
        operators=[(key, str(OPERATORS[key].label)) for key in known.allowed],
        widget=widget,
        days=days,
        values=values,
        choices=[] if is_typed else [(value, label, value in chosen) for value, label in offered],
        suggested=[value for value, _label in offered] if is_typed else [],
        is_next=is_next,
    )
