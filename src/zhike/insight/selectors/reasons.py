"""Why a customer has these scores: the figure, the cut-off it met, and what would have been better."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, ngettext, npgettext
from django.utils.translation import gettext as _

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.customers.guarded import AMOUNT, GRADE, LAST_ORDER, STAGE, conceal_facts, key
from zhike.customers.models import Customer, CustomerFacts, Grade
from zhike.duplicates.selectors.merges import changed_since
from zhike.insight.selectors import refreshes
from zhike.scores import selectors as scores
from zhike.scores.models import ScoringRun
from zhike.ui import formatting

HISTORY = 12
SHARES = {5: 20, 4: 40, 3: 60, 2: 80}


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One score and the sentence that explains it; empty where the figures behind it are closed to the reader.

    kind: r, f, m, grade or stage.
    """

    kind: str
    score: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """How a customer stood from one run on. change: layers won or lost."""

    as_of: Any
    grade: str
    stage: str
    change: int


@dataclass(frozen=True, kw_only=True)
class Why:
    """run: the latest; reasons: those of the fields that the reader reads; is_buyer: whether there are any at all.
    is_waiting: merged or separated since, so that what was worked out before holds no longer."""

    run: ScoringRun
    facts: CustomerFacts
    reasons: list[Reason]
    history: list[Step]
    is_buyer: bool
    is_waiting: bool


# In the sequence of the reasons: the field that each is about, and those that its sentence tells of.
_TELLS = (
    (key("r"), (LAST_ORDER,)),
    (key("f"), (key("order_count"),)),
    (key("m"), (AMOUNT,)),
    (GRADE, (AMOUNT,)),
    (STAGE, (LAST_ORDER,)),
)


def get_why(*, actor: Actor, customer_id: int, reader: Actor | None = None) -> Why | None:
    """The reasons of the latest run; None where the customer is not seen or not scored yet.

    reader: whose fields are shown, where another sees to it that the customer may be seen.
    """
    reader = reader or actor
    run = scores.get_latest_run()
    visible = Customer.objects.visible_to(actor).filter(pk=customer_id)
    facts = CustomerFacts.objects.filter(customer__in=visible).first()
    if run is None or facts is None:
        return None
    began = refreshes.succeeded_from()
    read = {field for field, _said in _TELLS if fields.reads(reader, [field])}
    history = [
        Step(
            as_of=score.run.as_of,
            grade=score.grade if GRADE in read else "",
            stage=score.stage if STAGE in read else "",
            change=score.grade_change if GRADE in read else 0,
        )
        for score in scores.list_history(actor=actor, customer_id=customer_id, size=HISTORY)
    ]
    reasons = [] if facts.r is None else _reasons(facts, run)
    shown = [
        reason if fields.reads(reader, figures) else replace(reason, text="")
        for (field, figures), reason in zip(_TELLS, reasons, strict=bool(reasons))
        if field in read
    ]
    return Why(
        run=run,
        facts=conceal_facts(reader, facts),
        reasons=shown,
        history=history if {GRADE, STAGE} & read else [],
        is_buyer=bool(reasons),
        is_waiting=began is not None and changed_since(began, customer_id=customer_id),
    )


def is_visible(*, actor: Actor, customer_id: int) -> bool:
    return Customer.objects.visible_to(actor).filter(pk=customer_id).exists()


def _reasons(facts: CustomerFacts, run: ScoringRun) -> list[Reason]:
    days = (run.as_of - (facts.last_order_on or run.as_of)) // timedelta(days=1)
    cutoffs = run.metrics["cutoffs"]
    ago = ngettext("Last order %(count)s day ago", "Last order %(count)s days ago", days) % {"count": days}
    orders = npgettext("reason", "%(count)s order", "%(count)s orders", facts.order_count) % {
        "count": facts.order_count
    }
    spent = _("%(amount)s bought") % {"amount": _money(facts.amount, run)}
    return [
        _scored("r", facts.r, ago, lambda score: _days(cutoffs[f"recency_days_{score}"]), most=True),
        _scored("f", facts.f, orders, lambda score: _orders(cutoffs[f"order_count_{score}"]), most=False),
        _scored("m", facts.m, spent, lambda score: _money(Decimal(cutoffs[f"amount_{score}"]), run), most=False),
        Reason(kind="grade", score=facts.grade, text=_grade(facts, run)),
        Reason(kind="stage", score=facts.stage, text=_stage(facts, run, days)),
    ]


def _scored(kind: str, score: int | None, figure: str, bound: Any, *, most: bool) -> Reason:
    """“12 days ago: among the most recent 20 % (at most 15 days)”."""
    number = score or 1
    if number == 1:
        names = {"figure": figure, "bound": bound(2)}
        text = (
            _("%(figure)s: among the last fifth (a 2 takes at most %(bound)s)")
            if most
            else _("%(figure)s: among the last fifth (a 2 takes at least %(bound)s)")
        ) % names
    else:
        values = {"figure": figure, "share": SHARES[number], "bound": bound(number)}
        text = (
            _("%(figure)s: among the best %(share)s%% (at most %(bound)s)")
            if most
            else _("%(figure)s: among the best %(share)s%% (at least %(bound)s)")
        ) % values
    return Reason(kind=kind, score=str(number), text=text)


def _grade(facts: CustomerFacts, run: ScoringRun) -> str:
    shares, thresholds = run.parameters["pyramid"], run.metrics["thresholds"]
    spent = _money(facts.amount, run)
    if facts.grade == Grade.SMALL:
        if facts.amount <= 0:
            return _("%(amount)s left after refunds: the lowest layer") % {"amount": spent}
        bound = thresholds["normal_amount"]
        return _("%(amount)s bought: the last %(share)s%%, below %(bound)s") % {
            "amount": spent,
            "share": shares["small"],
            "bound": _money(Decimal(bound), run),
        }
    through = sum(Decimal(shares[grade]) for grade in Grade.values[: Grade.values.index(facts.grade) + 1])
    return _("%(amount)s bought: among the best %(share)s%%, from %(bound)s on") % {
        "amount": spent,
        "share": formatting.number(through, language=_language()),
        "bound": _money(Decimal(thresholds[f"{facts.grade}_amount"]), run),
    }


def _stage(facts: CustomerFacts, run: ScoringRun, days: int) -> str:
    rules = run.parameters["life_cycle"]
    interval = facts.interval_days or 0.0
    values = {
        "days": days,
        "interval": round(interval),
        "times": formatting.number(Decimal(str(round(days / interval if interval else 0, 1))), language=_language()),
        "decline": f"{rules['decline_after']:g}",
        "lost": f"{rules['lost_after']:g}",
    }
    if facts.stage == "lost":
        said = _("%(days)s days without an order, %(times)s × the expected %(interval)s days: more than %(lost)s ×")
    elif facts.stage == "decline":
        said = _("%(days)s days without an order, %(times)s × the expected %(interval)s days: more than %(decline)s ×")
    else:
        said = _("%(days)s days since the last order, within %(decline)s × the expected %(interval)s days")
    return said % values


def _days(value: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", value) % {"count": value}


def _orders(value: int) -> str:
    return npgettext("reason", "%(count)s order", "%(count)s orders", value) % {"count": value}


def _money(amount: Decimal, run: ScoringRun) -> str:
    return formatting.money(amount, currency=run.metrics["currency"], language=_language())


def _language() -> str:
    return get_language() or "zh-hans"
