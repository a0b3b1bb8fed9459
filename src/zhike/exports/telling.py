"""What people hear of exports: in Zhike, and by mail where there is a way; never the file, and never a link."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhike.accounts import notices
from zhike.accounts.models import User
from zhike.accounts.notice_words import Words, put_in_words
from zhike.exports.models import Export, Schedule


def tell(user_id: int | None, kind: str, details: Mapping[str, Any], *, at: datetime, key: str = "") -> None:
    """Within the transaction around; but nobody who has left: their mail is not the company's any more."""
    if user_id is not None and User.objects.filter(pk=user_id, is_active=True).exists():
        notices.tell_of(user_id, kind, details, at=at, key=key)


def tell_of_end(export: Export, *, at: datetime) -> None:
    """Say what became of an export that somebody does not wait for."""
    details: dict[str, Any] = {"code": export.code, "count": export.done}
    if export.schedule is not None:
        details["name"] = export.schedule.name
    if export.status == Export.Status.DONE and export.expires_at is not None:
        tell(
            export.owner_id, "export_ready", {**details, "until": export.expires_at.isoformat()}, at=at, key=export.code
        )
    elif export.status in (Export.Status.REFUSED, Export.Status.FAILED):
        tell(export.owner_id, "export_failed", details, at=at, key=export.code)


def tell_of_share(export: Export, *, user_id: int, who: str, at: datetime) -> None:
    until = export.expires_at.isoformat() if export.expires_at else ""
    details = {"code": export.code, "count": export.done, "who": who, "until": until}
    tell(user_id, "export_shared", details, at=at, key=export.code)


def _what(told: Mapping[str, Any]) -> str:
    """The name of what is scheduled, or the number."""
    return str(told.get("name") or told.get("code", ""))


def _ready(told: Mapping[str, Any]) -> str:
    count = int(told.get("count", 0))
    said = ngettext(
        "The export “%(what)s” is ready: %(count)s record", "The export “%(what)s” is ready: %(count)s records", count
    )
    return said % {"what": _what(told), "count": f"{count:,}"}


def _shared(told: Mapping[str, Any]) -> str:
    return _("%(who)s shared the export %(what)s with you") % {"who": told.get("who", ""), "what": _what(told)}


def _take(told: Mapping[str, Any]) -> str:
    until = parse_datetime(told.get("until", ""))
    day = date_format(localtime(until), "Y-m-d") if until else "—"
    return _("Log in to Zhike and open “Exports”. The file is kept until %(day)s.") % {"day": day}


def _stopped(told: Mapping[str, Any]) -> str:
    return _("The scheduled export “%(what)s” was stopped") % {"what": _what(told)}


def _why(told: Mapping[str, Any]) -> str:
    labels = dict(Schedule.Stopped.choices)
    why = told.get("why", "")
    return str(labels.get(why, why))


WORDS = {
    "export_ready": Words(title=_ready, advice=_take),
    "export_shared": Words(title=_shared, advice=_take),
    # The reason may hold what was asked for, such as somebody's number, and is no matter for a mail.
    "export_failed": Words(
        title=lambda told: _("The export “%(what)s” was not made") % {"what": _what(told)},
        advice=lambda told: _("Log in to Zhike and open “Exports”: it says there why."),
    ),
    "export_skipped": Words(
        title=lambda told: _("The scheduled export “%(what)s” was left out once") % {"what": _what(told)}, advice=_why
    ),
    "export_stopped": Words(title=_stopped, advice=_why),
}


def register() -> None:
    put_in_words(WORDS)
