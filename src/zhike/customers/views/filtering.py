"""The editor of the list's filter: groups of conditions, all or any of which must hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import grammar, registry
from zhike.core.lists.conditions import compile_tree, describe
from zhike.core.lists.grammar import Condition, FilterInvalid, Group, Joiner
from zhike.core.lists.operators import OPERATORS, Asking, Kind
from zhike.core.lists.registry import Field
from zhike.core.lists.state import State, read_state
from zhike.core.pages import go_to, render_page
from zhike.customers.listing import KEY
from zhike.customers.views.asking import asking_of
from zhike.customers.views.listing import VIEW, list_address, state_parts

MOST_GROUPS = 12
MOST_ROWS = 12
_SEPARATORS = re.compile(r"[,，、;；\n]+")
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
    """One condition in the editor. widget: how its values are given; choices: value, label and whether chosen."""

    name: str
    field: str
    operator: str
    operators: list[tuple[str, str]]
    widget: str
    values: list[str]
    choices: list[tuple[str, str, bool]]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Conditions joined the other way than the blocks are. sentence: of what the editor cannot take apart."""

    number: int
    lines: list[Line]
    raw: str = ""
    sentence: str = ""


type Draft = list[list[Condition] | Group]


@needs(VIEW)
@require_GET
def edit_filter(request: ActorRequest) -> HttpResponse:
    """The editor for the list's filter; “apply” leads to the list."""
    asking = asking_of(request)
    spec = registry.get(KEY)
    fields = spec.fields_for(request.actor)
    done, _sep, place = request.GET.get("do", "").partition("-")
    refusal: FilterInvalid | None = None
    try:
        state = read_state(request.GET.dict(), of=spec)
        compile_tree(state.tree, of=spec, asking=asking)
        joiner, draft = _from_form(request.GET, fields, asking) if done else _from_tree(state.tree)
    except FilterInvalid as unreadable:
        refusal, state, joiner, draft = unreadable, State(), "all", []
    draft = _changed(draft, done, place, fields)
    if done == "apply" and refusal is None:
        tree = _tree(joiner, draft)
        try:
            compile_tree(tree, of=spec, asking=asking)
        except FilterInvalid as wrong:
            refusal = wrong
        else:
            return go_to(request, list_address(state.with_tree(tree).query()))
    context = _context(state, joiner, draft, fields, asking)
    return render_page(request, "customers/filter.html", {**context, "refusal": refusal})


def _from_tree(tree: Group) -> tuple[Joiner, Draft]:
    draft: Draft = []
    for item in tree.items:
        if isinstance(item, Condition):
            draft.append([item])
        elif item.joiner != tree.joiner and all(isinstance(part, Condition) for part in item.items):
            draft.append([part for part in item.items if isinstance(part, Condition)])
        else:
            draft.append(item)
    return tree.joiner, draft


def _from_form(form: QueryDict, fields: dict[str, Field], asking: Asking) -> tuple[Joiner, Draft]:
    draft: Draft = []
    for number in range(MOST_GROUPS):
        raw = form.get(f"raw-{number}")
        if raw:
            kept = grammar.read(raw)
            compile_tree(kept, of=registry.get(KEY), asking=asking)
            draft.append(kept)
            continue
        rows = [row for place in range(MOST_ROWS) if (row := _row(form, f"{number}-{place}", fields))]
        if rows:
            draft.append(rows)
    return ("any" if form.get("match") == "any" else "all"), draft


def _row(form: QueryDict, name: str, fields: dict[str, Field]) -> Condition | None:
    field = fields.get(form.get(f"field-{name}", ""))
    if field is None:
        return None
    operator = form.get(f"op-{name}", "")
    if operator not in field.allowed:
        operator = field.allowed[0]
    values = [value.strip() for value in form.getlist(f"value-{name}")]
    if field.kind is Kind.TEXT and OPERATORS[operator].arity == "many":
        values = [part.strip() for value in values for part in _SEPARATORS.split(value)]
    arity = OPERATORS[operator].arity
    kept = [value for value in values if value][: {"none": 0, "one": 1, "days": 1, "pair": 2}.get(arity)]
    return Condition(field.key, operator, tuple(kept))


def _changed(draft: Draft, done: str, place: str, fields: dict[str, Field]) -> Draft:
    """The draft after the button: "add-2" adds a line to a block, "block" a block, "drop-2-1" takes a line away."""
    if done == "block" or not draft:
        return [*draft, [_first(fields)]]
    number, _sep, row = place.partition("-")
    at = int(number) if number.isdecimal() else -1
    if not 0 <= at < len(draft):
        return draft
    block = draft[at]
    if done == "add" and isinstance(block, list):
        return [*draft[:at], [*block, _first(fields)], *draft[at + 1 :]]
    if done == "drop":
        rest = [line for index, line in enumerate(block) if str(index) != row] if isinstance(block, list) else []
        return [*draft[:at], *([rest] if rest else []), *draft[at + 1 :]]
    return draft


def _first(fields: dict[str, Field]) -> Condition:
    field = next(iter(fields.values()))
    return Condition(field.key, field.allowed[0])


def _tree(joiner: Joiner, draft: Draft) -> Group:
    other: Joiner = "all" if joiner == "any" else "any"
    items: list[Condition | Group] = []
    for block in draft:
        if isinstance(block, Group):
            items.append(block)
            continue
        told = [line for line in block if line.values or OPERATORS[line.operator].arity == "none"]
        if told:
            items.append(told[0] if len(told) == 1 else Group(other, tuple(told)))
    return Group(joiner if len(items) > 1 else "all", tuple(items))


def _context(state: State, joiner: Joiner, draft: Draft, fields: dict[str, Field], asking: Asking) -> dict[str, object]:
    blocks = []
    for number, block in enumerate(draft):
        if isinstance(block, Group):
            (clause, *_rest) = describe(Group("all", (block,)), of=registry.get(KEY), asking=asking)
            blocks.append(Block(number=number, lines=[], raw=str(block), sentence=clause.sentence))
            continue
        lines = [_line(line, f"{number}-{place}", fields, asking) for place, line in enumerate(block)]
        blocks.append(Block(number=number, lines=lines))
    return {
        "hidden": [(name, value) for name, value in state_parts(state) if name != "f"],
        "joiner": joiner,
        "inner_word": _("or") if joiner == "all" else _("and"),
        "blocks": blocks,
        "fields": [(field.key, str(field.label)) for field in fields.values() if field.is_typed],
        "may_find_by_id_number": "id_number" in fields,
        "can_add": len(blocks) < MOST_GROUPS,
    }


def _line(condition: Condition, name: str, fields: dict[str, Field], asking: Asking) -> Line:
    field = fields[condition.field]
    operator = OPERATORS[condition.operator]
    choices: Sequence[tuple[str, str]] = field.choices(asking.actor) if operator.arity == "many" else ()
    widget = "none" if operator.arity == "none" else "number" if operator.arity == "days" else _WIDGETS[field.kind]
    values = list(condition.values)
    if choices:
        widget = "choices" if len(choices) <= 12 else "select"
    elif operator.arity == "many":
        values = ["，".join(values)]
    else:
        values += [""] * ((2 if operator.arity == "pair" else 1) - len(values))
    return Line(
        name=name,
        field=field.key,
        operator=operator.key,
        operators=[(key, str(OPERATORS[key].label)) for key in field.allowed],
        widget=widget,
        values=values,
        choices=[(value, label, value in condition.values) for value, label in choices],
    )
