"""What the pages of the designer show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from zhike.accounts.models import Role
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.fields import Care
from zhike.metadata import registry
from zhike.metadata.indexes import HasDoubles
from zhike.metadata.kinds import Known
from zhike.metadata.models import FieldDefinition, Index, Kind, Section
from zhike.metadata.permissions import MANAGE
from zhike.metadata.services.converting import Conversion

MOST_LISTED = 5


@dataclass(frozen=True, kw_only=True)
class DesignedField:
    """A line of the designer."""

    definition: FieldDefinition
    icon: str
    kind_label: str
    is_first: bool
    is_last: bool

    @property
    def is_sensitive(self) -> bool:
        return self.definition.care == Care.SENSITIVE

    @property
    def is_filtered(self) -> bool:
        return self.definition.index == Index.READY

    @property
    def is_waiting(self) -> bool:
        return Index.WANTED in (self.definition.index, self.definition.search)

    @property
    def is_searched(self) -> bool:
        return self.definition.search == Index.READY

    @property
    def is_failed(self) -> bool:
        return self.definition.index == Index.FAILED


@dataclass(frozen=True, kw_only=True)
class DesignedSection:
    """A card of the designer. section: None for the fields in none. roles: whose page has it, where that is said."""

    section: Section | None
    lines: Sequence[DesignedField]
    is_first: bool
    is_last: bool
    roles: str = ""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything that was designed for a kind of record."""

    sections: Sequence[DesignedSection]
    archived: Sequence[FieldDefinition]
    count: int


def get_overview(*, actor: Actor, record: str, icons: Mapping[Kind, str]) -> Overview:
    """:raises PermissionDenied: the actor does not design fields"""
    require(actor, MANAGE)
    rows = list(FieldDefinition.objects.filter(record=record).order_by("position", "pk"))
    sections = list(Section.objects.filter(record=record).order_by("position", "pk"))
    roles = _name_roles(sections)
    by_section: dict[int | None, list[FieldDefinition]] = {}
    for one in rows:
        if one.archived_at is None:
            by_section.setdefault(one.section_id, []).append(one)
    cards = [
        DesignedSection(
            section=section,
            lines=_lines(by_section.get(section.pk, []), icons),
            is_first=place == 0,
            is_last=place == len(sections) - 1,
            roles=roles.get(section.pk, ""),
        )
        for place, section in enumerate(sections)
    ]
    if by_section.get(None):
        lines = _lines(by_section[None], icons)
        cards.append(DesignedSection(section=None, lines=lines, is_first=True, is_last=True))
    archived = [one for one in rows if one.archived_at is not None]
    return Overview(sections=cards, archived=archived, count=len(rows) - len(archived))


def _name_roles(sections: Sequence[Section]) -> dict[int, str]:
    """Of sections that are for some roles, which; those that are gone are told as such."""
    wanted = {pk for one in sections for pk in one.roles}
    names = dict(Role.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
    gone = _("a deleted role")
    return {
        one.pk: str(_(", ")).join(dict.fromkeys(names.get(pk, gone) for pk in one.roles))
        for one in sections
        if one.roles
    }


def _lines(rows: Sequence[FieldDefinition], icons: Mapping[Kind, str]) -> list[DesignedField]:
    return [
        DesignedField(
            definition=one,
            icon=icons[Kind(one.kind)],
            kind_label=str(Kind(one.kind).label),
            is_first=place == 0,
            is_last=place == len(rows) - 1,
        )
        for place, one in enumerate(rows)
    ]


def list_order(*, record: str, section_id: int | None) -> list[int]:
    """Ids of the fields of a section, as they stand."""
    rows = FieldDefinition.objects.filter(record=record, section=section_id, archived_at=None)
    return list(rows.order_by("position", "pk").values_list("pk", flat=True))


@dataclass(frozen=True, kw_only=True)
class NamedDouble:
    """A value that stands in several records. records: number and name of the first that the actor sees."""

    value: str
    count: int
    records: Sequence[tuple[int, str, str]]


def name_doubles(*, actor: Actor, field: Known, doubles: HasDoubles) -> list[NamedDouble]:
    """The doubles with links to their records, as far as the actor sees them; designing a field is not reading it."""
    named = _named(actor, field.record, [one.records for one in doubles.doubles])
    return [
        NamedDouble(value=fields.shown(actor, field.path, one.value), count=one.count, records=records)
        for one, records in zip(doubles.doubles, named, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class NamedMisfit:
    """A value that is none of the new kind, with records that have it."""

    value: str
    why: str
    count: int
    records: Sequence[tuple[int, str, str]]


def name_misfits(*, actor: Actor, field: Known, plan: Conversion) -> list[NamedMisfit]:
    """The same for values that do not convert."""
    named = _named(actor, field.record, [one.records for one in plan.misfits])
    return [
        NamedMisfit(value=fields.shown(actor, field.path, one.value), why=one.why, count=one.count, records=records)
        for one, records in zip(plan.misfits, named, strict=True)
    ]


def _named(actor: Actor, record: str, groups: Sequence[Sequence[int]]) -> list[list[tuple[int, str, str]]]:
    """Number, name and page of the first records of each group that the actor sees."""
    designed = registry.get(record)
    ids = {pk for records in groups for pk in records[:MOST_LISTED]}
    found = designed.visible_to(actor).filter(pk__in=ids).values_list("pk", designed.name)
    names = {pk: fields.shown(actor, designed.name_field, name) for pk, name in found}
    return [
        [(pk, names[pk], reverse(designed.url_name, args=[pk])) for pk in records[:MOST_LISTED] if pk in names]
        for records in groups
    ]
