"""Giving a field another kind: what stands in records is read anew, and what does not fit is listed first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app
from psycopg import sql
from simplejson import JSONEncoder

from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.database import ExactDecoder
from zhike.core.errors import DomainError
from zhike.metadata import indexes, pieces, registry
from zhike.metadata.kinds import RULES, Choice, Json, Known, NotOfItsKind, read_value
from zhike.metadata.models import FieldDefinition, Index, Kind, Option
from zhike.metadata.permissions import MANAGE
from zhike.metadata.saying import say
from zhike.metadata.services import depending, searching
from zhike.metadata.services.definitions import CHOSEN, free_key, lock
from zhike.metadata.services.formulas import check_others

CONVERTIBLE = (
    *(Kind.TEXT, Kind.LONG_TEXT, Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.TIME, Kind.MOMENT),
    *(Kind.CHOICE, Kind.CHOICES, Kind.BOOLEAN, Kind.PHONE, Kind.EMAIL, Kind.URL),
)
MOST_VALUES = 50_000  # records whose writers wait for this
MOST_NEW_OPTIONS = 200
MOST_LISTED, BATCH = 50, 2_000


class TooManyValues(DomainError):
    code = "too_many_values"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("More than %(count)s records have something here. Make a new field, and import the values into it.")
            % {"count": MOST_VALUES}
        )


class DoesNotConvert(DomainError):
    """Some values do not fit the new kind, and nobody agreed to lose them."""

    code = "does_not_convert"


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A value that is none of the new kind. records: the first few that have it."""

    value: str
    why: str
    count: int
    records: Sequence[int]


@dataclass(kw_only=True)
class Conversion:
    """What a new kind does to the values. fitting, misfitting: records; misfits: the most frequent of them."""

    fitting: int = 0
    misfitting: int = 0
    misfits: list[Misfit] = field(default_factory=list)

    @property
    def unlisted(self) -> int:
        """Records whose misfitting value is none of those."""
        return self.misfitting - sum(one.count for one in self.misfits)


@transaction.atomic
def plan_conversion(*, actor: Actor, pk: int, kind: Kind) -> Conversion:
    """:raises FieldDefinition.DoesNotExist: there is none
    :raises ValidationError: not from this kind, or not to that one
    """
    require(actor, MANAGE)
    definition = FieldDefinition.objects.get(pk=pk)
    old = Known.of(definition)
    return _planned(old, _target(old, kind))


@transaction.atomic
def convert_field(*, actor: Actor, pk: int, kind: Kind, drops_misfits: bool) -> Conversion:
    """Give the field the kind, with all its values; those that do not fit go, if that was agreed to.

    :raises zhike.metadata.services.formulas.FormulaBreaks: another field is computed from it
    :raises zhike.metadata.services.depending.ConditionBreaks: another one, or a section, is shown depending on it
    :raises DoesNotConvert: some do not fit, and it was not
    :raises TooManyValues: it would hold up too many
    :raises FieldDefinition.DoesNotExist, ValidationError: as for the plan
    """
    require(actor, MANAGE)
    definition = FieldDefinition.objects.select_for_update().get(pk=pk)
    lock(definition.record)
    old = Known.of(definition)
    with connection.cursor() as cursor:
        table = sql.Identifier(registry.table_of(definition.record))
        # Nobody writes a value of the old kind between the reading and the end of this.
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(table).as_string(None))
    new = _target(old, kind)
    planned = _planned(old, new)
    if planned.fitting + planned.misfitting > MOST_VALUES:
        raise TooManyValues
    if planned.misfitting and not drops_misfits:
        raise DoesNotConvert(_("Some values do not fit. Say that they may go, or change them first."))
    _put_kind(definition, old, new)
    _rewrite(old, new)
    check_others(definition.record)
    depending.check_others(definition.record, definition.key)
    if definition.index != Index.NONE:
        app.configure_task("metadata.put_index", allow_unknown=False).defer(definition_id=pk)
    if definition.search == Index.WANTED:
        searching.queue(pk)
    return planned


def _target(old: Known, kind: Kind) -> Known:
    """The field as it would be. A choice gets the values that stand there as options."""
    if old.is_sealed or old.kind not in CONVERTIBLE or kind not in CONVERTIBLE or kind is old.kind:
        raise ValidationError({"kind": [_("This kind of field cannot become that one.")]})
    rules = {name: value for name, value in old.rules.items() if name in RULES.get(kind, ())}
    new = replace(old, kind=kind, rules=rules, default=None, options=old.options if old.kind in CHOSEN else {})
    if kind not in CHOSEN or old.kind in CHOSEN:
        return new
    labels: dict[str, str] = {}
    for value, _count, _records in _list_values(old):
        parts = [said(old, value)] if kind is Kind.CHOICE else said(old, value).replace("，", ",").split(",")
        for label in (part.strip()[:60] for part in parts):
            if label and label not in labels.values():
                labels[free_key(label, set(labels))] = label
        if len(labels) > MOST_NEW_OPTIONS:
            raise ValidationError(
                {"kind": [_("There are more than %(count)s different values.") % {"count": MOST_NEW_OPTIONS}]}
            )
    return replace(new, options={key: Choice(label=label, label_en="") for key, label in labels.items()})


def _planned(old: Known, new: Known) -> Conversion:
    found = Conversion()
    for value, count, records in _list_values(old):
        try:
            converted(old, new, value)
        except NotOfItsKind as refusal:
            found.misfitting += count
            if len(found.misfits) < MOST_LISTED:
                misfit = Misfit(value=said(old, value), why=str(refusal.message), count=count, records=records)
                found.misfits.append(misfit)
        else:
            found.fitting += count
    return found


def said(old: Known, value: Json) -> str:
    """The value as another kind reads it: plain, without the marks that only people need."""
    return str(value) if old.kind in (Kind.NUMBER, Kind.MONEY, Kind.PHONE) else say(old, value)


def converted(old: Known, new: Known, value: Json) -> Json:
    """:raises NotOfItsKind: it is none of the new kind"""
    if old.kind in CHOSEN and new.kind in CHOSEN:
        keys = value if isinstance(value, list) else [value]
        if new.kind is Kind.CHOICE and len(keys) > 1:
            raise NotOfItsKind(_("Only one can be chosen."))
        return keys[0] if new.kind is Kind.CHOICE else keys
    text = said(old, value)
    if old.kind is Kind.MOMENT and new.kind is Kind.DATE:
        text = text[:10]
    if new.kind is Kind.MOMENT:
        raise NotOfItsKind(_("A date without a time is no moment."))
    found = read_value(new, text)
    if found is None:
        raise NotOfItsKind(_("This value is not of the new kind."))
    return found


def _put_kind(definition: FieldDefinition, old: Known, new: Known) -> None:
    definition.kind, definition.rules, definition.default = new.kind, dict(new.rules), None
    if definition.index != Index.NONE:
        definition.index = Index.WANTED if new.kind in indexes.EXPRESSIONS else Index.NONE
    if new.kind not in pieces.KINDS:
        definition.search = Index.NONE
    elif definition.search != Index.NONE and (old.kind in CHOSEN) is not (new.kind in CHOSEN):
        definition.search = Index.WANTED  # texts have pieces there, choices themselves
    if new.kind not in indexes.SINGLE:
        definition.is_unique = False
    definition.save()
    if new.kind in CHOSEN and old.kind not in CHOSEN:
        Option.objects.bulk_create(
            Option(definition=definition, key=key, label=option.label, position=position)
            for position, (key, option) in enumerate(new.options.items())
        )


def _list_values(known: Known) -> Iterator[tuple[Json, int, list[int]]]:
    """Each value with the number of its records and the first of them, the most frequent first."""
    query = sql.SQL(
        "SELECT ({column} -> {key})::text, count(*), (array_agg(id ORDER BY id))[:5] FROM {table}"
        " WHERE {column} ? {key} GROUP BY 1 ORDER BY 2 DESC, 1"
    ).format(**_parts(known))
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(query.as_string(None))
        rows = cursor.fetchall()
    for text, count, records in rows:
        yield _loaded(text), count, records


def _rewrite(old: Known, new: Known) -> None:
    """Every value, in the order of the records; the history keeps what stood there."""
    select = sql.SQL(
        "SELECT id, ({column} -> {key})::text FROM {table} WHERE {column} ? {key} AND id > %s ORDER BY id LIMIT %s"
    ).format(**_parts(old))
    update = sql.SQL(
        "UPDATE {table} AS row SET {column} = CASE WHEN said.value IS NULL THEN row.{column} - {key}"
        " ELSE row.{column} || jsonb_build_object({key}, said.value::jsonb) END"
        " FROM unnest(%s::bigint[], %s::text[]) AS said (id, value) WHERE row.id = said.id"
    ).format(**_parts(old))
    encode, last = JSONEncoder().encode, 0
    with seeing_everything(), connection.cursor() as cursor:
        while True:
            cursor.execute(select.as_string(None), [last, BATCH])
            rows = cursor.fetchall()
            if not rows:
                return
            values: list[str | None] = []
            for _pk, text in rows:
                try:
                    values.append(encode(converted(old, new, _loaded(text))))
                except NotOfItsKind:
                    values.append(None)
            cursor.execute(update.as_string(None), [[pk for pk, _text in rows], values])
            last = rows[-1][0]


def _parts(known: Known) -> dict[str, Any]:
    return {
        "column": sql.Identifier(registry.COLUMN),
        "key": sql.Literal(known.key),
        "table": sql.Identifier(registry.table_of(known.record)),
    }


def _loaded(text: str) -> Json:
    return ExactDecoder().decode(text)
