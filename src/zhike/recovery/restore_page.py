"""The page that shows what a restoring from history would do, for the records of any app."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhike.core.errors import DomainError
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.recovery import restoring
from zhike.recovery.kinds import Kind
from zhike.recovery.restoring import Mode, Plan, chosen_by_default
from zhike.recovery.sets import count_others


@dataclass(frozen=True, kw_only=True)
class Place:
    """The record, and the page of its history."""

    id: int
    name: str
    url: str


def show_restore(request: ActorRequest, *, kind: Kind, record: Place, entry_id: int) -> HttpResponse:
    """GET: the plan; POST: what was chosen of it. The caller has asked whether the actor may edit the record."""
    asked = request.POST if request.method == "POST" else request.GET
    mode: Mode = "here" if asked.get("mode") == "here" else "change"
    refusal = ""
    if request.method == "POST":
        try:
            count = restoring.restore_record(
                actor=request.actor,
                kind=kind,
                record_id=record.id,
                entry_id=entry_id,
                mode=mode,
                chosen=request.POST.getlist("step"),
                seen=request.POST.get("seen", ""),
                reason=request.POST.get("reason", ""),
                at=timezone.now(),
            )
        except ValidationError as error:
            refusal = " ".join(error.messages)
        except DomainError as error:
            refusal = str(error)
        else:
            said = ngettext("%(count)s value put back", "%(count)s values put back", count) % {"count": count}
            records: Any = kind.model._default_manager.all()
            is_there = records.visible_to(request.actor).filter(pk=record.id).exists()
            return go_to(request, record.url if is_there else "bin", message=said)
    try:
        plan = restoring.plan_record(actor=request.actor, kind=kind, record_id=record.id, entry_id=entry_id, mode=mode)
    except DomainError as error:
        refusal, plan = str(error), Plan(record_id=record.id, steps=[], backs=[])
    chosen = request.POST.getlist("step") if request.method == "POST" else chosen_by_default(plan.steps)
    context = {
        "record": record,
        "plan": plan,
        "mode": mode,
        "modes": [("change", _("Take this change back")), ("here", _("Go back to right after it"))],
        "chosen": chosen,
        "conflicts": sum(step.is_conflict for step in plan.steps) if mode == "change" else 0,
        "reason": request.POST.get("reason", ""),
        "refusal": refusal,
        "set_count": count_others(entry_id=entry_id) if plan.steps else 0,
        "entry_id": entry_id,
    }
    return render_page(request, "recovery/restore.html", context, status=409 if refusal else 200)
