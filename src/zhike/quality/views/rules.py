"""The rules: those that Zhike brings, and the company's own."""

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.quality import catalogue
from zhike.quality.forms import RuleForm
from zhike.quality.models import OwnRule
from zhike.quality.own import OWN
from zhike.quality.permissions import FIX, MANAGE
from zhike.quality.selectors import findings
from zhike.quality.services import ruling
from zhike.quality.views.frame import frame


@needs(FIX)
@require_GET
def quality_rules(request: ActorRequest) -> HttpResponse:
    """Every rule with what it found, the company's own first."""
    counts = {task.check.key: task for task in findings.list_tasks(actor=request.actor)}
    checks = catalogue.list_open(request.actor)
    context = frame(request.actor, "quality_rules")
    idle = OwnRule.objects.filter(is_active=False).order_by("pk") if context["may_run"] else []
    context |= {
        "own": [(check, counts.get(check.key), check.key.removeprefix(OWN)) for check in checks if check.is_own],
        "idle": idle,
        "brought": [(check, counts.get(check.key)) for check in checks if not check.is_own],
        "failed": set(context["run"].metrics.get("failed", ())) if context["run"] else set(),
    }
    return render_page(request, "quality/rules.html", context)


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_quality_rule(request: ActorRequest) -> HttpResponse:
    return _edit(request, None)


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def edit_quality_rule(request: ActorRequest, pk: int) -> HttpResponse:
    rule = OwnRule.objects.filter(pk=pk).first()
    if rule is None:
        raise Http404
    return _edit(request, rule)


def _edit(request: ActorRequest, rule: OwnRule | None) -> HttpResponse:
    form = RuleForm(request.POST or None, rule=rule, typed=request.GET.dict())
    rule_id = rule.pk if rule else None
    if accepted(
        form,
        lambda: ruling.put_rule(actor=request.actor, at=timezone.now(), rule_id=rule_id, **form.chosen()),
    ):
        said = _("Saved. The next check goes by it.")
        return go_to(request, reverse("quality_rules"), message=said)
    context = {"form": form, "rule": rule}
    return render_page(request, "quality/rule.html", context, status=422 if form.is_bound else 200)


@needs(MANAGE)
@require_POST
def remove_quality_rule(request: ActorRequest, pk: int) -> HttpResponse:
    ruling.remove_rule(actor=request.actor, rule_id=pk)
    return go_to(request, reverse("quality_rules"), message=_("The rule is gone, with what it found."))
