"""How a formula is written: text to tree, and what is wrong with a text, and where.

Signs may be full width, as Chinese keyboards write them; fields stand in braces, by their name or their key.
"""

from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

LONGEST, MOST_NODES, MOST_DEPTH = 2000, 400, 40

GRAMMAR = r"""
?start: either
?either: both | either OR both -> or_
?both: negated | both AND negated -> and_
?negated: compared | NOT negated -> not_
?compared: joined | joined COMPARE joined -> compare
?joined: sum | joined JOIN sum -> join
?sum: product | sum PLUS product -> add | sum MINUS product -> subtract
?product: signed | product TIMES signed -> multiply | product BY signed -> divide
?signed: atom | MINUS signed -> negative
?atom: NUMBER -> number
     | TEXT -> text
     | FIELD -> field
     | TRUE -> true
     | FALSE -> false
     | NAME _OPEN [either (_COMMA either)*] _CLOSE -> call
     | _OPEN either _CLOSE

OR.2: /or\b/i | "或"
AND.2: /and\b/i | "且"
NOT.2: /not\b/i | "非"
TRUE.2: /true\b/i | "真"
FALSE.2: /false\b/i | "假"
COMPARE: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">" | "＝" | "＜" | "＞" | "≤" | "≥" | "≠"
JOIN: "&" | "＆"
PLUS: "+" | "＋"
MINUS: "-" | "－"
TIMES: "*" | "×" | "＊"
BY: "/" | "÷" | "／"
NUMBER: /[0-9]+(\.[0-9]+)?/
TEXT: /"[^"]*"/ | /“[^”]*”/
FIELD: /\{[^{}]*\}/
NAME: /[^\W\d]\w*/
_OPEN: "(" | "（"
_CLOSE: ")" | "）"
_COMMA: "," | "，"
%ignore /\s+/
"""


class FormulaInvalid(ValueError):
    """The formula means nothing; the message is for people. start, end: of what is meant, in the text."""

    def __init__(self, message: str | Promise, *, start: int = 0, end: int | None = None) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def read_formula(text: str) -> "Tree[Token]":
    """
    :raises FormulaInvalid: it does not follow the grammar, or is too large
    """
    if not text.strip():
        raise FormulaInvalid(_("Write a formula."))
    if len(text) > LONGEST or "\0" in text:
        raise FormulaInvalid(_("A formula can have %(count)s characters.") % {"count": LONGEST})
    try:
        tree = _parser().parse(text)
    except UnexpectedToken as wrong:
        if wrong.token.type == "$END":
            missing = _("Something is missing at the end.")
            raise FormulaInvalid(missing, start=max(len(text.rstrip()) - 1, 0), end=len(text)) from None
        start = wrong.token.start_pos or 0
        message = _("“%(part)s” does not fit here.") % {"part": str(wrong.token)[:40]}
        raise FormulaInvalid(message, start=start, end=start + len(wrong.token)) from None
    except UnexpectedCharacters as wrong:
        start = wrong.pos_in_stream or 0
        message = _("“%(part)s” does not fit here.") % {"part": text[start : start + 1]}
        raise FormulaInvalid(message, start=start, end=start + 1) from None
    except UnexpectedInput:
        raise FormulaInvalid(_("This is no formula.")) from None
    _check_size(tree)
    return tree


def _check_size(tree: "Tree[Token]") -> None:
    """Before anything goes down the tree step by step."""
    waiting, count = [(tree, 1)], 0
    while waiting:
        one, depth = waiting.pop()
        count += 1
        if depth > MOST_DEPTH or count > MOST_NODES:
            raise FormulaInvalid(_("This formula is too large; divide it into several fields."))
        waiting += [(child, depth + 1) for child in one.children if isinstance(child, Tree)]
