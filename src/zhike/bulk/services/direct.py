"""What a program wants done to many customers, all said at once; people choose, enter and look step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from zhike.bulk import selectors
from zhike.bulk.models import Act, Selection, Verb
from zhike.bulk.services import carrying, choosing
from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """query: of the list, as an address has it; empty means everybody. ids: instead, one by one. fields: name to value,
    where the verb is to edit or assign; add, remove: tags, where it is to tag."""

    verb: Verb
    query: str | None = None
    ids: Sequence[int] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    add: Sequence[str] = ()
    remove: Sequence[str] = ()


@transaction.atomic
def begin(*, actor: Actor, wanted: Wanted, at: datetime) -> Act:
    """Do it: a few at once, many in the background.

    :raises ValidationError: it is not said who, or something is said that does not go with the verb
    :raises PermissionDenied, DomainError: as for `choosing.choose`, `choosing.enter_change` and `carrying.start_act`
    """
    return carrying.start_act(actor=actor, selection_id=_select(actor, wanted, at).pk, at=at)


@transaction.atomic
def look(*, actor: Actor, wanted: Wanted, at: datetime) -> selectors.Preview:
    """What it would do now; nothing of it stays.

    :raises ValidationError, PermissionDenied, DomainError: as for `begin`
    """
    selection = _select(actor, wanted, at)
    found = selectors.preview_act(actor=actor, selection=selection, at=at)
    selection.delete()
    return found


def _select(actor: Actor, wanted: Wanted, at: datetime) -> Selection:
    _check(wanted)
    query = None if wanted.query is None else choosing.parameters_of(wanted.query)
    selection = choosing.choose(actor=actor, verb=wanted.verb, at=at, query=query, ids=wanted.ids or ())
    if wanted.verb is Verb.DELETE:
        return selection
    change = {"add": wanted.add, "remove": wanted.remove} if wanted.verb is Verb.TAG else {"fields": wanted.fields}
    return choosing.enter_change(actor=actor, selection_id=selection.pk, change=change, at=at)


def _check(wanted: Wanted) -> None:
    problems = {}
    if (wanted.query is None) == (wanted.ids is None):
        problems["list"] = [_("Either a list or the numbers of customers, not both.")]
    if wanted.fields and wanted.verb not in (Verb.EDIT, Verb.ASSIGN):
        problems["fields"] = [_("This does not go with the action.")]
    for name, words in (("add_tags", wanted.add), ("remove_tags", wanted.remove)):
        if words and wanted.verb is not Verb.TAG:
            problems[name] = [_("This does not go with the action.")]
    if problems:
        raise ValidationError(problems)
