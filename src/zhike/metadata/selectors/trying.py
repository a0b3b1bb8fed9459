"""What a formula would give, before it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise

from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.metadata import registry
from zhike.metadata.formulas.building import readable
from zhike.metadata.formulas.compiling import RESULTS, Formulas
from zhike.metadata.formulas.composing import Composed, is_fixed
from zhike.metadata.formulas.evaluating import as_json
from zhike.metadata.formulas.language import FormulaInvalid
from zhike.metadata.formulas.nodes import TYPE_NAMES, Node, Source, Type
from zhike.metadata.formulas.offering import list_functions
from zhike.metadata.kinds import Known
from zhike.metadata.permissions import MANAGE
from zhike.metadata.saying import say
from zhike.metadata.selectors.designs import design_of

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the formula gives for a record."""

    name: str
    url: str
    said: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """problem: what is wrong; before, wrong, after: the text around it. gives: what comes out, "a number". is_slow: no
    index can hold it. outcomes: for a few records, none where the designer does not read what it is computed from."""

    problem: str | Promise = ""
    before: str = ""
    wrong: str = ""
    after: str = ""
    gives: str | Promise = ""
    is_slow: bool = False
    outcomes: Sequence[Outcome] = ()


def list_offered(*, actor: Actor, record: str, but: str) -> list[tuple[str, str]]:
    """The fields that can be put into a formula: what is inserted, and the name."""
    require(actor, MANAGE)
    sources = Formulas(record, design_of(record).known).sources
    return [
        (readable(f"{{{one.name}}}", sources), one.label)
        for one in sources.values()
        if one.name != f"{registry.COLUMN}.{but}"
    ]


def example(record: str) -> str:
    """Days since the first date that there is."""
    sources = Formulas(record, design_of(record).known).sources
    day = next((one.label for one in sources.values() if one.type is Type.DATE), "")
    name = {one.key: one.name for one in list_functions()}
    return f"{name['days']}({{{day}}}, {name['today']}())"


def try_formula(*, actor: Actor, record: str, text: str, key: str) -> Trial:
    """What the text means as the formula of this field; key: empty of a new one."""
    require(actor, MANAGE)
    formulas = Formulas(record, design_of(record).known)
    try:
        _built, node = formulas.try_out(text, name=f"{registry.COLUMN}.{key}" if key else "")
    except FormulaInvalid as wrong:
        end = len(text) if wrong.end is None else wrong.end
        return Trial(problem=wrong.message, before=text[: wrong.start], wrong=text[wrong.start : end], after=text[end:])
    sources = [one.source for one in node.walk() if one.source is not None]
    return Trial(
        gives=TYPE_NAMES[node.type],
        is_slow=not is_fixed(node),
        outcomes=_outcomes(actor, record, node, sources),
    )


def _outcomes(actor: Actor, record: str, node: Node, sources: Sequence[Source]) -> list[Outcome]:
    if not fields.reads(actor, {guard for one in sources for guard in one.guards}):
        return []
    designed = registry.get(record)
    rows: Any = designed.visible_to(actor).order_by("-pk").annotate(outcome=Composed(node))
    shown = Known(record=record, key="outcome", kind=RESULTS[node.type], label="")
    return [
        Outcome(
            name=fields.shown(actor, designed.name_field, name),
            url=reverse(designed.url_name, args=[pk]),
            said=say(shown, as_json(outcome)),
        )
        for pk, name, outcome in rows.values_list("pk", designed.name, "outcome")[:SHOWN]
    ]
