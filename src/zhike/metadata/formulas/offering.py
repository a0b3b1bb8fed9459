"""What the language can do, told to those who write in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from zhike.metadata.formulas.operations import CHINESE

_NAMES = {name: word for word, name in CHINESE.items()}


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A function. inserted: what a choice of it puts into the formula."""

    key: str
    name: str
    form: str
    meaning: str
    inserted: str


def list_functions() -> Sequence[Offered]:
    """By the names of the reader's language; formulas take those of the other as well."""
    told = (
        ("if", "(…, …, …)", _("the second value where the condition holds, otherwise the third")),
        ("coalesce", "(…, …)", _("the first that is not empty")),
        ("empty", "(…)", _("whether there is nothing")),
        ("has", '({…}, "…")', _("whether one of several choices is chosen")),
        ("round", "(…, 2)", _("rounded to so many digits")),
        ("floor", "(…)", _("the whole number below")),
        ("ceil", "(…)", _("the whole number above")),
        ("abs", "(…)", _("without its sign")),
        ("min", "(…, …)", _("the smallest number or the earliest date")),
        ("max", "(…, …)", _("the largest number or the latest date")),
        ("today", "()", _("the company's date today")),
        ("date", '("2026-11-22")', _("a fixed date")),
        ("days", "(…, …)", _("days from the first date to the second")),
        ("adddays", "(…, 30)", _("the date so many days later")),
        ("addmonths", "(…, 12)", _("the date so many months later")),
        ("year", "(…)", _("year of a date")),
        ("month", "(…)", _("month of a date, 1 to 12")),
        ("day", "(…)", _("day of the month")),
        ("text", "(…)", _("a number or a date as text")),
        ("len", "(…)", _("number of characters")),
        ("left", "(…, 4)", _("the first characters")),
        ("contains", '(…, "…")', _("whether a text stands within another")),
    )
    is_chinese = (get_language() or "zh").startswith("zh")
    return [
        Offered(
            key=name,
            name=_NAMES[name] if is_chinese else name,
            form=form,
            meaning=meaning,
            inserted=f"{_NAMES[name] if is_chinese else name}()",
        )
        for name, form, meaning in told
    ]
