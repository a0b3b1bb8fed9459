"""How good every field is, and how that went."""

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.quality.choices import Dimension
from zhike.quality.meanings import WHOLE_MEANINGS, meaning_of
from zhike.quality.models import Run
from zhike.quality.permissions import VIEW
from zhike.quality.selectors import figures
from zhike.quality.subjects import CUSTOMER, ORDER, Subject
from zhike.quality.views.frame import frame
from zhike.ui import charts
from zhike.ui.charts import PERCENT, Datum, Series
from zhike.ui.parts import Tab

RECORDS = (CUSTOMER, ORDER)


@needs(VIEW)
@require_GET
def quality_figures(request: ActorRequest) -> HttpResponse:
    """Tiles of the whole with their trend, and a table of all fields."""
    context = frame(request.actor, "quality_figures")
    run: Run | None = context["run"]
    record = request.GET.get("record", CUSTOMER)
    record = record if record in RECORDS else CUSTOMER
    if run is not None:
        trend = figures.overview_trend()
        context |= {
            "tiles": [_tile(dimension, run, trend) for dimension in Dimension],
            "rows": figures.list_rows(actor=request.actor, run=run, record=record),
            "heads": [(dimension.label, meaning_of(dimension, record)) for dimension in Dimension],
            "records": [
                Tab(
                    label=figures.record_label(one),
                    url=f"{reverse('quality_figures')}?record={one}",
                    is_current=one == record,
                    count=run.customer_count if one == CUSTOMER else run.order_count,
                )
                for one in RECORDS
            ],
        }
    return render_page(request, "quality/figures.html", context)


@needs(VIEW)
@require_GET
def show_field_quality(request: ActorRequest, record: str, field: str) -> HttpResponse:
    """One field: its trend, and where its gaps come from."""
    actor = request.actor
    run, subject = figures.newest_run(), figures.find_subject(actor=actor, record=record, field=field)
    if run is None or subject is None:
        raise Http404
    rows = [one for one in figures.list_rows(actor=actor, run=run, record=record) if one.subject.field == field]
    if not rows:
        raise Http404
    context = {
        "run": run,
        "subject": subject,
        "row": rows[0],
        "figures": [
            (dimension, meaning_of(dimension, record), cell)
            for dimension, cell in zip(Dimension, rows[0].cells, strict=True)
        ],
        "heads": [(dimension.label, meaning_of(dimension, record)) for dimension in Dimension],
        "trend": _trend(subject),
        "splits": [
            (label, none, figures.list_sources(actor=actor, run=run, subject=subject, by=by))
            for by, label, none in (
                ("channel", _("By channel"), pgettext("channel", "none")),
                ("origin", _("By source system"), _("entered here")),
            )
        ],
        "back": f"{reverse('quality_figures')}?record={record}",
    }
    return render_page(request, "quality/field.html", context)


def _tile(dimension: Dimension, run: Run, trend: list[Run]) -> dict[str, Any]:
    shares = [figures.share_of(one, dimension) for one in trend]
    return {
        "label": dimension.label,
        "meaning": WHOLE_MEANINGS[dimension],
        "share": figures.share_of(run, dimension),
        "before": shares[-2] if len(shares) > 1 else None,
        "points": shares,
    }


def _trend(subject: Subject) -> charts.Figure | None:
    """None before there are two days to compare."""
    days = figures.trend_of(subject=subject)
    if len(days) < 2:
        return None
    series = [
        Series(name=str(dimension.label), data=[Datum(value=rates[place]) for _day, rates in days])
        for place, dimension in enumerate(Dimension)
        if any(rates[place] is not None for _day, rates in days)
    ]
    return charts.line(
        title=_("Trend"),
        subtitle=_("Share of values that are good, by day of the check"),
        columns=[day.isoformat() for day, _rates in days],
        column_title=_("As of"),
        unit=PERCENT,
        series=series,
    )
