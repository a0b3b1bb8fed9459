"""Rules of the company's own."""

from datetime import date, datetime
from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.quality.choices import Ask, Severity
from zhike.quality.models import Finding, OwnRule
from zhike.quality.own import OWN, ruled_fields
from zhike.quality.patterns import quoted
from zhike.quality.permissions import MANAGE

BOUNDED = (Ask.LENGTH, Ask.NUMBER, Ask.DAY)
MOST = 200


@transaction.atomic
def put_rule(*, actor: Actor, at: datetime, rule_id: int | None = None, **values: Any) -> OwnRule:
    """Make a rule, or change one; the next check goes by it.

    values: fields of `OwnRule`.

    :raises PermissionDenied: the actor may not
    :raises OwnRule.DoesNotExist: there is none of this number
    :raises ValidationError: what it asks does not make sense, by field name
    """
    require(actor, MANAGE)
    if rule_id is None and OwnRule.objects.count() >= MOST:
        raise ValidationError(_("At most %(count)s rules.") % {"count": MOST})
    rule = OwnRule(created_at=at) if rule_id is None else OwnRule.objects.select_for_update().get(pk=rule_id)
    for name, value in values.items():
        setattr(rule, name, value)
    check_rule(rule)
    rule.save()
    if rule_id is not None:
        Finding.objects.filter(rule=f"{OWN}{rule.pk}").delete()  # of the rule as it was
    return rule


@transaction.atomic
def remove_rule(*, actor: Actor, rule_id: int) -> None:
    """
    :raises PermissionDenied: the actor may not
    """
    require(actor, MANAGE)
    OwnRule.objects.filter(pk=rule_id).delete()
    Finding.objects.filter(rule=f"{OWN}{rule_id}").delete()


def check_rule(rule: OwnRule) -> None:
    """
    :raises ValidationError: by field name
    """
    problems: dict[str, str | Promise] = {}
    if not rule.label.strip():
        problems["label"] = _("Enter a name.")
    if rule.field not in dict(ruled_fields()):
        problems["field"] = _("Choose one of the list.")
    if rule.ask not in Ask.values or rule.severity not in Severity.values:
        problems["ask"] = _("Choose one of the list.")
    if rule.ask in BOUNDED:
        problems |= _wrong_bounds(rule)
    if rule.ask == Ask.PATTERN and (problem := _wrong_pattern(rule.pattern)):
        problems["pattern"] = problem
    if rule.ask == Ask.LISTED and not rule.values:
        problems["values"] = _("Enter at least one value.")
    if problems:
        raise ValidationError({name: [message] for name, message in problems.items()})


def _wrong_bounds(rule: OwnRule) -> dict[str, str | Promise]:
    found: dict[str, str | Promise] = {}
    read: list[Any] = []
    for name in ("low", "high"):
        text = getattr(rule, name)
        try:
            read.append((date.fromisoformat if rule.ask == Ask.DAY else _number)(text) if text else None)
        except ValueError:
            found[name] = _("Enter a day such as 2026-11-22.") if rule.ask == Ask.DAY else _("Enter a number.")
    if not found and read == [None, None]:
        found["low"] = _("Enter at least one bound.")
    if not found and None not in read and read[0] > read[1]:
        found["high"] = _("The upper bound lies below the lower one.")
    return found


def _number(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _wrong_pattern(pattern: str) -> str | Promise:
    """What the engine says of it; its patterns take time in proportion to the text, whatever they are."""
    import duckdb

    if not pattern:
        return _("Enter a pattern.")
    try:
        duckdb.execute(f"SELECT regexp_full_match('', {quoted(pattern)})")
    except duckdb.Error:
        return _("This is no regular expression (RE2).")
    return ""
