"""The work list: rules with what they found, as far as somebody sees the customers, and the findings of one rule."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.urls import reverse

from zhike.commerce import guarded as of_orders
from zhike.commerce.models import Order
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows
from zhike.customers.guarded import NAME, RECORD
from zhike.customers.models import Customer, Identifier
from zhike.customers.selectors.listing import list_url
from zhike.metadata.saying import say_all
from zhike.metadata.selectors import design_of
from zhike.quality import catalogue, fixes
from zhike.quality.checks import Check
from zhike.quality.choices import Item, Severity
from zhike.quality.listing import KEY
from zhike.quality.models import Finding, Run
from zhike.quality.selectors.figures import newest_run, tallies_over_time

VIEW = "customers.view_customer"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A rule that found something. count: findings that the actor sees; trend: those of everybody, run by run."""

    check: Check
    count: int
    customers: int
    url: str
    customers_url: str
    trend: list[int] = field(default_factory=list)

    @property
    def severity(self) -> Severity:
        return self.check.severity


@dataclass(frozen=True, kw_only=True)
class Row:
    """One finding. value: what stands there, as the actor sees it. after: what the fix makes of it; empty: nothing."""

    pk: int
    customer_id: int | None
    name: str
    url: str
    value: str
    after: str
    is_right: bool


def list_tasks(*, actor: Actor) -> list[Task]:
    """What there is to do, what matters most first: by severity, then by how many customers it concerns."""
    checks = catalogue.list_open(actor)
    run = newest_run()
    if run is None:
        return []
    counts = _counts(actor, run)
    shows_trend = actor.reach_of(VIEW).is_all
    trends = tallies_over_time([check.key for check in checks]) if shows_trend else {}
    found = [
        Task(
            check=check,
            count=counts[check.key][0],
            customers=counts[check.key][1],
            url=reverse("list_findings", args=[check.key]),
            customers_url=customers_url(check),
            trend=trends.get(check.key, []),
        )
        for check in checks
        if check.key in counts
    ]
    return sorted(found, key=lambda one: (-one.severity, -one.customers, -one.count))


def _counts(actor: Actor, run: Run) -> dict[str, tuple[int, int]]:
    """Rule to findings and customers that are open still."""
    rows = Finding.objects.visible_to(actor).filter(state=Finding.State.OPEN).values("rule")
    counted = rows.annotate(items=Count("pk"), customers=Count("customer_id", distinct=True))
    found = {row["rule"]: (row["items"], row["customers"]) for row in counted}
    if actor.reach_of(VIEW).is_all:
        # Of what many have, only the newest are kept one by one.
        for one in run.tallies.filter(items__gt=MOST_STORED):
            found[one.rule] = (one.items, one.customers)
    return found


MOST_STORED = 100_000


def find_check(*, actor: Actor, rule: str) -> Check | None:
    """The rule, if the actor reads what its findings tell of."""
    check = catalogue.checks_by_key().get(rule)
    return check if check is not None and catalogue.is_open_to(check, actor) else None


def count_findings(*, actor: Actor, check: Check) -> tuple[int, int, int]:
    """Open findings, the customers behind them, and findings that are right so."""
    mine = Finding.objects.visible_to(actor).filter(rule=check.key)
    opened = mine.filter(state=Finding.State.OPEN).aggregate(
        items=Count("pk"), customers=Count("customer_id", distinct=True)
    )
    return opened["items"], opened["customers"], mine.filter(state=Finding.State.RIGHT).count()


def list_findings(*, actor: Actor, check: Check, page: Page, state: str = Finding.State.OPEN) -> Rows[Row]:
    """Findings of a rule, those of the newest customers first.

    :raises zhike.core.paging.CursorInvalid: the cursor does not fit
    """
    found = Finding.objects.visible_to(actor).filter(rule=check.key, state=state, customer_id__isnull=False)
    cut = page.of(found, by=("-customer_id", "-pk"))
    return Rows(items=show(actor=actor, check=check, findings=cut.items), next_cursor=cut.next_cursor)


def show(*, actor: Actor, check: Check, findings: Sequence[Finding]) -> list[Row]:
    """The findings with names and values as the actor sees them; without customers that are gone by now."""
    ids = {one.customer_id or 0 for one in findings}
    customers = {one.pk: one for one in Customer.objects.visible_to(actor).filter(pk__in=ids)}
    subjects = _subjects(check, findings, customers)
    cover_name, covers = fields.covering(actor, NAME), not fields.reads(actor, check.reads)
    fix = None if covers else fixes.get(check.fix)
    around = fixes.look_around(fix, check.field, customers.keys()) if fix else None
    rows = []
    for one in findings:
        customer, subject = customers.get(one.customer_id or 0), subjects.get(one.item_id)
        if customer is None or subject is None:
            continue
        value = "" if covers else _value(actor, check, subject)
        if around and check.fix == "place_in_address" and not covers:
            value = around.addresses.get(customer.pk, "")
        after = fix.after(subject, around) if fix and around else ""
        if check.fix == "name_form":
            value = value.replace(" ", "␣").replace("\u3000", "␣")  # or nobody sees what is wrong
        rows.append(
            Row(
                pk=one.pk,
                customer_id=customer.pk,
                name=cover_name(customer.name) if cover_name else customer.name,
                url=_url(check, customer, subject),
                value=value,
                after=after,
                is_right=one.state == Finding.State.RIGHT,
            )
        )
    return rows


def _subjects(check: Check, findings: Sequence[Finding], customers: dict[int, Customer]) -> dict[int, Any]:
    ids = [one.item_id for one in findings]
    match check.item:
        case Item.IDENTIFIER:
            return {one.pk: one for one in Identifier.objects.filter(pk__in=ids, customer__in=customers)}
        case Item.ORDER:
            return {one.pk: one for one in Order.objects.filter(pk__in=ids, customer__in=customers)}
    return dict(customers)


def _url(check: Check, customer: Customer, subject: Any) -> str:
    if check.item is Item.ORDER:
        return reverse("show_order", args=[subject.pk])
    return reverse("show_customer", args=[customer.pk])


def _value(actor: Actor, check: Check, subject: Any) -> str:
    match subject:
        case Identifier():
            return subject.value
        case Order():
            day = subject.placed_at.date().isoformat()
            reads_amount = fields.reads(actor, [of_orders.AMOUNT])
            return f"{day} · {subject.total_amount.normalize():f} {subject.currency}" if reads_amount else day
    if check.field.startswith("custom."):
        known = design_of(RECORD).every.get(check.field.removeprefix("custom."))
        return say_all({known.key: known}, subject.custom, actor)[known.key] if known else ""
    if check.fix in ("place_in_address", "province") or check.key == "city_elsewhere":
        return " ".join(filter(None, (subject.province, subject.city))) or "—"
    value = getattr(subject, check.field, "")
    return "" if value is None else str(value)


def customers_url(check: Check) -> str:
    return list_url(**{KEY: check.key})
