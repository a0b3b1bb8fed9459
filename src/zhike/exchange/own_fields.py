"""A company's own fields as columns of files: what they are called there, and how a cell becomes a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from simplejson import JSONEncoder

from zhike.core.actor import SYSTEM
from zhike.core.text.normal import Checked
from zhike.exchange.fields import Field, FieldType
from zhike.metadata import references, registry
from zhike.metadata.filed import FILES
from zhike.metadata.kinds import HOLDER, NOT_ENTERED, Known, NotOfItsKind, read_value, written
from zhike.metadata.models import Kind
from zhike.metadata.selectors import list_known

PREFIX = f"{HOLDER}."
# As what a cell is read first, in whatever way files write it; the field's own rules come after.
_TYPES: Mapping[Kind, FieldType] = {
    Kind.NUMBER: FieldType.DECIMAL,
    Kind.MONEY: FieldType.DECIMAL,
    Kind.DATE: FieldType.DATE,
    Kind.MOMENT: FieldType.DATETIME,
    Kind.PHONE: FieldType.PHONE,
    Kind.EMAIL: FieldType.EMAIL,
}
LEFT_OUT = (Kind.RECORD, *NOT_ENTERED)  # the one would ask for each row, the others are not entered


def list_own(record: str) -> tuple[Field, ...]:
    """What a column of a file of such records can mean besides what Zhike knows.

    Asked for before a file is read: the fields carry all they need, so that other threads ask no database.
    """
    return tuple(
        Field(
            one.name,
            one.lazily_named,
            _TYPES.get(one.kind, FieldType.TEXT),
            tuple(name for name in (one.label, one.label_en, one.key) if name),
            help=one.help_text,
            finish=_finishing(one),
            is_own=True,
            is_sealed=one.is_sealed,
        )
        for one in list_known(record)
        if one.kind not in LEFT_OUT
    )


def warn_of_files(columns: Sequence[str]) -> list[str]:
    """Columns that are called like a field of files: a cell holds at most their names."""
    files = [one for kind in registry.list_kinds() for one in list_known(kind.key) if one.kind in FILES]
    names = {name.lower() for one in files for name in (one.label, one.label_en, one.key) if name}
    return [
        _("Column “%(column)s” is not imported: files are uploaded on the record's page.") % {"column": column}
        for column in columns
        if column.lower() in names
    ]


def _finishing(known: Known) -> Callable[[str], Checked]:
    """From the cell's canonical text to the value's JSON, or to the text that is encrypted."""
    encode = JSONEncoder().encode
    people = _people(known) if known.kind in references.KINDS else {}

    def finish(text: str) -> Checked:
        if people or known.kind in references.KINDS:
            found = people.get(text.strip().lower())
            return (str(found), None) if found else (None, "own_unknown")
        try:
            if known.kind is Kind.MOMENT:
                value = read_value(known, datetime.fromisoformat(text))
            else:
                value = read_value(known, text)
        except NotOfItsKind:
            return None, "own_invalid"
        if value is None:
            return None, None
        return (written(known, value) if known.is_sealed else encode(value)), None

    return finish


def _people(known: Known) -> dict[str, int]:
    """Colleagues and teams by name, and by user name; a name that several have means nobody."""
    rows = references.rows_of(known, SYSTEM)
    names = ["name", "username"] if known.kind is Kind.USER else ["name"]
    found: dict[str, set[int]] = {}
    for pk, *said in rows.values_list("pk", *names):
        for name in said:
            found.setdefault(str(name).lower(), set()).add(pk)
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}
