"""Notices in people's words, on the page and by mail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhike.accounts.browsers import describe_browser
from zhike.accounts.models import Notice, User

FACTORS: Mapping[str, Callable[[], str]] = {
    "totp": lambda: _("Authenticator app"),
    "webauthn": lambda: _("Passkey"),
    "recovery_codes": lambda: _("Recovery codes"),
}
# What nobody does by accident: the page marks these.
SERIOUS = {"after_failures", "guessing_code", "code_used", "factor_removed", "factor_reset", "password_reset"}
REMINDERS = {"key_ends", "service_key_ends"}


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a notice of an upper app says, from its details."""

    title: Callable[[Mapping[str, Any]], str]
    advice: Callable[[Mapping[str, Any]], str]


_words: dict[str, Words] = {}


def put_in_words(words: Mapping[str, Words]) -> None:
    """Say what kinds of notices mean; called in an app's `ready`."""
    _words.update(words)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A notice for people. where: browser and address, as far as they are known. advice: what to do."""

    title: str
    where: str
    advice: str
    at: datetime
    is_new: bool
    is_serious: bool
    is_reminder: bool


def told(notice: Notice) -> Told:
    """The notice in the language that is spoken now."""
    is_reminder = notice.kind in REMINDERS or notice.kind in _words
    return Told(
        title=_title(notice),
        where=_where(notice.details),
        advice=_advice(notice),
        at=notice.created_at,
        is_new=notice.seen_at is None,
        is_serious=notice.kind in SERIOUS,
        is_reminder=is_reminder,
    )


def mail_of(notice: Notice, user: User) -> tuple[str, str]:
    """Subject and text of the mail, in the person's language and zone. There is no link: those of others look alike."""
    with translation.override(user.locale), timezone.override(user.zone):
        said = told(notice)
        moment = f"{timezone.localtime(notice.created_at):%Y-%m-%d %H:%M}"
        lines = [
            _("%(name)s, about your account “%(username)s” at Zhike:") % {"name": user, "username": user.username},
            "",
            said.title,
            *([said.where] if said.where else []),
            _("When: %(moment)s (%(zone)s)") % {"moment": moment, "zone": user.zone},
            "",
            said.advice,
            _("More is in Zhike under “My settings → Security”. We never ask for a password or a code by mail."),
        ]
        return _("Zhike: %(what)s") % {"what": said.title}, "\n".join(lines) + "\n"


def _title(notice: Notice) -> str:
    details = notice.details
    if notice.kind in _words:
        return _words[notice.kind].title(details)
    by = {"by": _by(details.get("by"))}
    factor = {"factor": FACTORS.get(details.get("factor", ""), str)()}
    titles: dict[str, Callable[[], str]] = {
        "new_browser": lambda: _("You logged in from a new browser"),
        "after_failures": lambda: (
            ngettext(
                "Logged in after %(count)s failed attempt", "Logged in after %(count)s failed attempts", _n(details)
            )
            % {"count": _n(details)}
        ),
        "guessing": lambda: _("Somebody keeps trying passwords for your account, and did not get in"),
        "guessing_code": lambda: _("Somebody knows your password, and failed at the second step"),
        "code_used": lambda: _("A recovery code was used to log in"),
        "factor_added": lambda: _("Added to your account: %(factor)s") % factor,
        "factor_removed": lambda: _("Taken from your account: %(factor)s") % factor,
        "factor_reset": lambda: _("%(by)s took your second factor away") % by,
        "codes_made": lambda: _("New recovery codes were made"),
        "password_changed": lambda: _("Your password was changed"),
        "password_reset": lambda: _("%(by)s gave you a new password") % by,
        "sign_on_linked": lambda: _("The company's sign-on now opens your account"),
        "sign_on_unlinked": lambda: _("The company's sign-on no longer opens your account"),
        "logged_out": lambda: _("%(by)s logged you out everywhere") % by,
        "mail_changed": lambda: _("%(by)s changed the mail address of your account") % by,
        "key_made": lambda: _("A new API key was made: %(name)s") % {"name": details.get("name", "")},
        "key_ends": lambda: (
            _("Your API key “%(name)s” ends on %(day)s") % {"name": details.get("name", ""), "day": _day(details)}
        ),
        "service_key_ends": lambda: (
            _("The key “%(name)s” of the service account %(account)s ends on %(day)s")
            % {"name": details.get("name", ""), "account": details.get("account", ""), "day": _day(details)}
        ),
    }
    return titles[notice.kind]() if notice.kind in titles else notice.kind


def _advice(notice: Notice) -> str:
    kind = notice.kind
    if kind in _words:
        return _words[kind].advice(notice.details)
    if kind in REMINDERS:
        return _("Make a new key and give it to the program before then.")
    if kind in ("guessing", "logged_out"):
        return _("There is nothing you have to do.")
    if kind == "guessing_code":
        return _("If that was not you, change your password now.")
    return _("If that was not you, change your password, end all other sessions and tell your administrator.")


def _where(details: Mapping[str, Any]) -> str:
    parts = [describe_browser(details["agent"])] if details.get("agent") else []
    return " · ".join([*parts, *([details["address"]] if details.get("address") else [])])


def _by(user_id: int | None) -> str:
    user = User.objects.filter(pk=user_id).first() if user_id else None
    return str(user) if user else _("The system")


def _n(details: Mapping[str, Any]) -> int:
    return int(details.get("count", 0))


def _day(details: Mapping[str, Any]) -> str:
    ends = parse_datetime(details.get("ends_at", ""))
    return date_format(timezone.localtime(ends), "Y-m-d") if ends else ""
