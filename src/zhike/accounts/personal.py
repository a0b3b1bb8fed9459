"""What accounts hold: our own people, and what customers' data may have strayed into."""

import json

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import (
    Delegation,
    FieldAccess,
    FieldKey,
    Grant,
    IdempotentRequest,
    LogInAttempts,
    Notice,
    ReassignedRecord,
    Reassignment,
    RevealCount,
    Role,
    SavedView,
    Team,
    Token,
    User,
    ViewDefault,
)
from zhike.core.personal import Class, Place, Traces, classify, look_in

classify(Team, Class.NONE, {Class.NONE: ("name", "path")})
classify(Role, Class.NONE, {Class.NONE: ("code", "name")})
classify(FieldAccess, Class.NONE, {Class.NONE: ("field",)})
classify(FieldKey, Class.NONE, {Class.SECRET: ("wrapped",), Class.NONE: ("use",)})
classify(RevealCount, Class.STAFF)
classify(Grant, Class.NONE, {Class.NONE: ("permission",)})
classify(
    User,
    Class.STAFF,
    {Class.STAFF: ("username", "name", "email"), Class.SECRET: ("password",), Class.NONE: ("id", "zone")},
)
classify(Delegation, Class.STAFF, {Class.FREE: ("note",)})
classify(Reassignment, Class.STAFF, {Class.NONE: ("counts",)})
classify(ReassignedRecord, Class.STAFF, {Class.NONE: ("kind",)})
classify(Token, Class.STAFF, {Class.STAFF: ("name",), Class.SECRET: ("digest",), Class.NONE: ("permissions",)})
classify(SavedView, Class.STAFF, {Class.NONE: ("page", "audience"), Class.FREE: ("name", "query")})
classify(ViewDefault, Class.STAFF, {Class.NONE: ("page",)})
# What a notice tells may name what somebody named after a customer.
classify(Notice, Class.STAFF, {Class.NONE: ("kind", "key"), Class.FREE: ("details",)})
classify(LogInAttempts, Class.STAFF, {Class.STAFF: ("name", "address")})
classify(IdempotentRequest, Class.STAFF, {Class.NONE: ("key", "digest", "location"), Class.FREE: ("body",)})


def register() -> None:
    look_in(
        Place(
            name="accounts.answers",
            label=_("Remembered answers of the API"),
            order=10,
            sweep=lambda traces: _remembered(traces, delete=True),
            search=lambda traces: _remembered(traces, delete=False),
        )
    )
    look_in(
        Place(
            name="accounts.sessions",
            label=_("Sessions of users"),
            order=10,
            sweep=lambda traces: sum(1 for one in _sessions(traces) if one.delete()),
            search=lambda traces: len(_sessions(traces)),
        )
    )


def _remembered(traces: Traces, *, delete: bool) -> int:
    texts = [text.encode() for text in traces.telling]
    if not texts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM accounts_idempotentrequest"
            " WHERE EXISTS (SELECT FROM unnest(%s::bytea[]) AS text WHERE position(text IN body) > 0)",
            [texts],
        )
        keys = [key for (key,) in cursor.fetchall()]
    if delete:
        IdempotentRequest.objects.filter(pk__in=keys).delete()
    return len(keys)


def _sessions(traces: Traces) -> list[Model]:
    """Sessions that hold the person, for example in a notice not shown yet; their users log in again."""
    found: list[Model] = []
    for session in Session.objects.iterator(chunk_size=500):
        if traces.are_in(json.dumps(session.get_decoded(), ensure_ascii=False, default=str)):
            found.append(session)
    return found
