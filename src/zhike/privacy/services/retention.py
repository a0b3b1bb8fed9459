"""What goes by itself when its time is over: counted before a rule is switched on, done every night afterwards."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from zhike.audit.services import record
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.personal import list_holdings
from zhike.customers.models import Activity, Customer
from zhike.exchange.models import Import
from zhike.privacy.models import Proposal, Request, RetentionRule
from zhike.privacy.permissions import HANDLE
from zhike.privacy.services import erasing

MONTH = timedelta(days=30.44)
AT_ONCE = 200  # persons a night: each is followed by a search of everything
Subject = RetentionRule.Subject


def count_due(*, actor: Actor, subject: str, months: int, at: datetime) -> int:
    """How many a rule would take away now."""
    require(actor, HANDLE)
    with seeing_everything():
        return int(_due(subject, at - months * MONTH).count())


@transaction.atomic
def put_rule(*, actor: Actor, subject: str, months: int, basis: str, is_active: bool) -> RetentionRule:
    """Set the rule of a subject."""
    require(actor, HANDLE)
    values = {"months": months, "basis": basis, "is_active": is_active}
    rule, _is_new = RetentionRule.objects.update_or_create(subject=subject, defaults=values)
    return rule


def run_rules(*, actor: Actor, at: datetime) -> dict[str, int]:
    """Do what the active rules say; how many went, by subject."""
    require(actor, HANDLE)
    done = {}
    with seeing_everything():
        for rule in RetentionRule.objects.filter(is_active=True).order_by("pk"):
            with transaction.atomic():
                done[rule.subject] = _take(actor, rule.subject, _due(rule.subject, at - rule.months * MONTH), at)
                rule.last_run_at, rule.last_count = at, done[rule.subject]
                rule.save(update_fields=["last_run_at", "last_count"])
                if count := rule.last_count:
                    record(action="privacy.retain", subject=RetentionRule._meta.db_table, ids=[rule.pk], count=count)
    return done


def _due(subject: str, before: datetime) -> Any:
    match subject:
        case Subject.PROSPECTS:
            recent = Activity.objects.filter(customer=OuterRef("pk"), happened_at__gte=before)
            found = Customer.objects.filter(kind=Customer.Kind.PERSON, created_at__lt=before, updated_at__lt=before)
            for holding in list_holdings():
                if holding.is_business:
                    theirs = holding.model._default_manager.filter(**{holding.path: OuterRef("pk")})
                    found = found.filter(~Exists(theirs))
            return found.filter(~Exists(recent))
        case Subject.ACTIVITIES:
            return Activity.objects.filter(happened_at__lt=before, is_pinned=False)
        case Subject.IMPORT_FILES:
            return Import.objects.filter(merged_at__lt=before).exclude(path="")
        case _:
            told = ~Q(wish="") | ~Q(identity="") | ~Q(outcome="")
            return Request.objects.filter(told, closed_at__lt=before)


def _take(actor: Actor, subject: str, due: Any, at: datetime) -> int:
    match subject:
        case Subject.PROSPECTS:
            keys = list(due.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
            for key in keys:
                erasing.erase_person(actor=actor, customer_id=key, at=at)
            return len(keys)
        case Subject.ACTIVITIES:
            return int(due.delete()[0])
        case Subject.IMPORT_FILES:
            return sum(_drop_file(job) for job in due.order_by("pk"))
        case _:
            Proposal.objects.filter(request__in=due).delete()
            return int(due.update(wish="", identity="", outcome="", changes=[]))


def _drop_file(job: Import) -> int:
    """The import itself stays, with its counts."""
    for path in (job.file, job.refused_file):
        if path is not None:
            path.unlink(missing_ok=True)
    job.path = job.refused_path = ""
    job.sample, job.refused_rows = [], []
    job.save(update_fields=["path", "refused_path", "sample", "refused_rows"])
    return 1
