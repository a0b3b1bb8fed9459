"""Fields that lead to a colleague, a team or another record: what can be chosen, and what it is called."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, Model, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Team, User
from zhike.accounts.selectors import name_teams
from zhike.core import fields
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.metadata import registry
from zhike.metadata.kinds import Known, NotOfItsKind
from zhike.metadata.models import Kind

KINDS = (Kind.USER, Kind.TEAM, Kind.RECORD)
MOST_CHOICES = 500
_NUMBER = re.compile(r"(?P<mark>#?)(?P<number>[0-9]{1,18})(\s|$)")


class Untold(str):
    """What stands in place of the name of a record that leads nowhere, or that the reader does not see."""

    __slots__ = ()


def rows_of(field: Known, actor: Actor) -> "QuerySet[Any, Any]":
    """What the field may lead to, for this actor."""
    if field.kind is Kind.USER:
        return User.objects.all()
    return Team.objects.all() if field.kind is Kind.TEAM else _target(field).visible_to(actor)


def model_of(field: Known) -> type[Model]:
    return {Kind.USER: User, Kind.TEAM: Team}.get(field.kind) or _target(field).model


def name_path(field: Known) -> str:
    return _target(field).name if field.kind is Kind.RECORD else "name"


def named(field: Known) -> Combinable:
    """What one is called: its name or, without one, its code."""
    code = _target(field).code if field.kind is Kind.RECORD else ""
    return Coalesce(*(NullIf(F(path), Value("")) for path in (name_path(field), code))) if code else F(name_path(field))


def name_field(field: Known) -> str:
    """The field of the record that the name is; empty where everybody may read it."""
    return _target(field).name_field if field.kind is Kind.RECORD else ""


def names(field: Known, actor: Actor, ids: Iterable[int]) -> dict[int, str]:
    """What these are called, as far as the actor may see them. What was merged goes by the name of the survivor."""
    wanted = list(ids)
    found = _names(field, actor, wanted)
    for pk in wanted if field.kind is Kind.RECORD else ():
        if pk not in found and _is_gone(field, pk):
            successor = _target(field).successor(pk)
            named = [gone(pk)] if successor is None else list(_names(field, actor, [successor]).values())
            if named:
                found[pk] = named[0]
    return found


def gone(pk: int) -> str:
    """What a link to a record that was deleted or erased says."""
    return Untold(gettext("#%(number)s (no longer there)") % {"number": pk})


def name_of_linked(field: Known, pk: int) -> str:
    """Of a link whose record whoever acts does not find: the survivor's name, or that it is gone."""
    if field.kind is not Kind.RECORD or not _is_gone(field, pk):
        return ""
    successor = _target(field).successor(pk)
    if successor is None:
        return gone(pk)
    # Under the policy of its table, as the names of lists are.
    rows = model_of(field)._default_manager.filter(pk=successor)
    return str(rows.values_list(named(field), flat=True).first() or "")


def _names(field: Known, actor: Actor, ids: Sequence[int]) -> dict[int, str]:
    if field.kind is Kind.TEAM:
        return {pk: name for pk, name in name_teams().items() if pk in ids}
    found = rows_of(field, actor).filter(pk__in=ids).values_list("pk", named(field))
    guard = name_field(field)
    cover = fields.covering(actor, guard) if guard else None
    if cover:
        return {pk: cover(name or "") or Untold(f"#{pk}") for pk, name in found}
    return {pk: name or f"#{pk}" for pk, name in found}


def _is_gone(field: Known, pk: int) -> bool:
    """Whether there is no such record for anybody."""
    with seeing_everything():
        return not model_of(field)._default_manager.filter(pk=pk).exists()


def url(field: Known, pk: int) -> str:
    """The page of a linked record; empty for colleagues and teams."""
    return reverse(page_of(field), args=[pk]) if field.kind is Kind.RECORD else ""


def page_of(field: Known) -> str:
    """The name of the address that shows a record to which the field links."""
    return _target(field).url_name


def choices(field: Known, actor: Actor) -> Sequence[tuple[str, str]]:
    """Colleagues and teams to choose from."""
    if field.kind is Kind.TEAM:
        return [(str(pk), name) for pk, name in name_teams().items()][:MOST_CHOICES]
    if field.kind is not Kind.USER:
        return ()
    rows = User.objects.filter(is_active=True).order_by("name")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:MOST_CHOICES]]


def resolve(field: Known, actor: Actor, value: Any) -> int:
    """The id of what is meant: by its number (“#123”, also with its name behind), or by its whole name or code.

    :raises NotOfItsKind: there is none that the actor may see, or several of that name
    """
    rows = rows_of(field, actor)
    text = str(value).strip()
    number = number_in(field, value)
    found = set() if number is None else set(rows.filter(pk=number).values_list("pk", flat=True))
    if not _is_numbered(field) and not _is_number(value):
        # Shops call orders #1001 as well.
        found |= _called(field, actor, text, is_needed=number is None)
    elif number is None:
        found = _called(field, actor, text, is_needed=True)
    if not found and number is not None and field.kind is Kind.RECORD and _is_gone(field, number):
        successor = _target(field).successor(number)
        found = set(rows.filter(pk=successor).values_list("pk", flat=True)) if successor else set()
        if not found:
            message = _("Record %(number)s is no longer there: it was deleted or erased. Choose another one.")
            raise NotOfItsKind(message % {"number": number})
    if len(found) > 1:
        raise NotOfItsKind(_("Several are called “%(name)s”. Enter the number instead.") % {"name": text[:60]})
    if not found:
        raise NotOfItsKind(_("There is no “%(name)s” that you may see.") % {"name": text[:60]})
    return int(found.pop())


def number_in(field: Known, value: Any) -> int | None:
    """The number of a record that a value begins with; None where it is a name, or its digits may be one."""
    if _is_number(value):
        return int(value)
    number = _NUMBER.match(str(value).strip())
    return int(number["number"]) if number and (number["mark"] or _is_numbered(field)) else None


def _is_number(value: Any) -> bool:
    """Whether a program gave it as one: yes and no are none."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _called(field: Known, actor: Actor, text: str, *, is_needed: bool) -> set[int]:
    """Two at most."""
    guard = name_field(field)
    if guard and not fields.reads(actor, [guard]):
        if is_needed:
            raise NotOfItsKind(_("Enter the number of the record."))
        return set()
    rows = rows_of(field, actor)
    target = _target(field) if field.kind is Kind.RECORD else None
    if target is not None and target.called is not None:
        rows = target.called(rows, text)
    else:
        by_code = Q(**{target.code: text}) if target is not None and target.code else Q(pk__in=())
        rows = rows.filter(Q(**{name_path(field): text}) | by_code)
    return set(rows.values_list("pk", flat=True)[:2])


def _is_numbered(field: Known) -> bool:
    return field.kind is not Kind.RECORD or _target(field).is_numbered


def permission(field: Known) -> str:
    """What seeing what the field leads to asks for, where no policy of the database does; empty where nothing."""
    return _target(field).permission if field.kind is Kind.RECORD else ""


def hint(field: Known) -> Promise:
    """How one says which record is meant."""
    if _is_numbered(field):
        return _("Its number, such as #123, or its whole name.")
    return _("Its whole name or code, or one of those that are found while you type.")


def _target(field: Known) -> registry.Target:
    return registry.target(str(field.rules.get("target")))


def same_records(field: Known, ids: Sequence[int]) -> list[int]:
    """These, and what was merged into them, so that a link to either is found."""
    if field.kind is not Kind.RECORD:
        return list(ids)
    return [*ids, *(other for pk in ids for other in _target(field).merged_into(pk))]
