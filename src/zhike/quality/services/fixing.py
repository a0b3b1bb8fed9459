"""Fixing findings of one rule in bulk: record by record through the services that edit, so that all of it can be taken
back like any other change."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.audit.models import Entry
from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import acting
from zhike.core.actor import Actor, Sight
from zhike.core.errors import DomainError
from zhike.customers.models import EDIT, Customer, Identifier
from zhike.customers.services import identifiers, people
from zhike.quality import catalogue, fixes
from zhike.quality.checks import Check
from zhike.quality.choices import Item
from zhike.quality.models import Finding, Fix
from zhike.quality.permissions import FIX

MOST = 10_000  # findings at a time, as many as can be taken back in one go
AT_ONCE = 50  # findings that a page waits for; more are worked off in the background
BATCH = 100
SILENCE = timedelta(seconds=60)  # without a sign of life: nobody works on it


class NotFixable(DomainError):
    code = "not_fixable"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is no safe fix for this: only people can tell what is right."))


class NothingToFix(DomainError):
    code = "nothing_to_fix"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is nothing left to fix among the customers you may edit."))


def fixable(*, actor: Actor, check: Check) -> QuerySet[Finding]:
    """Open findings whose customers the actor may edit and work off."""
    mine = Finding.objects.visible_to(actor).within(actor, EDIT).within(actor, FIX)
    return mine.filter(rule=check.key, state=Finding.State.OPEN)


def may_fix(actor: Actor, check: Check) -> bool:
    """Whether the rule has a fix and the actor may write what it writes."""
    fix = fixes.get(check.fix)
    if fix is None or not actor.may(FIX) or not actor.may(EDIT):
        return False
    return all(fields.sight(actor, key) is Sight.WRITE for key in fixes.written_by(fix, check.reads))


@transaction.atomic
def start_fix(*, actor: Actor, rule: str, at: datetime, finding_ids: Collection[int] = ()) -> Fix:
    """Fix findings of a rule: a few at once, many in the background. finding_ids: only these, of those shown.

    :raises PermissionDenied: the actor may not, or does not write the field
    :raises NotFixable: there is no safe fix
    :raises NothingToFix: nothing is left
    """
    require(actor, FIX)
    require(actor, EDIT)
    check = catalogue.checks_by_key().get(rule)
    fix = fixes.get(check.fix) if check else None
    if check is None or fix is None:
        raise NotFixable
    if not catalogue.is_open_to(check, actor):
        raise PermissionDenied(FIX)
    for key in fixes.written_by(fix, check.reads):
        fields.require_write(actor, key)
    found = fixable(actor=actor, check=check)
    if finding_ids:
        found = found.filter(pk__in=list(finding_ids))
    ids = list(found.order_by("pk").values_list("pk", flat=True)[:MOST])
    if not ids:
        raise NothingToFix
    made = Fix.objects.create(
        rule=rule, user_id=actor.user_id, started_at=at, heartbeat_at=at, total=len(ids), until_id=ids[-1],
        chosen=ids if finding_ids else [],
    )  # fmt: skip
    if made.total <= AT_ONCE:
        while go_on(actor=actor, fix_id=made.pk, at=at):
            pass
        made.refresh_from_db()
    else:
        app.configure_task("quality.fix", allow_unknown=False).defer(fix_id=made.pk, user_id=actor.user_id)
    return made


@transaction.atomic
def go_on(*, actor: Actor, fix_id: int, at: datetime) -> bool:
    """Work off the next findings, in a transaction of their own; whether some are left. Safe to repeat."""
    made = _own(actor).select_for_update().get(pk=fix_id)
    check = catalogue.checks_by_key().get(made.rule)
    if made.finished_at or check is None:
        return False
    rows = fixable(actor=actor, check=check).filter(pk__gt=made.last_id, pk__lte=made.until_id)
    if made.chosen:
        rows = rows.filter(pk__in=made.chosen)
    batch = list(rows.order_by("pk")[:BATCH])
    if batch:
        made.last_id = batch[-1].pk
        _work_off(actor, made, check, batch, at)
    made.done = min(made.total, made.done + len(batch))
    made.heartbeat_at = at
    if len(batch) < BATCH:
        made.done, made.finished_at = made.total, at
    made.save()
    return made.finished_at is None


@transaction.atomic
def cancel_fix(*, actor: Actor, fix_id: int, at: datetime) -> Fix:
    """Stop; what is fixed stays fixed.

    :raises Fix.DoesNotExist: there is none, or it is somebody else's
    """
    made = _own(actor).select_for_update().get(pk=fix_id)
    if made.finished_at is None:
        made.is_cancelled, made.finished_at = True, at
        made.save(update_fields=["is_cancelled", "finished_at"])
    return made


def get_fix(*, actor: Actor, fix_id: int) -> Fix:
    """:raises Fix.DoesNotExist: there is none, or it is somebody else's"""
    return _own(actor).get(pk=fix_id)


def list_fixes(*, actor: Actor, since: datetime) -> list[Fix]:
    """The actor's own since then, the latest first."""
    return list(_own(actor).filter(started_at__gte=since).order_by("-pk")[:5])


def _own(actor: Actor) -> QuerySet[Fix]:
    rows = Fix.objects.all()
    return rows.filter(user=None) if actor.user_id is None else rows.filter(user_id=actor.user_id)


def _work_off(actor: Actor, made: Fix, check: Check, batch: Sequence[Finding], at: datetime) -> None:
    fix = fixes.get(check.fix)
    if fix is None:
        return
    # A broken rule of the database is to be told at the record that has it, and not at the end of the batch.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    request = f"quality-fix-{made.pk}"
    before = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    customers = [row.customer_id for row in batch if row.customer_id is not None]
    # In the order of their numbers, whatever that of the findings: two fixes may meet at the same customers.
    list(Customer.objects.filter(pk__in=customers).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    subjects = _subjects(check, batch)
    around = fixes.look_around(fix, check.field, customers)
    with acting(replace(actor, request_id=request), reason=str(fix.said)):
        for row in batch:
            subject = subjects.get(row.item_id)
            changes = fix.changes(subject, around) if subject is not None else {}
            if changes and _put(actor, subject, changes, at):
                made.changed_count += 1
                row.delete()
            else:
                made.kept_count += 1
    if made.entry_id is None and made.changed_count:
        entries = Entry.objects.filter(pk__gt=before, request=request)
        made.entry_id = entries.order_by("pk").values_list("pk", flat=True).first()


def _subjects(check: Check, batch: Sequence[Finding]) -> dict[int, Any]:
    ids = [row.item_id for row in batch]
    if check.item is Item.IDENTIFIER:
        return {one.pk: one for one in Identifier.objects.filter(pk__in=ids)}
    return {one.pk: one for one in Customer.objects.filter(pk__in=ids)}


def _put(actor: Actor, subject: Any, changes: dict[str, Any], at: datetime) -> bool:
    """Whether the record has it now; False where a rule refuses it."""
    try:
        with transaction.atomic():
            if isinstance(subject, Identifier):
                identifiers.change_identifier(actor=actor, identifier_id=subject.pk, value=changes["value"], at=at)
            else:
                people.edit_customer(actor=actor, customer_id=subject.pk, changes=changes, at=at)
    except (PermissionDenied, ObjectDoesNotExist, ValidationError, DomainError, IntegrityError):
        return False
    return True
