"""What the formulas of a kind of record mean, each worked into those that use it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from zhike.metadata import registry
from zhike.metadata.formulas.building import Built, build_formula
from zhike.metadata.formulas.language import FormulaInvalid
from zhike.metadata.formulas.nodes import TYPES, Node, Source, Type
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind

RESULTS: Mapping[Type, Kind] = {
    Type.NUMBER: Kind.NUMBER,
    Type.TEXT: Kind.TEXT,
    Type.DATE: Kind.DATE,
    Type.BOOLEAN: Kind.BOOLEAN,
}
DECIMALS = 2


class FormulaLoops(FormulaInvalid):
    """A formula that needs itself, perhaps by way of others."""


@dataclass(frozen=True, kw_only=True)
class Formula:
    """guards: the fields that its value tells of. uses: names of the company's own fields in it."""

    node: Node
    guards: tuple[str, ...]
    uses: frozenset[str]


def list_sources(record: str, known: Iterable[Known]) -> dict[str, Source]:
    """What formulas of such a record can read, by name."""
    found = {one.name: one for one in registry.get(record).readable()}
    for one in known:
        if one.held in TYPES and one.kind is not Kind.ROLLUP and not one.is_archived and not one.is_sealed:
            options = {key: (option.label, option.label_en) for key, option in one.options.items()}
            found[one.name] = Source(name=one.name, label=one.named, kind=one.held, guards=(one.path,), options=options)
    return found


class Formulas:
    """Those of one kind of record, understood when they are asked for."""

    def __init__(self, record: str, known: Mapping[str, Known]) -> None:
        self.sources = list_sources(record, known.values())
        self._known = {one.name: one for one in known.values() if one.kind is Kind.FORMULA and not one.is_archived}
        self._found: dict[str, Node] = {}
        self._open: list[str] = []

    def get(self, name: str) -> Formula:
        """:raises FormulaInvalid: it means nothing, or needs itself"""
        node = self._node(name)
        sources = [one.source for one in node.walk() if one.source is not None]
        guards = dict.fromkeys(guard for source in sources for guard in source.guards)
        return Formula(node=node, guards=tuple(guards), uses=frozenset(self._uses(name)))

    def try_out(self, text: str, *, name: str = "", decimals: int = DECIMALS) -> tuple[Built, Node]:
        """What a text would mean as the formula of this field, as people typed it and as its value is.

        :raises FormulaInvalid: it means nothing, or needs itself
        """
        self._open = [name] if name else []
        try:
            built = build_formula(text, sources=self.sources, formula_of=self._formula_of)
        finally:
            self._open = []
        return built, rounded(built.node, decimals)

    def _node(self, name: str) -> Node:
        if name not in self._found:
            one = self._known[name]
            self._open.append(name)
            try:
                built = build_formula(
                    str(one.rules.get("formula", "")), sources=self.sources, formula_of=self._formula_of
                )
            finally:
                self._open.pop()
            self._found[name] = rounded(built.node, int(one.rules.get("decimals", DECIMALS)))
        return self._found[name]

    def _formula_of(self, name: str) -> Node | None:
        if name in self._open:
            way = [*self._open[self._open.index(name) :], name]
            named = " → ".join(self.sources[one].label if one in self.sources else one for one in way)
            raise FormulaLoops(_("This formula goes round in a circle: %(way)s.") % {"way": named})
        return self._node(name) if name in self._known else None

    def _uses(self, name: str) -> set[str]:
        """Directly or by way of other formulas."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            text = str(self._known[waiting.pop()].rules.get("formula", ""))
            direct = {source for source in self.sources if f"{{{source}}}" in text} - found
            found |= direct
            waiting += [one for one in direct if one in self._known]
        return found


def rounded(node: Node, decimals: int) -> Node:
    """As people see it: who goes on calculating with it goes on with that."""
    if node.type is not Type.NUMBER:
        return node
    digits = Node(operation="value", type=Type.NUMBER, value=decimals)
    return Node(operation="round", type=Type.NUMBER, inputs=(node, digits))


def understand(record: str, known: Mapping[str, Known]) -> dict[str, Formula]:
    """Every formula by the key of its field. What means nothing any more is left out, and has no value."""
    formulas = Formulas(record, known)
    found: dict[str, Formula] = {}
    for key, one in known.items():
        if one.kind is Kind.FORMULA:
            try:
                found[key] = formulas.get(one.name)
            except FormulaInvalid:
                continue
    return found


def check_all(record: str, known: Mapping[str, Known], blame: Callable[[Known, FormulaInvalid], None]) -> None:
    """Tell `blame` of every formula in use that means nothing."""
    formulas = Formulas(record, known)
    for one in known.values():
        if one.kind is Kind.FORMULA and not one.is_archived:
            try:
                formulas.get(one.name)
            except FormulaInvalid as wrong:
                blame(one, wrong)
