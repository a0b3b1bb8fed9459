"""From a tree of words to a tree of meanings: which fields are meant, and whether the types fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import NoReturn

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from lark import Token, Tree

from zhike.metadata.formulas.language import MOST_DEPTH, MOST_NODES, FormulaInvalid, read_formula
from zhike.metadata.formulas.nodes import TYPE_NAMES, Node, Source, Type
from zhike.metadata.formulas.operations import CHINESE, COMPARISONS, FUNCTIONS, OPERATIONS
from zhike.metadata.kinds import EARLIEST, LATEST

type Branch = "Tree[Token] | Token"
MOST_DIGITS, MOST_DECIMALS = 18, 10
_ORDERED = (Type.NUMBER, Type.DATE)
_WORDS = ("true", "false")


@dataclass(kw_only=True)
class Built:
    """A formula that means something. kept: its text with fields and options by their keys."""

    node: Node
    kept: str


@dataclass(kw_only=True)
class _Builder:
    sources: Mapping[str, Source]
    formula_of: Callable[[str], Node | None]
    text: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def build(self, branch: Branch) -> Node:
        if isinstance(branch, Token):
            _refuse(branch, _("This is no formula."))
        builder = getattr(self, f"_{branch.data}", None)
        if builder is not None:
            found: Node = builder(branch)
            return found
        name = str(branch.data).rstrip("_")
        parts = [child for child in branch.children if isinstance(child, Tree)]
        return self._applied(name, branch, parts)

    def _number(self, branch: "Tree[Token]") -> Node:
        text = str(branch.children[0])
        whole, _point, decimals = text.partition(".")
        if len(whole.lstrip("0")) > MOST_DIGITS or len(decimals) > MOST_DECIMALS:
            _refuse(branch, _("This number is too large."))
        return Node(operation="value", type=Type.NUMBER, value=Decimal(text))

    def _text(self, branch: "Tree[Token]") -> Node:
        text = str(branch.children[0])[1:-1]
        return Node(operation="value", type=Type.TEXT if text else Type.NOTHING, value=text or None)

    def _true(self, _branch: "Tree[Token]") -> Node:
        return Node(operation="value", type=Type.BOOLEAN, value=True)

    def _false(self, _branch: "Tree[Token]") -> Node:
        return Node(operation="value", type=Type.BOOLEAN, value=False)

    def _field(self, branch: "Tree[Token]") -> Node:
        said = str(branch.children[0])[1:-1].strip()
        source = self.sources.get(said)
        if source is None:
            alike = [one for one in self.sources.values() if one.label.strip().lower() == said.lower()]
            if len(alike) > 1:
                _refuse(branch, _("Several fields are called “%(name)s”; choose it from the list.") % {"name": said})
            source = alike[0] if alike else None
        if source is None:
            _refuse(branch, _("There is no field “%(name)s” that a formula can use.") % {"name": said[:60]})
        start, end = _place(branch)
        self.edits.append((start, end, f"{{{source.name}}}"))
        return self.formula_of(source.name) or Node(operation="source", type=source.type, source=source)

    def _compare(self, branch: "Tree[Token]") -> Node:
        left, sign, right = branch.children
        name = COMPARISONS[str(sign)]
        parts = [part for part in (left, right) if isinstance(part, Tree)]
        one, other = (self.build(part) for part in parts)
        if name in ("equal", "unequal"):
            one, other = self._as_option(one, other, parts[0]), self._as_option(other, one, parts[1])
            if Type.CHOICES in (one.type, other.type):
                _refuse(branch, _("Ask for one of several choices by has(…, …)."))
            one, other = self._alike([one, other], parts)
        elif not (one.type is other.type and one.type in _ORDERED):
            _refuse(branch, _("Only two numbers or two dates can be compared like this."))
        return Node(operation=name, type=Type.BOOLEAN, inputs=(one, other))

    def _as_option(self, said: Node, beside: Node, place: "Tree[Token]") -> Node:
        """A text beside a choice is one of its options."""
        is_text = said.operation == "value" and said.type is Type.TEXT
        return self._option(beside, said, place) if is_text and beside.type is Type.CHOICE else said

    def _option(self, choice: Node, said: Node, place: "Tree[Token]") -> Node:
        options = choice.source.options if choice.source else {}
        key = next((key for key, names in options.items() if said.value == key or said.value in names), None)
        if key is None:
            known = " / ".join(names[0] for names in list(options.values())[:8])
            message = _("“%(said)s” is none of its choices: %(known)s")
            _refuse(place, message % {"said": said.value, "known": known})
        start, end = _place(place)
        self.edits.append((start, end, f'"{key}"'))
        return Node(operation="value", type=Type.CHOICE, value=key)

    def _call(self, branch: "Tree[Token]") -> Node:
        word, *rest = branch.children
        parts = [one for one in rest if isinstance(one, Tree)]
        name = CHINESE.get(str(word), str(word).lower())
        if name not in FUNCTIONS:
            _refuse(word, _("There is no function “%(name)s”.") % {"name": str(word)[:40]})
        match name:
            case "today":
                if parts:
                    _refuse(branch, _("This function takes nothing."))
                return Node(operation="today", type=Type.DATE)
            case "date":
                return self._date(branch, parts)
            case "has":
                return self._has(branch, parts)
            case "round" if len(parts) == 1:
                inputs = (self._typed(parts[0], Type.NUMBER), _count(0))
                return Node(operation="round", type=Type.NUMBER, inputs=inputs)
            case "if" if len(parts) == 2:
                condition, then = self._typed(parts[0], Type.BOOLEAN), self.build(parts[1])
                self._check_kept(then, parts[1])
                empty = Node(operation="value", type=then.type)
                return Node(operation="if", type=then.type, inputs=(condition, then, empty))
            case "text" if len(parts) == 1:
                return self._written(self.build(parts[0]), parts[0])
        found = self._applied(name, branch, parts)
        if name in ("round", "left"):
            _check_literal(found.inputs[1], parts[1], most=6 if name == "round" else 500)
        return found

    def _date(self, branch: "Tree[Token]", parts: Sequence["Tree[Token]"]) -> Node:
        found = self.build(parts[0]) if len(parts) == 1 else None
        try:
            day = date.fromisoformat(str(found.value)) if found and found.operation == "value" else None
        except ValueError:
            day = None
        if day is None or not EARLIEST <= day <= LATEST:
            _refuse(branch, _('Write a date as date("2026-11-22").'))
        return Node(operation="value", type=Type.DATE, value=day)

    def _has(self, branch: "Tree[Token]", parts: Sequence["Tree[Token]"]) -> Node:
        if len(parts) == 2:
            several, said = (self.build(part) for part in parts)
            if several.type is Type.CHOICES and said.type is Type.TEXT and said.operation == "value":
                key = replace(self._option(several, said, parts[1]), type=Type.TEXT)
                return Node(operation="has", type=Type.BOOLEAN, inputs=(several, key))
        return _refuse(branch, _("Say a field with several choices, and one of them in quotation marks."))

    def _join(self, branch: "Tree[Token]") -> Node:
        parts = [one for one in branch.children if isinstance(one, Tree)]
        inputs = tuple(self._written(self.build(part), part) for part in parts)
        return Node(operation="join", type=Type.TEXT, inputs=inputs)

    def _add(self, branch: "Tree[Token]") -> Node:
        return self._sum(branch, "add")

    def _subtract(self, branch: "Tree[Token]") -> Node:
        return self._sum(branch, "subtract")

    def _sum(self, branch: "Tree[Token]", name: str) -> Node:
        """Days are added to dates, and between two dates lie days."""
        parts = [one for one in branch.children if isinstance(one, Tree)]
        one, other = (self.build(part) for part in parts)
        if one.type is Type.DATE and other.type is Type.NUMBER:
            count = other if name == "add" else Node(operation="negative", type=Type.NUMBER, inputs=(other,))
            return Node(operation="adddays", type=Type.DATE, inputs=(one, count))
        if one.type is other.type is Type.DATE and name == "subtract":
            return Node(operation="days", type=Type.NUMBER, inputs=(other, one))
        inputs = tuple(self._cast(node, Type.NUMBER, part) for node, part in zip((one, other), parts, strict=True))
        return Node(operation=name, type=Type.NUMBER, inputs=inputs)

    def _written(self, node: Node, place: Branch) -> Node:
        if node.type is Type.NUMBER:
            return Node(operation="text", type=Type.TEXT, inputs=(node,))
        if node.type is Type.DATE:
            return Node(operation="text_of_date", type=Type.TEXT, inputs=(node,))
        return self._cast(node, Type.TEXT, place)

    def _applied(self, name: str, branch: "Tree[Token]", parts: Sequence["Tree[Token]"]) -> Node:
        operation = OPERATIONS[name]
        takes = operation.takes
        if operation.is_open and len(parts) >= (operation.least or 0):
            takes = takes * len(parts)
        if len(parts) != len(takes):
            _refuse(branch, _("%(function)s takes %(count)s values.") % {"function": name, "count": len(takes)})
        inputs = [
            self.build(part) if wanted is None else self._typed(part, wanted)
            for wanted, part in zip(takes, parts, strict=True)
        ]
        if None in takes and name != "empty":
            loose = [place for place, wanted in enumerate(takes) if wanted is None]
            alike = self._alike([inputs[place] for place in loose], [parts[place] for place in loose])
            for place, node in zip(loose, alike, strict=True):
                inputs[place] = node
            self._check_kept(alike[0], branch)
            if name in ("min", "max") and alike[0].type not in _ORDERED:
                _refuse(branch, _("This needs numbers or dates."))
            gives = operation.gives or alike[0].type
        else:
            gives = operation.gives or inputs[0].type
        return Node(operation=name, type=gives, inputs=tuple(inputs))

    def _typed(self, part: "Tree[Token]", wanted: Type) -> Node:
        return self._cast(self.build(part), wanted, part)

    def _cast(self, node: Node, wanted: Type, place: Branch) -> Node:
        if node.type is Type.NOTHING:
            return replace(node, type=wanted)
        if node.type is not wanted:
            words = {"wanted": TYPE_NAMES[wanted], "given": TYPE_NAMES[node.type]}
            _refuse(place, _("This has to be %(wanted)s, and is %(given)s.") % words)
        return node

    def _alike(self, nodes: Sequence[Node], places: Sequence[Branch]) -> list[Node]:
        types = [node.type for node in nodes if node.type is not Type.NOTHING]
        wanted = types[0] if types else Type.TEXT
        return [self._cast(node, wanted, place) for node, place in zip(nodes, places, strict=True)]

    def _check_kept(self, node: Node, place: Branch) -> None:
        """Only what can be a result goes through “if” and its like."""
        if node.type in (Type.CHOICE, Type.CHOICES, Type.LINK):
            _refuse(place, _("This cannot be a result; compare it with a value."))


def build_formula(text: str, *, sources: Mapping[str, Source], formula_of: Callable[[str], Node | None]) -> Built:
    """formula_of: the meaning of a field that is a formula itself, by its name; None of others.

    :raises FormulaInvalid: it means nothing
    """
    builder = _Builder(sources=sources, formula_of=formula_of, text=text)
    node = builder.build(read_formula(text))
    if node.type is Type.NOTHING:
        node = replace(node, type=Type.TEXT)
    builder._check_kept(node, Tree("all", []))
    if node.depth > MOST_DEPTH or sum(1 for _one in node.walk()) > MOST_NODES:
        raise FormulaInvalid(_("This formula is too large; divide it into several fields."))
    return Built(node=node, kept=_rewritten(text, builder.edits))


def readable(text: str, sources: Mapping[str, Source]) -> str:
    """A kept formula with fields by their names, where no other field is called the same, and options by theirs."""
    labels = [one.label.lower() for one in sources.values()]

    def named(source: Source) -> str:
        return source.name if labels.count(source.label.lower()) > 1 or "}" in source.label else source.label

    found = text
    for source in sources.values():
        found = found.replace(f"{{{source.name}}}", f"{{{named(source)}}}")
    return found


def _rewritten(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text.strip()


def _count(number: int) -> Node:
    return Node(operation="value", type=Type.NUMBER, value=Decimal(number))


def _check_literal(node: Node, place: Branch, *, most: int) -> None:
    if not (isinstance(node.value, Decimal) and 0 <= node.value <= most and not node.value % 1):
        _refuse(place, _("Write a whole number from 0 to %(most)s here.") % {"most": most})


def _place(branch: Branch) -> tuple[int, int]:
    if isinstance(branch, Token):
        start = branch.start_pos or 0
        return start, start + len(branch)
    return (branch.meta.start_pos, branch.meta.end_pos) if not branch.meta.empty else (0, 0)


def _refuse(branch: Branch, message: str | Promise) -> NoReturn:
    start, end = _place(branch)
    raise FormulaInvalid(message, start=start, end=end or None)
