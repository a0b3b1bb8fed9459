"""Today, Insight, and why a customer stands where they stand."""

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhike.commerce.guarded import AMOUNT
from zhike.core import fields
from zhike.core.gate import needs
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import go_to, render_page
from zhike.customers.guarded import read_computed
from zhike.customers.models import Grade
from zhike.insight import charts, services
from zhike.insight.selectors import figures, reasons, refreshes
from zhike.insight.selectors import today as todays
from zhike.scores import selectors as scores
from zhike.scores.models import ScoringRun

VIEW_CUSTOMERS = "customers.view_customer"


@require_GET
def today(request: ActorRequest) -> HttpResponse:
    """The first page of everybody who works with customers; others are told that there is nothing for them yet."""
    actor = request.actor
    if not actor.may(VIEW_CUSTOMERS):
        return render_page(request, "insight/today.html", {"is_stranger": True})
    run = scores.get_latest_run()
    context: dict[str, object] = {"has_customers": todays.has_customers(actor=actor)}
    if run is not None and context["has_customers"]:
        shown = todays.get_today(actor=actor, run=run)
        by_stage, by_grade = charts.by_stage(shown.stages), charts.by_grade(shown.grades)
        slipped = shown.slipped_count
        context |= {
            "today": shown,
            "by_stage": by_stage,
            "by_grade": by_grade,
            "slipped_shown": f"{slipped.value:,}+" if slipped.is_capped else slipped.value,
        }
    return render_page(request, "insight/today.html", context)


@needs("insight.view_insight")
@require_GET
def insight(request: ActorRequest) -> HttpResponse:
    run = scores.get_latest_run()
    context: dict[str, object] = {"run": run, "may_refresh": request.actor.may("insight.refresh"), **_progress()}
    if run is not None:
        found = figures.get_figures(actor=request.actor, run=run)
        context |= {
            "has_buyers": found.buyers > 0,
            "charts": charts.of_run(found, run, actor=request.actor),
            "is_scoped": not figures.sees_everything(request.actor),
            "rules": _rules(run, left_out=figures.count_left_out(actor=request.actor, run=run)),
            "shown": read_computed(request.actor),
            "shows_amounts": fields.reads(request.actor, [AMOUNT]),
        }
    response = render_page(request, "insight/insight.html", context, partial="progress")
    if wants_fragment(request) and not context["is_busy"]:
        response.headers["HX-Refresh"] = "true"  # the page asked how far it is, and it is done
    return response


@needs("insight.refresh")
@require_POST
def refresh(request: ActorRequest) -> HttpResponse:
    services.request_refresh(actor=request.actor)
    return go_to(request, "insight", message=_("The figures are being computed anew; this page follows."))


@needs(VIEW_CUSTOMERS)
@require_GET
def why(request: ActorRequest, pk: int) -> HttpResponse:
    """The panel of the customer page: the reasons behind grade, stage and scores."""
    found = reasons.get_why(actor=request.actor, customer_id=pk)
    if found is None and not reasons.is_visible(actor=request.actor, customer_id=pk):
        raise Http404
    return render_page(request, "insight/why.html", {"why": found})


def _progress() -> dict[str, object]:
    running = refreshes.get_running()
    return {
        "running": running,
        "is_busy": running is not None or refreshes.is_waiting(),
        "steps_done": refreshes.steps_done(running) if running else 0,
        "step_count": len(refreshes.ORDER) - 1,
        "has_failed": refreshes.last_failed(),
    }


def _rules(run: ScoringRun, *, left_out: dict[str, int]) -> dict[str, object]:
    """This run's cut-offs, in the order of a table: a row for each score and each layer."""
    cutoffs, metrics = run.metrics["cutoffs"], run.metrics
    shares, thresholds = run.parameters["pyramid"], metrics["thresholds"]
    return {
        "scores": [
            {
                "score": score,
                "days": cutoffs[f"recency_days_{score}"],
                "orders": cutoffs[f"order_count_{score}"],
                "amount": cutoffs[f"amount_{score}"],
            }
            for score in (5, 4, 3, 2)
        ],
        "layers": [
            {"grade": grade, "share": shares[grade], "amount": thresholds.get(f"{grade}_amount")}
            for grade in Grade.values
        ],
        "rhythm_days": round(metrics["rhythm_days"]),
        "life_cycle": {name: f"{rule:g}" for name, rule in run.parameters["life_cycle"].items()},
        "left_out": left_out,
        "left_out_count": sum(left_out.values()),
        "anonymous": metrics["anonymous"],
    }
