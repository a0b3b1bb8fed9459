"""A record's own fields as its page shows them: in sections, for whoever looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zhike.accounts.models import User
from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.metadata import conditions, guarding, references, registry, rollups
from zhike.metadata.filed import FILES
from zhike.metadata.kinds import COMPUTED, NOT_ENTERED, Json, Known
from zhike.metadata.models import Kind, Section
from zhike.metadata.saying import Covered, say_all
from zhike.metadata.selectors.designs import Designed, design_of


@dataclass(frozen=True, kw_only=True)
class Line:
    """A field of a record. shown: as people read it. href: what a click on it opens. tone: of a choice's badge.
    files: of a field that holds some, as the record does."""

    field: Known
    shown: str
    may_write: bool
    is_masked: bool
    href: str = ""
    tone: str = ""
    files: Sequence[Mapping[str, Json]] = ()

    @property
    def has_files(self) -> bool:
        return self.field.kind in FILES and not self.is_masked

    @property
    def is_long(self) -> bool:
        return self.field.kind is Kind.LONG_TEXT


@dataclass(frozen=True, kw_only=True)
class Group:
    """A section of the page. is_tab: shown by itself. name: empty of the fields that stand in none. empty_count: lines
    that are not there, because nothing is in them."""

    pk: int
    name: str
    is_folded: bool
    is_tab: bool
    lines: Sequence[Line]
    empty_count: int = 0


def list_groups(
    *,
    actor: Actor,
    record: str,
    values: Mapping[str, Json],
    plain: Mapping[str, str],
    most_empty: int,
) -> list[Group]:
    """values: as `guarding.conceal` leaves them. most_empty: with more empty fields than this, none is a line."""
    design = design_of(record)
    if not design.known:
        return []
    seen = {key: guarding.sight(actor, one) for key, one in design.known.items()}
    there = {
        section: [one for one in known if seen[one.key] is not Sight.HIDDEN]
        for section, known in _by_section(actor, design, values=values, plain=plain)
    }
    shown = [one for known in there.values() for one in known]
    said = say_all({one.key: one for one in shown}, values, actor)
    is_long = sum(not said[one.key] for one in shown) > most_empty
    found = []
    for section, known in there.items():
        told = [one for one in known if said[one.key] or one.is_required or not is_long]
        if known:
            lines = [_line(one, said[one.key], values.get(one.key), seen[one.key]) for one in told]
            name = section.named if section else ""
            found.append(
                Group(
                    pk=section.pk if section else 0,
                    name=name,
                    is_folded=bool(section and section.is_folded),
                    is_tab=bool(section and section.is_tab),
                    lines=lines,
                    empty_count=len(known) - len(told),
                )
            )
    return found


def list_entered(*, actor: Actor, record: str) -> list[Known]:
    """The fields that the actor can enter on a new record, those whose conditions may come true among them."""
    design = design_of(record)
    return [
        one
        for section in sections_for(actor, design)
        for one in _fields_in(design, section)
        if one.kind not in NOT_ENTERED and fields.sight(actor, one.path) is Sight.WRITE
    ]


def _by_section(
    actor: Actor, design: Designed, *, values: Mapping[str, Json], plain: Mapping[str, str]
) -> list[tuple[Section | None, list[Known]]]:
    return [
        (section, [one for one in _fields_in(design, section) if _holds(one.shown_when, values, plain)])
        for section in sections_for(actor, design)
        if section is None or _holds(section.shown_when, values, plain)
    ]


def sections_for(actor: Actor, design: Designed) -> list[Section | None]:
    """Those that are for everybody or for a role of the actor, and last the fields in none."""
    narrowed = any(one.roles for one in design.sections) and actor.user_id is not None
    mine = (
        set(User.roles.through.objects.filter(user=actor.user_id).values_list("role_id", flat=True)) if narrowed else ()
    )
    return [*(one for one in design.sections if not one.roles or not mine or not set(one.roles).isdisjoint(mine)), None]


def _fields_in(design: Designed, section: Section | None) -> list[Known]:
    pk = section.pk if section else 0
    return [one for one in design.known.values() if one.section == pk]


def _holds(condition: Mapping[str, Json], values: Mapping[str, Json], plain: Mapping[str, str]) -> bool:
    return conditions.holds(condition, plain=plain, values=values)


def _line(one: Known, shown: str, value: Json, sight: Sight) -> Line:
    is_masked = isinstance(value, Covered)
    href = tone = ""
    if shown and not is_masked:
        if one.kind is Kind.URL:
            href = str(value)
        elif one.kind is Kind.RECORD and not isinstance(shown, references.Untold):
            href = references.url(one, int(value))
        elif one.kind is Kind.CHOICE and value in one.options:
            tone = one.options[value].tone
    return Line(
        field=one,
        shown=shown,
        may_write=sight is Sight.WRITE and one.kind not in COMPUTED,
        is_masked=is_masked,
        href=href,
        tone=tone,
        files=value if one.kind in FILES and value and not is_masked else (),
    )


def summed_up(record: str, ids: Sequence[int], actor: Actor) -> dict[int, dict[str, Json]]:
    """What the fields that sum up say of records that were found for the actor."""
    return rollups.of_records(registry.get(record).model, design_of(record).known, ids, actor)
